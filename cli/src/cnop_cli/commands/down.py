"""`cnop down`: stops a stack."""

import argparse

from cnop_cli.commands.options import add_state, note
from cnop_cli.stack import stopping


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_state(parser)


def run(args: argparse.Namespace) -> int:
    """Stop everything; succeeds as well when nothing was running."""
    if stopping.stop(args.state, report=note):
        print("stopped; the data stays in", args.state.root)
    else:
        print("nothing is running in", args.state.root)
    return 0
