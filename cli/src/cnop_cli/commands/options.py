"""Options that several commands share."""

import argparse
import sys

from cnop_cli.errors import CommandError
from cnop_cli.stack import processes, record
from cnop_cli.stack.record import Phase, StackRecord
from cnop_cli.stack.state import DEFAULT, StateDir


def add_state(parser: argparse.ArgumentParser) -> None:
    """Declare `--state DIR`, which says which stack a command is about."""
    parser.add_argument(
        "--state", type=StateDir.at, default=StateDir(DEFAULT), metavar="DIR", help="the stack's folder (default: var/)"
    )


def running(state: StateDir) -> StackRecord:
    """Give the record of a stack that is up.

    Raises:
        CommandError: it is not.
    """
    known = record.load(state.record)
    if known is None or not processes.is_running(known.supervisor) or known.phase is not Phase.UP:
        raise CommandError(f"no platform is running in {state.root}; start one with `./cnop up`")
    return known


def note(text: str) -> None:
    """Print a line of progress, apart from a command's output."""
    print(f"cnop: {text}", file=sys.stderr, flush=True)
