"""`cnop lock`: resolves the workspace's dependencies again, or tells whether the lock files are current."""

import argparse
import sys
from pathlib import Path

from cnop_cli import locks
from cnop_cli.errors import CommandError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--check", action="store_true", help="only tell whether the lock files are current")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions instead of keeping pins")


def run(args: argparse.Namespace) -> int:
    """Write the lock files, or with `--check` fails when one is not current."""
    if args.check:
        return check()
    for lock in locks.wanted_locks():
        locks.write(lock, uv=Path(sys.executable).parent / "uv", upgrade=args.upgrade)
        print(f"{lock.path}: {len(lock.inputs)} requirements resolved")
    return 0


def check() -> int:
    """Tells which lock files are not current; reads files only.

    Raises:
        CommandError: some are not.
    """
    stale = [lock.path for lock in locks.wanted_locks() if not locks.is_current(lock)]
    if stale:
        raise CommandError(f"not current: {', '.join(stale)}; run `./cnop lock` and commit what it writes")
    print("lock files are current")
    return 0
