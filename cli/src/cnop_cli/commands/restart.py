"""`cnop restart`: replaces the processes of a component one after the other, so that the others keep serving."""

import argparse
import time
from typing import Final

from cnop_cli.commands.options import add_state, note
from cnop_cli.errors import CommandError
from cnop_cli.stack import processes, record, replacing

SETTLE_SECONDS: Final = 2.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("component", help="a component as `./cnop status` names it; a service with all of its replicas")
    add_state(parser)


def run(args: argparse.Namespace) -> int:
    """Replace each process of the component, and wait until the new one is healthy before touching the next."""
    known = record.load(args.state.record)
    if known is None or not processes.is_running(known.supervisor):
        raise CommandError(f"no platform is running in {args.state.root}; start it with `./cnop up`")
    for number, name in enumerate(replacing.processes_of(known, args.component)):
        if number:
            # The gateway looks at its replicas every half second; the next one goes when it has seen the last one back.
            time.sleep(SETTLE_SECONDS)
        seconds = replacing.replace_process(args.state, name)
        note(f"{name} was replaced and is healthy after {seconds:.1f} s")
    return 0
