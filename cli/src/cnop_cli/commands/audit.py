"""`cnop audit`: verifies the audit trail of a stack, shows it, hands it out, lets go of what is past its time."""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from cnop_cli.commands.ledger import store_of
from cnop_cli.commands.options import add_state
from cnop_cli.errors import CommandError
from cnop_cli.stack.secretstore import SecretStore
from cnop_core.clock import epoch_ms, from_rfc3339
from cnop_core.errors import InvalidInput
from cnop_core.ids import UserId, ulid
from cnop_ledger import ChainKeys, CorruptItem, LedgerReader, entry_mac, money_records
from cnop_platform.audit import AuditTrail, archive
from cnop_platform.audit.archive import ArchiveBroken, ArchiveUnavailable, archived_chain
from cnop_platform.audit.archive_places import open_archive
from cnop_platform.audit.retention import MAX_RETIRED, AuditRetention, ChainUnsound
from cnop_platform.audit.trail import RECORD_PREFIX, RETENTION_DAYS, record_key
from cnop_platform.audit.verification import AuditReport, AuditVerifier, summary
from cnop_platform.request_context import RequestContext
from cnop_platform.settings import decode_key
from cnop_platform.store import Item, Store
from cnop_platform.store.open import open_store
from cnop_platform.system import SystemClock, entropy

_POLL_SECONDS: Final = 1.0
_TAIL: Final = 20
_BATCHES: Final = 100
_MOST_BATCHES: Final = 10_000
_SERVICE: Final = "cli"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("verify", help="find whatever was edited, deleted, inserted, reordered or rolled back")
    check.add_argument("--expect-head", metavar="MAC", help="a MAC noted elsewhere that must still be in the chain")
    check.add_argument("--archive", metavar="PLACE", help="a folder or s3://bucket/prefix: what it holds must be there")
    keep = actions.add_parser("archive", help="add new checkpoints to a place where nobody can change them")
    keep.add_argument("--to", required=True, metavar="PLACE", help="a folder or s3://bucket/prefix (with object lock)")
    for action in (check, keep):
        action.add_argument("--s3-endpoint", metavar="URL", help="an S3 other than that of AWS")
    tail = actions.add_parser("tail", help="show the latest records, one JSON object a line")
    tail.add_argument("-f", "--follow", action="store_true", help="keep showing new ones")
    export = actions.add_parser("export", help="write all records as OCSF, one JSON object a line")
    export.add_argument(
        "--what", choices=("all", "security", "money"), default="all", help="money events are the ledger's entries"
    )
    export.add_argument("--since", metavar="TIME", help="RFC 3339; only what happened from then on")
    retire = actions.add_parser("retire", help="let go of checkpoints past their time, so that the rest still verifies")
    retire.add_argument(
        "--batches", type=_positive, default=_BATCHES, metavar="N", help=f"at most N times {MAX_RETIRED} checkpoints"
    )
    for action in (check, keep, tail, export, retire):
        add_state(action)
        action.add_argument("--store", metavar="URL", help="another store than the stack's own")


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _MOST_BATCHES:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 to {_MOST_BATCHES}")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Run one action."""
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    store = await open_store(args.store or store_of(args.state))
    try:
        if args.action == "verify":
            return await _verify(store, args)
        if args.action == "archive":
            return await _archive(store, args)
        if args.action == "tail":
            return await _tail(store, follow=args.follow)
        if args.action == "retire":
            return await _retire(store, args)
        return await _export(store, args)
    finally:
        await store.close()


def _audit_key(args: argparse.Namespace) -> bytes:
    return decode_key(SecretStore(args.state.secrets).value("cnop_audit_key"))


async def _verify(store: Store, args: argparse.Namespace) -> int:
    key = _audit_key(args)

    async def mac_of(user_id: UserId, seq: int) -> str | None:
        return await entry_mac(store, user_id, seq)

    verifier = AuditVerifier(store=store, key=key, clock=SystemClock(), entry_mac=mac_of)
    archived = None
    if args.archive:
        with _archive_errors():
            archived = archived_chain(open_archive(args.archive, endpoint=args.s3_endpoint), key)
    report: AuditReport = await verifier.verify(expected_head=args.expect_head, archived=archived)
    for line in summary(report):
        print(line)
    print(f"head {report.head_mac or 'none yet'}")
    print("the audit trail is intact" if report.intact else "THE AUDIT TRAIL WAS TAMPERED WITH")
    return 0 if report.intact else 1


async def _archive(store: Store, args: argparse.Namespace) -> int:
    with _archive_errors():
        place = open_archive(args.to, endpoint=args.s3_endpoint)
        added = await archive.archive(store, place, _audit_key(args))
    print(f"{added} checkpoints added to {args.to}")
    return 0


@contextmanager
def _archive_errors() -> Iterator[None]:
    try:
        yield
    except ArchiveBroken as error:
        raise CommandError(f"THE CHAIN DOES NOT HOLD: {error}") from error
    except (ArchiveUnavailable, InvalidInput) as error:
        raise CommandError(str(error)) from error


async def _retire(store: Store, args: argparse.Namespace) -> int:
    key, clock = _audit_key(args), SystemClock()
    trail = AuditTrail(store=store, key=key, service=_SERVICE, clock=clock, entropy=entropy)
    retention = AuditRetention(store=store, key=key, trail=trail, clock=clock, service=_SERVICE)
    context = RequestContext(request_id=str(uuid4()), client_address="", user_agent="", via_gateway=False)
    try:
        retired = await retention.retire(batches=args.batches, context=context)
    except ChainUnsound as error:
        raise CommandError(str(error)) from error
    print(f"{retired} checkpoints retired; records are kept for {RETENTION_DAYS} days")
    return 0


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
