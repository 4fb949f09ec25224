import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cnop_core.clock import FixedClock
from cnop_core.ids import UserId
from cnop_platform.audit import AuditEvent, AuditTrail, counting
from cnop_platform.audit.chain import (
    CHAIN_PARTITION,
    HEAD_KEY,
    checkpoint_key,
    decode_checkpoint,
    encode_checkpoint,
)
from cnop_platform.audit.sealer import Sealer
from cnop_platform.audit.verification import AuditVerifier
from cnop_platform.request_context import RequestContext
from cnop_platform.store import Delete, Put, StoreUnavailable
from cnop_platform.store.memory import MemoryStore
from cnop_platform.system import entropy

KEY = b"k" * 32
CONTEXT = RequestContext("req-1", "203.0.113.9", "curl", via_gateway=True)
ANN = UserId("usr_ann")


class World:
    def __init__(self):
        self.clock = FixedClock(datetime(2026, 1, 31, 23, 59, 30, tzinfo=UTC))
        self.store = MemoryStore()
        self.trail = self.new_trail(self.store)
        self.sealer = self.new_sealer()
        self.entries = {}

    def new_trail(self, store):
        return AuditTrail(store=store, key=KEY, service="test", clock=self.clock, entropy=entropy)

    def new_sealer(self):
        return Sealer(store=self.store, key=KEY, service="test", clock=self.clock)

    async def record(self, count=1, **changes):
        for _ in range(count):
            event = AuditEvent("login", True, ANN, CONTEXT)
            await self.store.transact([self.trail.record_put(replace(event, **changes))])
            self.clock.advance(seconds=1)

    async def verify(self, key=KEY, **options):
        async def entry_mac(user_id, seq):
            return self.entries.get((user_id, seq))

        verifier = AuditVerifier(store=self.store, key=key, clock=self.clock, entry_mac=entry_mac)
        return await verifier.verify(**options)

    async def kinds(self, **options):
        return {finding.kind for finding in (await self.verify(**options)).findings}

    async def records(self):
        return [item async for item in self.store.scan(prefix="AUDIT#2026")]


@pytest.fixture
async def world():
    world = World()
    await world.record(5)
    await world.sealer.seal()
    await world.record(5)
    await world.sealer.seal()
    return world


async def test_an_untouched_trail_is_intact(world):
    report = await world.verify()
    assert report.intact
    assert (report.checkpoints, report.sealed_records, report.unsealed_records) == (2, 10, 0)


async def test_a_record_is_a_complete_ocsf_event(world):
    record = (await world.records())[0].body["record"]
    assert record["class_uid"] == 3002
    assert record["type_uid"] == 300201
    assert record["metadata"]["correlation_uid"] == "req-1"
    assert record["src_endpoint"] == {"ip": "203.0.113.9"}


async def test_what_was_written_since_the_last_checkpoint_is_the_tail(world):
    await world.record(3)
    report = await world.verify()
    assert (report.intact, report.unsealed_records) == (True, 3)


async def test_an_edited_record_is_found(world):
    item = (await world.records())[4]
    body = {**item.body, "record": {**item.body["record"], "status_id": 2}}
    await world.store.transact([Put(item.key, body)])
    assert await world.kinds() == {"edited"}


async def test_a_deleted_record_is_found(world):
    await world.store.transact([Delete((await world.records())[2].key)])
    assert await world.kinds() == {"deleted"}


async def test_a_record_in_anothers_place_is_found(world):
    first, second = (await world.records())[:2]
    await world.store.transact([Put(first.key, second.body), Put(second.key, first.body)])
    assert await world.kinds() == {"edited"}


async def test_a_record_inserted_without_the_key_is_found(world):
    template = (await world.records())[0]
    forged = world.new_trail(world.store)
    forged._key = b"x" * 32
    put = forged.record_put(AuditEvent("login", True, ANN, CONTEXT))
    assert put.key != template.key
    await world.store.transact([put])
    assert await world.kinds() == {"edited"}


async def test_a_genuine_record_slipped_in_long_afterwards_is_found(world):
    late = world.trail.record_put(AuditEvent("login", True, ANN, CONTEXT))
    world.clock.advance(seconds=600)
    await world.record()
    await world.sealer.seal()
    world.clock.advance(seconds=600)
    await world.record()
    await world.sealer.seal()
    await world.store.transact([late])
    assert await world.kinds() == {"inserted"}


