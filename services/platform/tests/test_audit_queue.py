"""The queue of the audit trail at a stop: what is still written, and what is counted as lost."""

import asyncio
from datetime import UTC, datetime

import pytest

from cnop_core.clock import FixedClock
from cnop_platform.audit import AuditEvent, AuditTrail, counting
from cnop_platform.request_context import RequestContext
from cnop_platform.store import StoreUnavailable
from cnop_platform.store.memory import MemoryStore
from cnop_platform.system import entropy

EVENT = AuditEvent("access_denied", False, "usr_ann", RequestContext("req-1", "203.0.113.9", "curl", via_gateway=True))


def trail_on(store):
    clock = FixedClock(datetime(2026, 1, 31, 12, 0, tzinfo=UTC))
    return AuditTrail(store=store, key=b"k" * 32, service="test", clock=clock, entropy=entropy)


class AwayStore(MemoryStore):
    """A store that takes so many transactions and then no more."""

    def __init__(self, takes=0):
        super().__init__()
        self.takes = takes

    async def transact(self, writes):
        if not self.takes:
            raise StoreUnavailable("away")
        self.takes -= 1
        await super().transact(writes)


@pytest.mark.parametrize(("takes", "lost"), [(0, 120), (1, 70), (3, 0)])
async def test_what_is_lost_at_a_stop_because_the_store_is_away_is_counted(takes, lost):
    trail = trail_on(AwayStore(takes))
    before = counting.dropped._value.get()
    for _ in range(120):
        trail.emit(EVENT)
    await trail.drain()
    assert counting.dropped._value.get() == before + lost
    await trail.drain()
    assert counting.dropped._value.get() == before + lost


async def test_a_stop_with_a_full_queue_loses_nothing(monkeypatch):
    monkeypatch.setattr("cnop_platform.audit.trail._QUEUE_SIZE", 2)
    store = AwayStore()
    trail = trail_on(store)
    trail.emit(EVENT)
    task = asyncio.create_task(trail.run())
    async with asyncio.timeout(5):
        while not trail._queue.empty():
            await asyncio.sleep(0)
    # The batch in hand waits for the store, and the queue behind it fills up.
    trail.emit(EVENT)
    trail.emit(EVENT)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    store.takes = 10
    await trail.drain()
    assert len([item async for item in store.scan(prefix="AUDIT#2026")]) == 3
