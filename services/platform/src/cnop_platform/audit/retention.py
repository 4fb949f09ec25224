"""Retires what the audit trail no longer has to keep, so that what is left still verifies.

Records expire by the store's own time to live. The checkpoints that sealed them are retired here, the oldest first and
a bounded number at a time: one transaction empties them and lets them expire, moves the chain's signed base behind
them, carries the wallet heads that they sealed into a new checkpoint, and records that it did so. Nothing is deleted
here, because nobody may delete from the trail; the store removes what has expired.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cnop_core.clock import Clock, to_rfc3339
from cnop_core.errors import CnopError
from cnop_core.ids import UserId
from cnop_platform.audit.chain import (
    BASE_KEY,
    CHAIN_PARTITION,
    HEAD_KEY,
    Base,
    Checkpoint,
    WalletHead,
    base_of,
    checkpoint_key,
    checkpoint_of,
    digest_of,
    encode_base,
    encode_checkpoint,
    latest_heads,
)
from cnop_platform.audit.event import AuditEvent
from cnop_platform.audit.trail import RETENTION_DAYS, AuditTrail, record_key
from cnop_platform.request_context import RequestContext
from cnop_platform.store import Absent, Body, ConditionFailed, Item, Put, Store, Version, Write
from cnop_platform.store.port import MAX_KEYS

LEEWAY: Final = timedelta(days=7)
"""Stores may take days to delete what has expired; a checkpoint outlives its records by at least this much."""
MAX_RETIRED: Final = 90
"""How many checkpoints one transaction retires: with what else it writes, fewer than the 100 that a store takes."""
_MAX_HEADS: Final = 1_000
_ATTEMPTS: Final = 20


class ChainUnsound(CnopError):
    """The oldest checkpoints are not as they were written, so that nothing may be retired."""

    code = "AUDIT_CHAIN_UNSOUND"


@dataclass(frozen=True, slots=True)
class _Batch:
    """Checkpoints to retire, with their versions, and the wallet heads to carry on."""

    items: tuple[tuple[Checkpoint, int], ...]
    heads: dict[UserId, WalletHead]


class AuditRetention:
    """Retires checkpoints whose records are all gone, at least `retention_days` and a leeway after they were made."""

    def __init__(
        self,
        *,
        store: Store,
        key: bytes,
        trail: AuditTrail,
        clock: Clock,
        service: str,
        retention_days: int = RETENTION_DAYS,
    ) -> None:
        self._store = store
        self._key = key
        self._trail = trail
        self._clock = clock
        self._service = service
        self._kept_for = timedelta(days=retention_days) + LEEWAY

    async def retire(self, *, batches: int, context: RequestContext) -> int:
        """Retire up to `batches` times `MAX_RETIRED` checkpoints; return how many went. Raises `ChainUnsound`."""
        total = 0
        for _ in range(batches):
            retired = await self._retire_batch(context)
            total += retired
            if retired < MAX_RETIRED:
                break
        return total

    async def _retire_batch(self, context: RequestContext) -> int:
        for _ in range(_ATTEMPTS):
            head, base_item = await self._store.get(HEAD_KEY), await self._store.get(BASE_KEY)
            if head is None:
                return 0
            batch = await self._batch(base_of(base_item, self._key), last_seq=_seq_of(head))
            if not batch.items:
                return 0
            try:
                await self._store.transact(self._writes(batch, head, base_item, context))
            except ConditionFailed:
                continue  # a sealer was faster: its checkpoint is the new end of the chain
            return len(batch.items)
        raise ChainUnsound("the chain grew faster than its beginning could be retired; try again")

    async def _batch(self, base: Base | None, *, last_seq: int) -> _Batch:
        """Collect the oldest checkpoints that may go. The last one stays, whatever its age."""
        if base is None:
            raise ChainUnsound("the base of the audit chain was not signed here; run `cnop audit verify`")
        page = await self._store.query(CHAIN_PARTITION, start=checkpoint_key(base.seq + 1).sk, limit=MAX_RETIRED)
        found: list[tuple[Checkpoint, int]] = []
        heads: dict[UserId, WalletHead] = {}
        seq, previous = base.seq, base.mac
        for item in page.items:
            checkpoint = self._sound(item, seq=seq + 1, previous=previous)
            if checkpoint.seq >= last_seq or not await self._is_over(checkpoint):
                break
            carried = latest_heads(heads, checkpoint.heads)
            if len(carried) > _MAX_HEADS:
                break
            found.append((checkpoint, item.version))
            heads, seq, previous = carried, checkpoint.seq, checkpoint.mac
        return _Batch(tuple(found), heads)

    def _sound(self, item: Item, *, seq: int, previous: str) -> Checkpoint:
        checkpoint = checkpoint_of(item)
        if (
            checkpoint is None
            or not checkpoint.is_signed_with(self._key)
            or (checkpoint.seq, checkpoint.previous) != (seq, previous)
        ):
            raise ChainUnsound(f"checkpoint {item.key.sk} is not the one that was written; run `cnop audit verify`")
        return checkpoint

    async def _is_over(self, checkpoint: Checkpoint) -> bool:
        """Tell whether a checkpoint is old enough and none of its records is left."""
        if self._clock.now() - checkpoint.at < self._kept_for:
            return False
        for start in range(0, len(checkpoint.records), MAX_KEYS):
            keys = [record_key(uid) for uid in checkpoint.records[start : start + MAX_KEYS]]
            if await self._store.get_many(keys):
                return False
        return True

    def _writes(self, batch: _Batch, head: Item, base_item: Item | None, context: RequestContext) -> Sequence[Write]:
        last, _ = batch.items[-1]
        now = int(self._clock.now().timestamp())
        condition = Version(base_item.version) if base_item else Absent()
        base = Base(seq=last.seq, mac=last.mac).signed(self._key)
        event = AuditEvent(
            activity="audit_retired",
            succeeded=True,
            actor=None,
            context=context,
            details={"checkpoints": len(batch.items), "last": last.seq},
        )
        return [
            Put(BASE_KEY, encode_base(base), condition),
            *(Put(checkpoint_key(each.seq), {}, Version(version), expires_at=now) for each, version in batch.items),
            self._trail.record_put(event),
            *self._carried(batch, head),
        ]

    def _carried(self, batch: _Batch, head: Item) -> list[Put]:
        """Seal the retired wallet heads anew, at the end of the chain."""
        if not batch.heads:
            return []
        checkpoint = Checkpoint(
            seq=_seq_of(head) + 1,
            previous=str(head.body["mac"]),
            at=self._clock.now(),
            service=self._service,
            digest=digest_of(()),
            heads=batch.heads,
        ).signed(self._key)
        body: Body = {"seq": checkpoint.seq, "mac": checkpoint.mac, "at": to_rfc3339(checkpoint.at)}
        return [
            Put(HEAD_KEY, body, Version(head.version)),
            Put(checkpoint_key(checkpoint.seq), encode_checkpoint(checkpoint), Absent()),
        ]


def _seq_of(head: Item) -> int:
    return int(str(head.body["seq"]))
