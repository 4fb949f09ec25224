"""`cnop bench`: runs one of the measurements in `benchmarks/`."""

import argparse
import sys

from cnop_cli.errors import CommandError
from cnop_cli.stages import run_tool
from cnop_cli.workspace import ROOT

FOLDER = ROOT / "benchmarks"
_PARTS = frozenset({"inside", "load", "references"})


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.usage = "./cnop bench NAME [-- OPTION ...]"
    parser.add_argument("name", nargs="?", help=f"one of: {', '.join(names())} (default: list them)")


def names() -> list[str]:
    """Give the names of the measurements there are."""
    return sorted(file.stem for file in FOLDER.glob("[a-z]*.py") if file.stem not in _PARTS)


def run(args: argparse.Namespace) -> int:
    """Run a measurement, or list them."""
    if args.name is None:
        print("\n".join(names()))
        return 0
    module = args.name.replace("-", "_")
    if module not in names():
        raise CommandError(f"there is no measurement `{args.name}`; there is: {', '.join(names())}")
    run_tool([sys.executable, "-m", f"benchmarks.{module}", *args.further])
    return 0