async def test_an_edited_checkpoint_is_found(world):
    item = (await world.store.query(CHAIN_PARTITION)).items[0]
    await world.store.transact([Put(item.key, {**item.body, "records": item.body["records"][1:]})])
    assert "edited" in await world.kinds()


async def test_a_missing_checkpoint_is_found(world):
    item = (await world.store.query(CHAIN_PARTITION)).items[0]
    await world.store.transact([Delete(item.key)])
    assert "broken" in await world.kinds()


async def test_a_shortened_chain_is_found(world):
    last = (await world.store.query(CHAIN_PARTITION)).items[-1]
    await world.store.transact([Delete(last.key)])
    assert "truncated" in await world.kinds()


async def test_a_chain_shortened_together_with_its_head_is_found_by_a_head_noted_elsewhere(world):
    noted = (await world.verify()).head_mac
    first, last = (await world.store.query(CHAIN_PARTITION)).items
    gone = [Delete(item.key) for item in (await world.records())[5:]]
    head = {"seq": 1, "mac": first.body["mac"], "at": first.body["at"]}
    await world.store.transact([Delete(last.key), Put(HEAD_KEY, head), *gone])
    assert await world.kinds() == set()
    assert await world.kinds(expected_head=noted) == {"truncated"}


async def test_everything_is_wrong_under_another_key(world):
    assert not (await world.verify(key=b"z" * 32)).intact


async def test_sealed_wallet_heads_show_a_rollback(world):
    world.entries[ANN, 7] = "mac-7"
    world.sealer.note(ANN, 7, "mac-7")
    await world.sealer.seal()
    assert (await world.verify()).intact
    world.entries[ANN, 7] = "another"
    assert await world.kinds() == {"rolled back"}
    del world.entries[ANN, 7]
    assert await world.kinds() == {"rolled back"}


async def test_records_from_before_a_long_outage_are_sealed_after_it(world):
    await world.record(3)
    world.clock.advance(seconds=90_000)
    await world.new_sealer().seal()
    report = await world.verify()
    assert (report.intact, report.sealed_records) == (True, 13)


async def test_several_sealers_seal_each_record_once(world):
    sealers = [world.new_sealer() for _ in range(4)]
    await world.record(40)
    await asyncio.gather(*(sealer.seal() for sealer in sealers))
    report = await world.verify()
    assert (report.intact, report.sealed_records, report.unsealed_records) == (True, 50, 0)
    uids = [uid for item in (await world.store.query(CHAIN_PARTITION)).items for uid in item.body["records"]]
    assert len(uids) == len(set(uids))


async def test_queued_events_survive_an_outage_of_the_store(world):
    class Flaky(MemoryStore):
        failures = 2

        async def transact(self, writes):
            if self.failures:
                self.failures -= 1
                raise StoreUnavailable("away")
            await super().transact(writes)

    store = Flaky()
    trail = world.new_trail(store)
    trail.emit(AuditEvent("access_denied", False, ANN, CONTEXT))
    task = asyncio.create_task(trail.run())
    async with asyncio.timeout(10):
        while not [item async for item in store.scan(prefix="AUDIT#")]:
            await asyncio.sleep(0.05)
    task.cancel()


async def test_a_full_queue_drops_and_counts(world, monkeypatch):
    monkeypatch.setattr("cnop_platform.audit.trail._QUEUE_SIZE", 1)
    trail = world.new_trail(world.store)
    event = AuditEvent("access_denied", False, ANN, CONTEXT)
    before = counting.dropped._value.get()
    trail.emit(event)
    trail.emit(event)
    assert counting.dropped._value.get() == before + 1


def counted(event, outcome):
    return counting._events.labels(event, outcome)._value.get()


async def test_events_are_counted_however_they_are_written(world):
    before = counted("login", "success"), counted("access_denied", "failure")
    await world.record(2)
    world.trail.emit(AuditEvent("access_denied", False, ANN, CONTEXT))
    assert (counted("login", "success"), counted("access_denied", "failure")) == (before[0] + 2, before[1] + 1)


@pytest.fixture
def faults():
    before = counting.faults._value.get()
    return lambda: counting.faults._value.get() - before


