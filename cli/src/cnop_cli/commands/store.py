"""`cnop store`: creates a store, looks at it, brings it to this program's schema."""

import argparse
import asyncio
import os

from cnop_cli.commands.ledger import store_of
from cnop_cli.commands.options import add_state
from cnop_cli.errors import CommandError
from cnop_core.errors import CnopError
from cnop_platform.store.admin import describe, migrate


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    helps = {
        "status": "show what the store is and what `migrate` would do",
        "migrate": "create what is missing; safe to run at any time, also twice at once",
    }
    for name, text in helps.items():
        action = actions.add_parser(name, help=text)
        add_state(action)
        action.add_argument("--store", metavar="URL", help="another store than the stack's own (or CNOP_STORE)")


def run(args: argparse.Namespace) -> int:
    """Run one action.

    Raises:
        CommandError: the address means no store, or the store does not answer.
    """
    url = args.store or os.environ.get("CNOP_STORE") or store_of(args.state)
    try:
        if args.action == "migrate":
            print("\n".join(asyncio.run(migrate(url))) or "nothing to do")
        else:
            show(url)
    except CnopError as error:
        raise CommandError(str(error)) from error
    return 0


def show(url: str) -> None:
    """Print what the store is and what it lacks."""
    seen = asyncio.run(describe(url))
    print(f"{seen.kind} {seen.place}: {seen.status}, {_count(seen.items, 'items')}, {_count(seen.size_bytes, 'bytes')}")
    for step in seen.pending:
        print(f"migrate would {step}")


def _count(number: int | None, of: str) -> str:
    return f"unknown {of}" if number is None else f"{number} {of}"
