"""`cnop ledger`: checks the books of a stack."""

import argparse
import asyncio
import sys

from cnop_cli.commands.options import add_state
from cnop_cli.errors import CommandError
from cnop_cli.open_orders import StoredOpenOrders
from cnop_cli.stack import record
from cnop_cli.stack.secretstore import SecretStore
from cnop_cli.stack.state import StateDir
from cnop_ledger import ChainKeys, Report, verify
from cnop_platform.store.open import open_store, sqlite_url
from cnop_platform.system import SystemClock

_BAR = 30


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("verify", help="check every invariant of every wallet; the platform may run meanwhile")
    add_state(check)
    check.add_argument("--store", metavar="URL", help="another store than the stack's own")


def run(args: argparse.Namespace) -> int:
    """Verify the ledger; fail when anything is not as the ledger would have left it."""
    keys = ChainKeys.from_text(SecretStore(args.state.secrets).value("cnop_ledger_key"))
    report = asyncio.run(check_all(args.store or store_of(args.state), keys))
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
    report = Report()
    try:
        async for report in verify(store, keys, clock=SystemClock(), open_orders=StoredOpenOrders(store)):
            progress(report)
    finally:
        await store.close()
    return report


def progress(report: Report) -> None:
    """Show how far a check is; nothing when nobody looks."""
    if not sys.stderr.isatty():
        return
    done = report.wallets / report.found if report.found else 1
    bar = "#" * int(done * _BAR)
    ends = "\n" if report.wallets >= report.found else ""
    sys.stderr.write(f"\r[{bar:{_BAR}}] {report.wallets}/{report.found} wallets, {report.entries} entries{ends}")
    sys.stderr.flush()
