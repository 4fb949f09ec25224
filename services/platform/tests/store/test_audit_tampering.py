"""Whoever can write the table is found out, on every store: what was edited, deleted, inserted or moved is named."""

import asyncio
import sqlite3
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from cnop_core.clock import FixedClock, to_rfc3339
from cnop_platform.audit import AuditEvent, AuditTrail
from cnop_platform.audit.chain import CHAIN_PARTITION, HEAD_KEY, Checkpoint, checkpoint_key, encode_checkpoint
from cnop_platform.audit.sealer import Sealer
from cnop_platform.audit.verification import AuditVerifier
from cnop_platform.request_context import RequestContext
from cnop_platform.store import Delete, Put
from cnop_platform.store.open import open_store
from cnop_platform.system import entropy

KEY = b"k" * 32
CONTEXT = RequestContext("request-1", "203.0.113.9", "curl", via_gateway=True)
EVENT = AuditEvent("login", True, "usr_ann", CONTEXT, subject="usr_ann")


class Trail:
    """Three checkpoints over three records each, a second between records, ten minutes ago."""

    def __init__(self, store):
        self.store = store
        self.clock = FixedClock(datetime(2026, 5, 1, 12, tzinfo=UTC))

    def writer(self, key=KEY):
        return AuditTrail(store=self.store, key=key, service="test", clock=self.clock, entropy=entropy)

    async def fill(self):
        sealer = Sealer(store=self.store, key=KEY, service="test", clock=self.clock)
        for _ in range(3):
            for _ in range(3):
                await self.store.transact([self.writer().record_put(EVENT)])
                self.clock.advance(seconds=1)
            await sealer.seal()
        self.clock.advance(seconds=600)
        return self

    async def records(self):
        return sorted([item async for item in self.store.scan(prefix="AUDIT#2026")], key=lambda item: item.key.sk)

    async def checkpoints(self):
        return (await self.store.query(CHAIN_PARTITION)).items

    async def findings(self):
        async def entry_mac(_user, _seq):
            return None

        verifier = AuditVerifier(store=self.store, key=KEY, clock=self.clock, entry_mac=entry_mac)
        return {(finding.kind, finding.where) for finding in (await verifier.verify()).findings}


@pytest_asyncio.fixture
async def trail(store):
    return await Trail(store).fill()


async def test_nothing_is_found_where_nothing_was_done(trail):
    assert await trail.findings() == set()


@pytest.mark.parametrize(
    "change",
    [
        {"status_id": 2},
        {"time": 0},
        {"actor": {"user": {"uid": "usr_somebody_else"}}},
        {"src_endpoint": {"ip": "192.0.2.1"}},
        {"unmapped": {"amr": "otp"}},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_an_edited_record_is_named(trail, change):
    item = (await trail.records())[4]
    await trail.store.transact([Put(item.key, {**item.body, "record": {**item.body["record"], **change}})])
    assert await trail.findings() == {("edited", item.key.sk)}


@pytest.mark.parametrize("position", [0, 4, 8])
async def test_a_deleted_record_is_named(trail, position):
    item = (await trail.records())[position]
    await trail.store.transact([Delete(item.key)])
    assert await trail.findings() == {("deleted", item.key.sk)}


async def test_a_record_inserted_under_another_key_is_named(trail):
    forged = trail.writer(key=b"x" * 32).record_put(EVENT)
    await trail.store.transact([forged])
    assert await trail.findings() == {("edited", forged.key.sk)}


async def test_a_genuine_record_inserted_afterwards_is_named(trail):
    late = trail.writer().record_put(EVENT)
    trail.clock.advance(seconds=600)
    await trail.store.transact([late])
    assert await trail.findings() == {("inserted", late.key.sk)}


async def test_records_in_another_order_are_named(trail):
    first, second = (await trail.records())[3:5]
    await trail.store.transact([Put(first.key, second.body), Put(second.key, first.body)])
    assert await trail.findings() == {("edited", first.key.sk), ("edited", second.key.sk)}


async def test_an_edited_checkpoint_is_named(trail):
    item = (await trail.checkpoints())[1]
    await trail.store.transact([Put(item.key, {**item.body, "records": [], "digest": "0" * 64})])
    assert ("edited", f"checkpoint {item.key.sk}") in await trail.findings()


@pytest.mark.parametrize("position", [0, 1])
async def test_a_deleted_checkpoint_is_named_by_the_one_that_followed(trail, position):
    gone, following = (await trail.checkpoints())[position : position + 2]
    await trail.store.transact([Delete(gone.key)])
    assert ("broken", f"checkpoint {following.key.sk}") in await trail.findings()


async def test_the_last_checkpoint_deleted_is_missed_at_the_head(trail):
    await trail.store.transact([Delete((await trail.checkpoints())[-1].key)])
    assert ("truncated", "head") in await trail.findings()


async def test_an_inserted_checkpoint_is_named_even_with_the_head_moved_to_it(trail):
    last = (await trail.checkpoints())[-1]
    forged = Checkpoint(seq=4, previous=str(last.body["mac"]), at=trail.clock.now(), service="test").signed(b"x" * 32)
    head = {"seq": 4, "mac": forged.mac, "at": to_rfc3339(forged.at)}
    await trail.store.transact([Put(checkpoint_key(4), encode_checkpoint(forged)), Put(HEAD_KEY, head)])
    assert ("edited", f"checkpoint {checkpoint_key(4).sk}") in await trail.findings()


async def test_checkpoints_in_another_order_are_named(trail):
    first, second, _ = await trail.checkpoints()
    await trail.store.transact([Put(first.key, second.body), Put(second.key, first.body)])
    found = await trail.findings()
    assert {("broken", f"checkpoint {first.key.sk}"), ("broken", f"checkpoint {second.key.sk}")} <= found


async def test_a_record_sealed_twice_over_does_not_hide_another(trail):
    """A checkpoint that lists a record of its neighbour instead of its own lacks the right digest or signature."""
    first, second, _ = await trail.checkpoints()
    await trail.store.transact([Put(second.key, {**second.body, "records": first.body["records"]})])
    assert ("edited", f"checkpoint {second.key.sk}") in await trail.findings()


def test_an_edit_with_sql_in_the_file_itself_is_named(sqlite_url, sqlite_file):
    async def fill():
        store = await open_store(sqlite_url)
        records = await (await Trail(store).fill()).records()
        await store.close()
        return records[2].key

    async def find():
        store = await open_store(sqlite_url)
        trail = Trail(store)
        trail.clock.advance(seconds=900)
        found = await trail.findings()
        await store.close()
        return found

    key = asyncio.run(fill())
    with sqlite3.connect(sqlite_file) as database:
        sql = "UPDATE items SET body = replace(body, '203.0.113.9', '203.0.113.8') WHERE pk = ? AND sk = ?"
        assert database.execute(sql, key).rowcount == 1
    database.close()
    assert asyncio.run(find()) == {("edited", key.sk)}
    with sqlite3.connect(sqlite_file) as database:
        assert database.execute("DELETE FROM items WHERE pk = ? AND sk = ?", key).rowcount == 1
    database.close()
    assert asyncio.run(find()) == {("deleted", key.sk)}
