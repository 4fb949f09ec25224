"""`cnop store`: creates a store, looks at it, brings it to this program's schema, copies it and puts a copy back."""

import argparse
import asyncio
import os
from pathlib import Path
from typing import Final

from cnop_cli.commands.ledger import store_of
from cnop_cli.commands.options import add_state
from cnop_cli.errors import CommandError
from cnop_cli.stack import processes, record
from cnop_cli.stack.state import StateDir
from cnop_core.errors import CnopError
from cnop_platform.store.admin import describe, migrate
from cnop_platform.store.backup import backup, restore
from cnop_platform.store.open import DynamoPlace, locate, sqlite_url

_HELPS: Final = {
    "create": "make a store where there is none",
    "describe": "show what the store is and what `migrate` would do",
    "migrate": "create what is missing; safe to run at any time, also twice at once",
    "backup": "copy a SQLite store into one file, also while the platform runs",
    "restore": "put a SQLite store back to such a copy; the platform must not run, and the old store is kept",
}
_DYNAMODB: Final = "a table is backed up by AWS: see `aws dynamodb update-continuous-backups` and `create-backup`"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, text in _HELPS.items():
        action = actions.add_parser(name, help=text)
        if name in {"backup", "restore"}:
            action.add_argument("file", type=Path, metavar="FILE", help="the copy")
        add_state(action)
        action.add_argument("--store", metavar="URL", help="another store than the stack's own (or CNOP_STORE)")


def run(args: argparse.Namespace) -> int:
    """Run one action.

    Raises:
        CommandError: the address means no store, the store does not answer, or the action does not fit it.
    """
    try:
        act(args)
    except CnopError as error:
        raise CommandError(str(error)) from error
    return 0


def act(args: argparse.Namespace) -> None:
    """Do what was asked for."""
    given = args.store or os.environ.get("CNOP_STORE")
    if args.action == "create":
        create(given or sqlite_url(args.state.database))
    elif args.action == "restore":
        put_back(args.file, given or sqlite_url(args.state.database), state=args.state)
    elif args.action == "backup":
        backup(file_of(given or store_of(args.state)), args.file)
        show(sqlite_url(args.file))
    elif args.action == "migrate":
        print("\n".join(asyncio.run(migrate(given or store_of(args.state)))) or "nothing to do")
    else:
        show(given or store_of(args.state))


def create(url: str) -> None:
    """Create a store.

    Raises:
        CommandError: there is one already.
    """
    if asyncio.run(describe(url)).status != "missing":
        raise CommandError("there is a store already; `./cnop store migrate` brings it to this version")
    print("\n".join(asyncio.run(migrate(url))))


def put_back(copy: Path, url: str, *, state: StateDir) -> None:
    """Replace the store by a copy of it, and say where the one that was there is.

    Raises:
        CommandError: the platform runs.
    """
    known = record.load(state.record)
    if known is not None and processes.is_running(known.supervisor):
        raise CommandError(f"the platform in {state.root} is running; stop it with `./cnop down` first")
    kept = restore(copy, file_of(url))
    show(url)
    if kept is not None:
        print(
            f"the store that was there is kept as {kept}; delete it once it is not needed, people may have left since"
        )
    print(f"whoever left since that copy is erased again at the next start ({state.erasures} lists them)")


def file_of(url: str) -> Path:
    """Give the file of a SQLite store.

    Raises:
        CommandError: it is another store.
    """
    place = locate(url)
    if isinstance(place, DynamoPlace):
        raise CommandError(_DYNAMODB)
    return place


def show(url: str) -> None:
    """Print what the store is and what it lacks."""
    seen = asyncio.run(describe(url))
    print(f"{seen.kind} {seen.place}: {seen.status}, {_count(seen.items, 'items')}, {_count(seen.size_bytes, 'bytes')}")
    for step in seen.pending:
        print(f"migrate would {step}")


def _count(number: int | None, of: str) -> str:
    return f"unknown {of}" if number is None else f"{number} {of}"
