"""Entries as the audit records that they are: money events in the form of OCSF, like everything else in the trail."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from cnop_core.ids import UserId
from cnop_ledger.application.keys import PREFIX
from cnop_ledger.application.reads import LedgerReader
from cnop_ledger.domain.entries import Entry, Kind
from cnop_platform.audit import AuditClass
from cnop_platform.audit.ocsf import metadata, source
from cnop_platform.store import Store

_CREATE: Final = 1
_UPDATE: Final = 3
_DELETE: Final = 4
_ACTIVITY_IDS: Final[Mapping[Kind, int]] = {Kind.AMEND: _UPDATE, Kind.RELEASE: _DELETE}
"""What the OCSF calls it; everything else is a creation."""
_INFORMATIONAL: Final = 1
_SUCCESS: Final = 1
_SERVICE: Final = "ledger"
_SESSION: Final = "ses_"


def audit_record(entry: Entry) -> dict[str, Any]:
    """Return an entry as an OCSF API activity; amounts are smallest units of their asset, as text."""
    class_uid, category_uid = AuditClass.API_ACTIVITY.value
    activity_id = _ACTIVITY_IDS.get(entry.kind, _CREATE)
    origin = entry.stamp.origin
    name = f"ledger_{entry.kind.value}"
    return {
        "activity_id": activity_id,
        "activity_name": name,
        "category_uid": category_uid,
        "class_uid": class_uid,
        "type_uid": class_uid * 100 + activity_id,
        "severity_id": _INFORMATIONAL,
        "status_id": _SUCCESS,
        "time": entry.stamp.at_ms,
        "message": name,
        "metadata": metadata(uid=entry.transaction_id, request_id=origin.request_id, name=name, service=_SERVICE),
        "actor": {"user": {"uid": origin.actor}, **_session(origin.source)},
        "api": {"operation": f"ledger:{entry.kind.value}"},
        "src_endpoint": source(origin.source, service=_SERVICE),
        "resources": _resources(entry),
        "unmapped": _figures(entry),
    }


def _session(source_id: str) -> dict[str, Any]:
    return {"session": {"uid": source_id}} if source_id.startswith(_SESSION) else {}


def _resources(entry: Entry) -> list[dict[str, str]]:
    order = [{"uid": str(entry.order_id), "type": "order"}] if entry.order_id else []
    return [{"uid": entry.user_id, "type": "wallet"}, *order]


def _figures(entry: Entry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "mac": entry.mac,
        "postings": [
            {"account": posting.account.value, "asset_id": posting.asset_id, "units": str(posting.amount)}
            for posting in entry.postings
        ],
        "holds": [{"asset_id": hold.asset_id, "units": str(hold.units)} for hold in entry.holds],
    }


async def money_records(store: Store, reader: LedgerReader) -> AsyncIterator[dict[str, Any]]:
    """Walk over all entries of all wallets, each wallet's oldest first. Raises `CorruptItem` for a forged one."""
    seen: str | None = None
    async for item in store.scan(prefix=PREFIX):
        if item.key.pk != seen:
            seen = item.key.pk
            async for entry in reader.entries(UserId(seen.removeprefix(PREFIX))):
                yield audit_record(entry)
