"""The audit trail: OCSF 1.x records, each sealed with an HMAC under a key that the store does not hold.

What changes a role, a credential or a session writes its record in the same transaction (`record_put`): no record,
no effect. Everything else goes through a bounded queue (`emit`) whose drops are counted.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import structlog

from cnop_core.clock import Clock, epoch_ms
from cnop_core.ids import Entropy, ulid, ulid_time
from cnop_platform import strict_json
from cnop_platform.audit import counting, ocsf
from cnop_platform.audit.event import AuditEvent
from cnop_platform.store import Absent, Body, Key, Put, Store, StoreUnavailable

_QUEUE_SIZE: Final = 5_000
_BATCH: Final = 50
_RETRY_SECONDS: Final = 0.5
_DAY_SECONDS: Final = 86_400
RECORD_PREFIX: Final = "AUDIT#"
RETENTION_DAYS: Final = 400
"""A year and a month: time to look into what was noticed late."""

_log = structlog.get_logger()


class AuditTrail:
    """Writes audit records."""

    def __init__(
        self,
        *,
        store: Store,
        key: bytes,
        service: str,
        clock: Clock,
        entropy: Entropy,
        retention_days: int = RETENTION_DAYS,
    ) -> None:
        self._store = store
        self._key = key
        self._service = service
        self._clock = clock
        self._entropy = entropy
        self._retention_seconds = retention_days * _DAY_SECONDS
        self._rest: list[tuple[AuditEvent, datetime]] = []
        self._queue: asyncio.Queue[tuple[AuditEvent, datetime]] = asyncio.Queue(_QUEUE_SIZE)

    def record_put(self, event: AuditEvent) -> Put:
        """Return the write of the event's record, to be part of the transaction that it reports."""
        counting.count(event.activity, succeeded=event.succeeded)
        return self._put(event, happened=self._clock.now())

    def emit(self, event: AuditEvent) -> None:
        """Queue the event's record; when the queue is full the record is dropped, counted and logged."""
        counting.count(event.activity, succeeded=event.succeeded)
        try:
            self._queue.put_nowait((event, self._clock.now()))
            counting.waiting.set(self._queue.qsize())
        except asyncio.QueueFull:
            counting.dropped.inc()
            _log.error("audit_record_dropped", activity=event.activity)

    async def run(self) -> None:
        """Write queued records until cancelled; then `drain` writes the rest."""
        while True:
            batch = [await self._queue.get()]
            try:
                while len(batch) < _BATCH and not self._queue.empty():
                    batch.append(self._queue.get_nowait())
                await self._write(batch)
                counting.waiting.set(self._queue.qsize())
            except asyncio.CancelledError:
                self._rest = batch
                raise

    async def drain(self) -> None:
        """Write what is still queued, once, at a clean stop; what the store does not take is counted and logged."""
        waiting = self._rest + [self._queue.get_nowait() for _ in range(self._queue.qsize())]
        self._rest = []
        for start in range(0, len(waiting), _BATCH):
            batch = waiting[start : start + _BATCH]
            try:
                await self._store.transact([self._put(event, happened=at) for event, at in batch])
            except StoreUnavailable:
                lost = len(waiting) - start
                counting.dropped.inc(lost)
                _log.error("audit_records_lost", records=lost)
                break
        counting.waiting.set(0)

    async def _write(self, batch: list[tuple[AuditEvent, datetime]]) -> None:
        while True:
            # Ids are given at the time of writing: a checkpoint that has passed a moment finds nothing new before it.
            puts = [self._put(event, happened=at) for event, at in batch]
            try:
                await self._store.transact(puts)
                return
            except StoreUnavailable:
                # Written or not is unknown. A record twice is a smaller evil than a record lost.
                await asyncio.sleep(_RETRY_SECONDS)

    def _put(self, event: AuditEvent, *, happened: datetime) -> Put:
        now = self._clock.now()
        uid = ulid(now=now, entropy=self._entropy)
        record = ocsf.render(event, uid=uid, time_ms=epoch_ms(happened), service=self._service)
        body: Body = {"record": record, "hmac": seal(record, key=self._key)}
        about = event.subject or event.actor
        return Put(
            record_key(uid),
            body,
            Absent(),
            expires_at=int(now.timestamp()) + self._retention_seconds,
            index=Key(f"AUDIT-OF#{about}", uid) if about else None,
        )


def record_key(uid: str) -> Key:
    """Return where the record of that id is: one partition a UTC day."""
    return Key(f"{RECORD_PREFIX}{ulid_time(uid):%Y-%m-%d}", uid)


def seal(record: Mapping[str, Any], *, key: bytes) -> str:
    """Return the HMAC-SHA-256 (hex) over the record's canonical JSON."""
    return hmac.new(key, strict_json.dumps(record).encode(), hashlib.sha256).hexdigest()
