"""`cnop logs`: shows what the processes of a stack wrote."""

import argparse
import time
from collections import deque
from pathlib import Path

from cnop_cli.commands.options import add_state
from cnop_cli.errors import CommandError

_POLL_SECONDS = 0.2


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_state(parser)
    parser.add_argument("component", nargs="?", help="only this one (default: all)")
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what is written from now on")
    parser.add_argument(
        "-n", "--lines", type=int, default=20, metavar="N", help="how many of the last lines (default: 20)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the last lines of each log, and with `-f` the new ones until interrupted."""
    logs = find(args.state.logs, args.component)
    width = max(len(log.stem) for log in logs)
    for log in logs:
        for line in tail(log, args.lines):
            show(log, line, width if args.component is None else 0)
    if args.follow:
        follow(logs, width if args.component is None else 0)
    return 0


def find(folder: Path, component: str | None) -> list[Path]:
    """Give the logs to show.

    Raises:
        CommandError: there are none, or none of this name.
    """
    logs = sorted(folder.glob("*.log"))
    if not logs:
        raise CommandError(f"there are no logs in {folder}; start the platform with `./cnop up`")
    if component is None:
        return logs
    chosen = [log for log in logs if log.stem == component]
    if not chosen:
        raise CommandError(f"there is no log of `{component}`; there is: {', '.join(log.stem for log in logs)}")
    return chosen


def tail(log: Path, count: int) -> list[str]:
    """Give the last lines of a log."""
    with log.open(encoding="utf-8", errors="replace") as file:
        return list(deque(file, maxlen=max(count, 0)))


def show(log: Path, line: str, width: int) -> None:
    """Print a line, behind its component's name when several are shown."""
    prefix = f"{log.stem:{width}} | " if width else ""
    print(f"{prefix}{line.rstrip()}", flush=True)


def follow(logs: list[Path], width: int) -> None:
    """Print what is added to the logs; one that was emptied by rotation is read from its new beginning."""
    seen = {log: log.stat().st_size for log in logs}
    rest = dict.fromkeys(logs, "")
    while True:
        for log in logs:
            size = log.stat().st_size
            if size < seen[log]:
                seen[log], rest[log] = 0, ""
            if size > seen[log]:
                with log.open("rb") as file:
                    file.seek(seen[log])
                    added = file.read(size - seen[log])
                seen[log] = size
                *lines, rest[log] = (rest[log] + added.decode(errors="replace")).split("\n")
                for line in lines:
                    show(log, line, width)
        time.sleep(_POLL_SECONDS)
