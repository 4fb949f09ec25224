"""Looks at the end of the audit chain, quickly enough to be asked by a page. `AuditVerifier` looks at all of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cnop_core.ids import ulid_time
from cnop_platform.audit.chain import (
    BASE_KEY,
    CHAIN_PARTITION,
    HEAD_KEY,
    Base,
    Checkpoint,
    Head,
    base_of,
    checkpoint_key,
    checkpoint_of,
    digest_of,
    head_of,
)
from cnop_platform.audit.trail import RETENTION_DAYS, record_key, seal
from cnop_platform.store import Item, Store
from cnop_platform.store.port import MAX_KEYS

MOST_CHECKPOINTS: Final = 50
_MOST_RECORDS: Final = 1_000


@dataclass(frozen=True, slots=True)
class RecentChain:
    """How the end of the chain stands. `checkpoints` counts all that were ever made; the rest is about the examined."""

    checkpoints: int
    sealed_at: datetime | None
    head_mac: str
    examined_checkpoints: int
    examined_records: int
    faults: tuple[str, ...]


async def recent_chain(store: Store, *, key: bytes, now: datetime) -> RecentChain:
    """Verify the last 50 checkpoints and up to 1,000 of the records that they seal.

    A record that is gone is a fault, unless by `now` it is so old that the store was free to remove it.
    """
    found = head_of(await store.get(HEAD_KEY))
    head = found or Head()
    page = await store.query(CHAIN_PARTITION, forward=False, limit=MOST_CHECKPOINTS)
    base = base_of(await store.get(BASE_KEY), key)
    # What was sealed after the head was read is not out of line, and what was retired is no longer of the chain.
    first, last = checkpoint_key(base.seq + 1 if base else 1).sk, checkpoint_key(head.seq).sk
    items = [item for item in page.items if first <= item.key.sk <= last]
    checkpoints, faults = _links(items, head, base, key)
    if found is None:
        faults.insert(0, "edited: the head of the chain is malformed")
    records = 0
    for checkpoint in checkpoints:
        if records + len(checkpoint.records) > _MOST_RECORDS:
            break
        records += len(checkpoint.records)
        if checkpoint.records and not await _is_whole(store, checkpoint, key, now):
            faults.append(f"records: checkpoint {checkpoint.seq} does not fit the records that it seals")
    return RecentChain(
        checkpoints=head.seq,
        sealed_at=checkpoints[0].at if checkpoints else None,
        head_mac=head.mac,
        examined_checkpoints=len(items),
        examined_records=records,
        faults=tuple(faults),
    )


def _links(items: Sequence[Item], head: Head, base: Base | None, key: bytes) -> tuple[list[Checkpoint], list[str]]:
    """Return the sound checkpoints, newest first, and what is wrong with the others."""
    expected = head.mac
    sound: list[Checkpoint] = []
    faults: list[str] = [] if base else ["edited: the base of the chain was not signed with this key"]
    if not items and head.seq:
        faults.append("truncated: the head names a checkpoint, but there is none")
    for item in items:
        checkpoint = checkpoint_of(item)
        if checkpoint is None or not checkpoint.is_signed_with(key):
            faults.append(f"edited: checkpoint {item.key.sk} does not fit its MAC")
            return sound, faults
        if checkpoint.mac != expected:
            faults.append(f"broken: checkpoint {checkpoint.seq} is not the one that its successor names")
        expected = checkpoint.previous
        sound.append(checkpoint)
    if items and base and len(items) < MOST_CHECKPOINTS and expected != base.mac:
        faults.append("broken: the oldest checkpoint does not follow the base of the chain")
    return sound, faults


async def _is_whole(store: Store, checkpoint: Checkpoint, key: bytes, now: datetime) -> bool:
    seals: list[str] = []
    for start in range(0, len(checkpoint.records), MAX_KEYS):
        keys = [record_key(uid) for uid in checkpoint.records[start : start + MAX_KEYS]]
        items = await store.get_many(keys)
        gone = [each for each in keys if each not in items]
        if gone:
            # The digest is of all seals together, so that it cannot be checked without the ones that expired.
            return all((now - ulid_time(each.sk)).days >= RETENTION_DAYS for each in gone)
        seals += [seal(_record(items[each]), key=key) for each in keys]
    return digest_of(seals) == checkpoint.digest


def _record(item: Item) -> Mapping[str, Any]:
    record: Any = item.body.get("record")
    return record if isinstance(record, dict) else {}
