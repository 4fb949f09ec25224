"""`cnop ledger`: checks the books of a stack, prints a person's page of them, signs orders of earlier versions."""

import argparse
import asyncio
import csv
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime
from typing import Final

from cnop_cli.commands.options import add_state
from cnop_cli.errors import CommandError
from cnop_cli.open_orders import StoredOpenOrders
from cnop_cli.stack import record
from cnop_cli.stack.secretstore import SecretStore
from cnop_cli.stack.state import StateDir
from cnop_core.clock import from_rfc3339
from cnop_core.errors import CnopError
from cnop_core.ids import UserId
from cnop_ledger import STATEMENT_COLUMNS, ChainKeys, LedgerReader, Report, StatementRow, statement, verify
from cnop_orders.application.codec import OrderCodec, sign_orders
from cnop_platform.directory import Directory
from cnop_platform.store import Store
from cnop_platform.store.open import open_store, sqlite_url
from cnop_platform.system import SystemClock

_BAR: Final = 30


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("verify", help="check every invariant of every wallet; the platform may run meanwhile")
    page = actions.add_parser("statement", help="print every entry of one person's wallet, verified, oldest first")
    page.add_argument("user", metavar="USER", help="a user name or a user id")
    page.add_argument("--format", choices=("csv", "json"), default="csv", help="json is one object a line")
    page.add_argument("--since", type=_instant, metavar="TIME", help="RFC 3339; only entries made from then on")
    page.add_argument("--until", type=_instant, metavar="TIME", help="RFC 3339; only entries made before")
    sign = actions.add_parser("sign-orders", help="sign orders that an earlier version wrote; once, then `verify`")
    for action in (check, page, sign):
        add_state(action)
        action.add_argument("--store", metavar="URL", help="another store than the stack's own")


def _instant(text: str) -> datetime:
    try:
        return from_rfc3339(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no time such as 2026-01-31T12:00:00Z") from None


def run(args: argparse.Namespace) -> int:
    """Run one action.

    Raises:
        CommandError: there is no such store or user, the store does not answer, or a page of the books is forged.
    """
    keys = ChainKeys.from_text(SecretStore(args.state.secrets).value("cnop_ledger_key"))
    url = args.store or store_of(args.state)
    try:
        if args.action == "verify":
            return show_findings(asyncio.run(check_all(url, keys)))
        if args.action == "sign-orders":
            print(f"{asyncio.run(sign_all(url, keys))} orders signed; now run `./cnop ledger verify`")
            return 0
        asyncio.run(print_statement(url, keys, args))
    except CnopError as error:
        raise CommandError(str(error)) from error
    return 0


def show_findings(report: Report) -> int:
    """Say what a check came to; fail when anything is not as the ledger would have left it."""
    for finding in report.findings:
        where = "wallet" if finding.seq is None else f"entry {finding.seq}"
        print(f"{finding.user_id} {where}: {finding.invariant}: {finding.detail}")
    print(f"{report.wallets} wallets and {report.entries} entries checked, {len(report.findings)} broken")
    return 0 if report.is_sound else 1


def store_of(state: StateDir) -> str:
    """Give the address of a stack's store, whether it runs or not.

    Raises:
        CommandError: there is none yet.
    """
    known = record.load(state.record)
    if known is not None:
        return str(known.settings["store"])
    if not state.database.is_file():
        raise CommandError(f"there is no store in {state.root}; start the platform once")
    return sqlite_url(state.database)


async def check_all(url: str, keys: ChainKeys) -> Report:
    """Check all wallets of a store, with progress shown on a terminal."""
    store = await open_store(url)
    orders, report = StoredOpenOrders(store, OrderCodec(keys)), Report()
    try:
        async for report in verify(store, keys, clock=SystemClock(), open_orders=orders):
            progress(report)
    finally:
        await store.close()
    return report


async def sign_all(url: str, keys: ChainKeys) -> int:
    """Sign the orders of a store that are not; return how many there were."""
    store = await open_store(url)
    try:
        return await sign_orders(store, OrderCodec(keys))
    finally:
        await store.close()


async def print_statement(url: str, keys: ChainKeys, args: argparse.Namespace) -> None:
    """Write a person's statement to standard output as it is read.

    Raises:
        CommandError: nobody has this name or id.
    """
    store = await open_store(url)
    try:
        user_id = await _find(store, args.user)
        rows = statement(LedgerReader(store, keys), user_id, since=args.since, until=args.until)
        await (_print_csv(rows) if args.format == "csv" else _print_json(rows))
    finally:
        await store.close()


async def _find(store: Store, user: str) -> UserId:
    found = await Directory(store).find(user)
    if found is None and (await store.query(f"WALLET#{user}", limit=1)).items:
        found = UserId(user)
    if found is None:
        raise CommandError(f"nobody is called {user}, and there is no wallet of a user with that id")
    return found


async def _print_csv(rows: AsyncIterator[StatementRow]) -> None:
    writer = csv.DictWriter(sys.stdout, STATEMENT_COLUMNS, lineterminator="\n")
    writer.writeheader()
    async for row in rows:
        writer.writerow(asdict(row))


async def _print_json(rows: AsyncIterator[StatementRow]) -> None:
    async for row in rows:
        print(json.dumps(asdict(row)))


def progress(report: Report) -> None:
    """Show how far a check is; nothing when nobody looks."""
    if not sys.stderr.isatty():
        return
    done = report.wallets / report.found if report.found else 1
    bar = "#" * int(done * _BAR)
    ends = "\n" if report.wallets >= report.found else ""
    sys.stderr.write(f"\r[{bar:{_BAR}}] {report.wallets}/{report.found} wallets, {report.entries} entries{ends}")
    sys.stderr.flush()
