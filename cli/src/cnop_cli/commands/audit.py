"""`cnop audit`: verifies the audit trail of a stack, shows it, hands it out."""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final

from cnop_cli.commands.ledger import store_of
from cnop_cli.commands.options import add_state
from cnop_cli.errors import CommandError
from cnop_cli.stack.secretstore import SecretStore
from cnop_core.clock import epoch_ms, from_rfc3339
from cnop_core.ids import UserId, ulid
from cnop_ledger import ChainKeys, CorruptItem, LedgerReader, entry_mac, money_records
from cnop_platform.audit.trail import RECORD_PREFIX, record_key
from cnop_platform.audit.verification import AuditReport, AuditVerifier, summary
from cnop_platform.settings import decode_key
from cnop_platform.store import Item, Store
from cnop_platform.store.open import open_store
from cnop_platform.system import SystemClock

_POLL_SECONDS: Final = 1.0
_TAIL: Final = 20


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("verify", help="find whatever was edited, deleted, inserted, reordered or rolled back")
    check.add_argument("--expect-head", metavar="MAC", help="a MAC noted elsewhere that must still be in the chain")
    tail = actions.add_parser("tail", help="show the latest records, one JSON object a line")
    tail.add_argument("-f", "--follow", action="store_true", help="keep showing new ones")
    export = actions.add_parser("export", help="write all records as OCSF, one JSON object a line")
    export.add_argument(
        "--what", choices=("all", "security", "money"), default="all", help="money events are the ledger's entries"
    )
    export.add_argument("--since", metavar="TIME", help="RFC 3339; only what happened from then on")
    for action in (check, tail, export):
        add_state(action)
        action.add_argument("--store", metavar="URL", help="another store than the stack's own")


def run(args: argparse.Namespace) -> int:
    """Run one action."""
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    store = await open_store(args.store or store_of(args.state))
    try:
        if args.action == "verify":
            return await _verify(store, args)
        if args.action == "tail":
            return await _tail(store, follow=args.follow)
        return await _export(store, args)
    finally:
        await store.close()


async def _verify(store: Store, args: argparse.Namespace) -> int:
    key = decode_key(SecretStore(args.state.secrets).value("cnop_audit_key"))

    async def mac_of(user_id: UserId, seq: int) -> str | None:
        return await entry_mac(store, user_id, seq)

    verifier = AuditVerifier(store=store, key=key, clock=SystemClock(), entry_mac=mac_of)
    report: AuditReport = await verifier.verify(expected_head=args.expect_head)
    for line in summary(report):
        print(line)
    print(f"head {report.head_mac or 'none yet'}")
    print("the audit trail is intact" if report.intact else "THE AUDIT TRAIL WAS TAMPERED WITH")
    return 0 if report.intact else 1


async def _tail(store: Store, *, follow: bool) -> int:
    shown = ""
    for item in await _latest(store):
        shown = item.key.sk
        _show(_record(item))
    while follow:
        await asyncio.sleep(_POLL_SECONDS)
        for item in await _latest(store):
            if item.key.sk > shown:
                shown = item.key.sk
                _show(_record(item))
    return 0


async def _latest(store: Store) -> list[Item]:
    now = SystemClock().now()
    found: list[Item] = []
    for day in (now, now - timedelta(days=1)):
        pk = record_key(ulid(now=day, entropy=bytes)).pk
        page = await store.query(pk, forward=False, limit=_TAIL)
        found += page.items
    return sorted(found, key=lambda item: item.key.sk)[-_TAIL:]


async def _export(store: Store, args: argparse.Namespace) -> int:
    since_ms = epoch_ms(from_rfc3339(args.since)) if args.since else 0
    count = 0
    for wanted, records in (("security", _security_records), ("money", _money_records)):
        if args.what not in {"all", wanted}:
            continue
        async for record in records(store, args):
            if record["time"] >= since_ms:
                _show(record)
                count += 1
    print(f"{count} records", file=sys.stderr)
    return 0


async def _security_records(store: Store, _args: argparse.Namespace) -> AsyncIterator[dict[str, Any]]:
    async for item in store.scan(prefix=RECORD_PREFIX):
        if "record" in item.body:
            yield _record(item)


async def _money_records(store: Store, args: argparse.Namespace) -> AsyncIterator[dict[str, Any]]:
    keys = ChainKeys.from_text(SecretStore(args.state.secrets).value("cnop_ledger_key"))
    try:
        async for record in money_records(store, LedgerReader(store, keys)):
            yield record
    except CorruptItem as error:
        raise CommandError(str(error)) from error


def _record(item: Item) -> dict[str, Any]:
    record: Any = item.body["record"]
    return dict(record)


def _show(record: dict[str, Any]) -> None:
    print(json.dumps(record, sort_keys=True, ensure_ascii=False), flush=True)
