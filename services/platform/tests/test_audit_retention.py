from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cnop_core.clock import FixedClock
from cnop_core.ids import UserId
from cnop_platform.audit import AuditEvent, AuditTrail, counting
from cnop_platform.audit.chain import BASE_KEY, CHAIN_PARTITION, checkpoint_key
from cnop_platform.audit.retention import MAX_RETIRED, AuditRetention, ChainUnsound
from cnop_platform.audit.sealer import Sealer
from cnop_platform.audit.verification import AuditVerifier
from cnop_platform.request_context import RequestContext
from cnop_platform.store import Delete, Put
from cnop_platform.store.memory import MemoryStore
from cnop_platform.system import entropy

KEY = b"k" * 32
CONTEXT = RequestContext("request-1", "203.0.113.9", "curl", via_gateway=True)
ANN, BEN = UserId("usr_ann"), UserId("usr_ben")


class World:
    def __init__(self):
        self.clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.store = MemoryStore()
        self.trail = AuditTrail(store=self.store, key=KEY, service="test", clock=self.clock, entropy=entropy)
        self.sealer = Sealer(store=self.store, key=KEY, service="test", clock=self.clock)
        self.entries = {(ANN, 1): "a1", (ANN, 2): "a2", (BEN, 1): "b1"}

    async def checkpoint(self, *, heads=()):
        """Write a record, note wallet heads, seal them, and let an hour pass."""
        event = AuditEvent("login", True, ANN, CONTEXT, subject=ANN)
        await self.store.transact([self.trail.record_put(event)])
        for user_id, seq in heads:
            self.sealer.note(user_id, seq, self.entries[user_id, seq])
        await self.sealer.seal()
        self.clock.advance(seconds=3_600)

    async def expire(self):
        """Do what a store does with items whose time is over."""
        now = self.clock.now().timestamp()
        gone = [Delete(item.key) async for item in self.store.scan() if (item.expires_at or now) < now]
        for each in gone:
            await self.store.transact([each])

    async def retire(self, *, batches=10):
        retention = AuditRetention(
            store=self.store, key=KEY, trail=self.trail, clock=self.clock, service="test", retention_days=400
        )
        return await retention.retire(batches=batches, context=CONTEXT)

    async def verify(self):
        async def entry_mac(user_id, seq):
            return self.entries.get((user_id, seq))

        return await AuditVerifier(store=self.store, key=KEY, clock=self.clock, entry_mac=entry_mac).verify()

    async def kinds(self):
        return {finding.kind for finding in (await self.verify()).findings}


@pytest.fixture
async def world():
    """Three checkpoints that are past their time, without their records, and two that are not."""
    world = World()
    await world.checkpoint(heads=[(ANN, 1), (BEN, 1)])
    await world.checkpoint()
    await world.checkpoint(heads=[(ANN, 2)])
    world.clock.advance(seconds=410 * 86_400)
    await world.checkpoint()
    await world.checkpoint()
    await world.expire()
    return world


async def test_expired_records_are_no_deletions(world):
    assert (await world.verify()).intact


async def test_a_record_that_is_gone_before_its_time_is_one(world):
    items = [item async for item in world.store.scan(prefix="AUDIT#2027")]
    await world.store.transact([Delete(items[0].key)])
    assert await world.kinds() == {"deleted"}


async def test_what_is_past_its_time_is_retired_and_the_rest_verifies(world):
    assert await world.retire() == 3
    await world.sealer.seal()
    report = await world.verify()
    assert report.intact
    assert (report.retired, report.checkpoints, report.wallets) == (3, 4, 2)
    world.clock.advance(seconds=3_600)
    await world.expire()
    assert (await world.verify()).intact
    left = [item.key.sk for item in (await world.store.query(CHAIN_PARTITION)).items]
    assert left == [checkpoint_key(seq).sk for seq in (4, 5, 6, 7)]
    assert await world.retire() == 0


async def test_retiring_is_itself_recorded_in_the_same_transaction(world):
    await world.retire()
    records = [item.body["record"] async for item in world.store.scan(prefix="AUDIT#2027")]
    (record,) = [record for record in records if record["activity_name"] == "audit_retired"]
    assert record["unmapped"] == {"checkpoints": 3, "last": 3}


async def test_wallet_heads_are_carried_on(world):
    await world.retire()
    world.entries[BEN, 1] = "rewritten"
    assert await world.kinds() == {"rolled back"}


async def test_a_carried_head_does_not_hide_a_newer_one(world):
    world.entries[ANN, 3] = "a3"
    world.sealer.note(ANN, 3, "a3")
    await world.sealer.seal()
    await world.retire()
    del world.entries[ANN, 3]
    assert await world.kinds() == {"rolled back"}


async def test_a_checkpoint_with_a_record_left_stays(world):
    event = AuditEvent("login", True, ANN, CONTEXT, subject=ANN)
    kept = World()
    await kept.store.transact([replace(kept.trail.record_put(event), expires_at=None)])
    await kept.sealer.seal()
    kept.clock.advance(seconds=500 * 86_400)
    await kept.checkpoint()
    assert await kept.retire() == 0


async def test_the_last_checkpoint_stays_whatever_its_age():
    world = World()
    await world.checkpoint()
    world.clock.advance(seconds=500 * 86_400)
    await world.expire()
    assert await world.retire() == 0


async def test_one_call_retires_a_bounded_number():
    world = World()
    for _ in range(MAX_RETIRED + 5):
        await world.checkpoint()
    world.clock.advance(seconds=500 * 86_400)
    await world.checkpoint()
    await world.expire()
    assert await world.retire(batches=1) == MAX_RETIRED
    assert (await world.verify()).intact
    assert await world.retire() == 5
    assert (await world.verify()).intact


@pytest.mark.parametrize("change", ["edited", "missing"])
async def test_nothing_is_retired_from_an_unsound_chain(world, change):
    item = await world.store.get(checkpoint_key(2))
    await world.store.transact(
        [Delete(item.key) if change == "missing" else Put(item.key, {**item.body, "service": "other"})]
    )
    with pytest.raises(ChainUnsound, match="audit verify"):
        await world.retire()


async def test_a_chain_cannot_be_cut_by_a_forged_lost_or_older_base(world):
    genuine = await world.store.get(BASE_KEY)
    assert genuine is None
    await world.retire()
    base = await world.store.get(BASE_KEY)
    await world.store.transact([Put(BASE_KEY, {**base.body, "seq": 5})])
    assert "edited" in await world.kinds()
    with pytest.raises(ChainUnsound):
        await world.retire()
    await world.store.transact([Delete(BASE_KEY)])
    assert await world.kinds() & {"broken", "edited"}


async def test_a_new_sealer_takes_a_retired_checkpoint_for_no_fault(world):
    world.clock.advance(seconds=420 * 86_400)
    await world.expire()
    await world.retire()
    before = counting.faults._value.get()
    await Sealer(store=world.store, key=KEY, service="other", clock=world.clock).seal()
    assert counting.faults._value.get() == before
    assert (await world.verify()).intact


async def test_of_two_heads_that_retire_together_the_later_one_is_carried_on():
    world = World()
    await world.checkpoint(heads=[(ANN, 1)])
    world.clock.advance(seconds=410 * 86_400)
    await world.checkpoint(heads=[(ANN, 2)])
    await world.expire()
    assert await world.retire() == 1  # carries the first head on, behind the second
    world.clock.advance(seconds=410 * 86_400)
    await world.checkpoint()
    await world.expire()
    assert await world.retire() == 2
    del world.entries[ANN, 2]
    assert await world.kinds() == {"rolled back"}
