"""`cnop status`: shows each process of a stack."""

import argparse
import json

from cnop_cli.commands.options import add_state
from cnop_cli.stack import observe, processes, record
from cnop_cli.stack.record import Phase, State


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_state(parser)
    parser.add_argument("--json", action="store_true", help="print JSON for programs")


def run(args: argparse.Namespace) -> int:
    """Print the state of each component; succeed only when all are healthy."""
    known = record.load(args.state.record)
    sights = observe.look(known) if known else []
    if args.json:
        print(json.dumps({"components": [sight.as_json() for sight in sights]}, indent=2))
    elif known is None or known.phase is Phase.STOPPED:
        print(f"no platform is running in {args.state.root}; start one with `./cnop up`")
    else:
        print(observe.table(sights))
        if not processes.is_running(known.supervisor):
            print("\nIts supervisor is gone: `./cnop down` clears up, `./cnop up` starts again.")
    return 0 if sights and all(sight.state == State.HEALTHY for sight in sights) else 1