async def test_a_sealer_that_catches_up_on_a_whole_chain_finds_no_fault(world, faults):
    for _ in range(3):
        await world.record()
        await world.sealer.seal()
    await world.new_sealer().seal()
    assert faults() == 0
    assert counting.sealed_at._value.get() == world.clock.now().timestamp()


@pytest.mark.parametrize("change", ["missing", "forged", "replaced"])
async def test_a_sealer_notices_a_checkpoint_that_is_not_what_it_was(world, faults, change):
    for _ in range(3):
        await world.record()
        await world.sealer.seal()
    key = checkpoint_key(2)
    item = await world.store.get(key)
    changed = {**item.body, "digest": "0" * 64}
    if change == "replaced":
        changed = encode_checkpoint(decode_checkpoint(replace(item, body=changed)).signed(KEY))
    await world.store.transact([Delete(key) if change == "missing" else Put(key, changed)])
    await world.new_sealer().seal()
    assert faults() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"at": "yesterday"},
        {"at": None},
        {"seq": "two"},
        {"records": None},
        {"heads": []},
        {"heads": {"usr_ann": 7}},
        {"mac": "\u00e9"},
        None,
    ],
    ids=str,
)
async def test_a_malformed_checkpoint_is_a_fault_and_ends_no_sealing(world, faults, change):
    item = await world.store.get(checkpoint_key(2))
    body = {"seq": 2} if change is None else {**item.body, **change}
    await world.store.transact([Put(item.key, body)])
    await world.record(3)
    fresh = world.new_sealer()
    await fresh.seal()
    assert faults() == 1
    await world.record()
    await fresh.seal()
    assert faults() == 1
    assert (await world.verify()).unsealed_records == 0


@pytest.mark.parametrize(
    "change",
    [{"seq": "x"}, {"at": "yesterday"}, {"seq": 1}, {"seq": -1}, {"mac": None, "seq": None}, None],
    ids=str,
)
async def test_a_changed_or_removed_head_is_a_fault_and_ends_no_sealing(world, faults, change):
    item = await world.store.get(HEAD_KEY)
    await world.store.transact([Delete(HEAD_KEY) if change is None else Put(HEAD_KEY, {**item.body, **change})])
    await world.record(3)
    await world.sealer.seal()
    assert faults() >= 1
    report = await world.verify()
    assert (report.unsealed_records, report.checkpoints) == (0, 3)
    seen = faults()
    await world.record()
    await world.sealer.seal()
    assert faults() == seen


@pytest.mark.parametrize("body", [{}, {"hmac": "no seal"}, {"record": 3, "hmac": None}], ids=str)
async def test_a_record_without_a_seal_is_a_fault_and_ends_no_sealing(world, faults, body):
    put = world.trail.record_put(AuditEvent("login", True, ANN, CONTEXT))
    await world.store.transact([Put(put.key, body)])
    await world.record(3)
    await world.sealer.seal()
    await world.sealer.seal()
    assert faults() == 1
    report = await world.verify()
    assert report.sealed_records == 13
    assert [finding.where for finding in report.findings] == [put.key.sk]


async def test_a_head_that_names_an_earlier_end_than_was_known_is_a_fault(world, faults):
    first, last = (await world.store.query(CHAIN_PARTITION)).items
    head = {"seq": 1, "mac": first.body["mac"], "at": first.body["at"]}
    await world.store.transact([Delete(last.key), Put(HEAD_KEY, head)])
    await world.sealer.seal()
    assert faults() == 1


async def test_an_item_that_the_store_cannot_read_is_a_fault_and_ends_no_sealing(world, faults, monkeypatch):
    monkeypatch.setattr("cnop_platform.audit.sealer._INTERVAL_SECONDS", 0.01)
    readable = world.store.get

    async def get(_key):
        raise ValueError("the text is not valid JSON")

    monkeypatch.setattr(world.store, "get", get)
    await world.record(3)
    task = asyncio.create_task(world.sealer.run())
    async with asyncio.timeout(10):
        while not faults():
            await asyncio.sleep(0.01)
        monkeypatch.setattr(world.store, "get", readable)
        while (await world.verify()).unsealed_records:
            await asyncio.sleep(0.01)
    task.cancel()


@pytest.mark.parametrize("body", [{}, {"seq": "x", "mac": 3, "at": None}], ids=str)
async def test_verification_names_a_malformed_head(world, body):
    await world.store.transact([Put(HEAD_KEY, body)])
    assert await world.kinds() == {"truncated"}
