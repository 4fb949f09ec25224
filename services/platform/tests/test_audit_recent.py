from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cnop_core.clock import FixedClock
from cnop_platform.audit import AuditEvent, AuditTrail
from cnop_platform.audit.chain import BASE_KEY, checkpoint_key, decode_checkpoint, encode_checkpoint
from cnop_platform.audit.recent import MOST_CHECKPOINTS, recent_chain
from cnop_platform.audit.retention import AuditRetention
from cnop_platform.audit.sealer import Sealer
from cnop_platform.request_context import RequestContext
from cnop_platform.store import Delete, Put
from cnop_platform.store.memory import MemoryStore
from cnop_platform.system import entropy

KEY = b"k" * 32
EVENT = AuditEvent("login", True, "usr_ann", RequestContext("req-1", "203.0.113.9", "curl", via_gateway=True))
pytestmark = pytest.mark.security


class World:
    def __init__(self):
        self.clock = FixedClock(datetime(2026, 1, 31, 12, tzinfo=UTC))
        self.store = MemoryStore()

    async def seal(self, times, *, records=2):
        sealer = Sealer(store=self.store, key=KEY, service="test", clock=self.clock)
        trail = AuditTrail(store=self.store, key=KEY, service="test", clock=self.clock, entropy=entropy)
        for _ in range(times):
            for _ in range(records):
                await self.store.transact([trail.record_put(EVENT)])
                self.clock.advance(seconds=1)
            await sealer.seal()

    async def records(self):
        return [item async for item in self.store.scan(prefix="AUDIT#2026")]

    async def kinds(self, key=KEY):
        chain = await recent_chain(self.store, key=key, now=self.clock.now())
        return [fault.partition(":")[0] for fault in chain.faults]


@pytest.fixture
def world():
    return World()


async def test_an_empty_chain_is_sound(world):
    chain = await recent_chain(world.store, key=KEY, now=world.clock.now())
    assert (chain.checkpoints, chain.sealed_at, chain.faults) == (0, None, ())


async def test_it_tells_how_much_was_sealed_and_when(world):
    await world.seal(3)
    chain = await recent_chain(world.store, key=KEY, now=world.clock.now())
    assert (chain.checkpoints, chain.examined_checkpoints, chain.examined_records) == (3, 3, 6)
    assert chain.sealed_at == world.clock.now()
    assert chain.faults == ()
    assert len(chain.head_mac) == 64


async def test_it_looks_at_a_bounded_part(world):
    await world.seal(MOST_CHECKPOINTS + 5, records=1)
    chain = await recent_chain(world.store, key=KEY, now=world.clock.now())
    assert (chain.checkpoints, chain.examined_checkpoints) == (MOST_CHECKPOINTS + 5, MOST_CHECKPOINTS)
    assert chain.faults == ()


async def test_an_edited_record_and_a_deleted_one_are_found(world):
    await world.seal(2)
    first, *_, last = await world.records()
    await world.store.transact([Put(first.key, {**first.body, "record": {"time": 0}}), Delete(last.key)])
    assert await world.kinds() == ["records", "records"]


async def test_an_edited_checkpoint_a_missing_one_and_a_foreign_key_are_found(world):
    await world.seal(3)
    assert await world.kinds(key=b"x" * 32) == ["edited"]
    middle = await world.store.get(checkpoint_key(2))
    await world.store.transact([Delete(middle.key)])
    assert await world.kinds() == ["broken"]
    forged = replace(decode_checkpoint(middle), service="other")
    await world.store.transact([Put(middle.key, encode_checkpoint(forged))])
    assert await world.kinds() == ["edited"]


async def test_a_chain_that_was_cut_off_is_found(world):
    await world.seal(2)
    await world.store.transact([Delete(checkpoint_key(2))])
    assert await world.kinds() == ["broken"]
    await world.store.transact([Delete(checkpoint_key(1))])
    assert await world.kinds() == ["truncated"]


async def test_what_expired_and_was_retired_is_no_fault(world):
    await world.seal(2)
    world.clock.advance(seconds=410 * 86_400)
    old = await world.records()
    await world.store.transact([Delete(item.key) for item in old])
    assert await world.kinds() == []

    trail = AuditTrail(store=world.store, key=KEY, service="test", clock=world.clock, entropy=entropy)
    retention = AuditRetention(store=world.store, key=KEY, trail=trail, clock=world.clock, service="test")
    await world.seal(1)
    assert await retention.retire(batches=1, context=EVENT.context) == 2
    assert await world.kinds() == []


async def test_an_oldest_checkpoint_that_is_gone_before_its_time_is_found(world):
    await world.seal(3)
    await world.store.transact([Delete(checkpoint_key(1))])
    assert await world.kinds() == ["broken"]


async def test_a_base_that_nobody_signed_is_found(world):
    await world.seal(2)
    await world.store.transact([Put(BASE_KEY, {"seq": 1, "mac": "x", "signature": "y"})])
    assert "edited" in await world.kinds()
