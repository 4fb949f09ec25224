"""Units as DynamoDB Local counts them, and as we compute them. It leaves out a check beside writes, which AWS bills."""

import pytest

from cnop_platform.store import Absent, Check, Key, Put, Version
from cnop_platform.store.capacity import CapacityMeter, write_units
from cnop_platform.store.dynamodb import DynamoStore
from cnop_platform.store.open import dynamodb_place

WALLET, ORDER = Key("WALLET#1", "WALLET"), Key("ORDER#1", "ORDER")


def test_a_market_order_of_four_small_items_is_eight_write_units():
    writes = [
        Put(WALLET, {"posted": {"USD": 1_000_000, "BTC": 1_000}, "seq": 7}, Version(7)),
        Put(Key("WALLET#1", "ENTRY#8"), {"postings": [["user", "USD", -10]]}, Absent()),
        Put(ORDER, {"status": "completed"}, Absent()),
        Put(Key("IDEM#1", "key"), {"hash": "x" * 43}, Absent(), expires_at=2_000_000_000),
    ]
    assert write_units(writes) == 8


def test_a_resting_order_pays_for_its_place_in_the_index():
    assert write_units([Put(ORDER, {}, index=Key("OPEN", "1"))]) == 4


def test_each_kilobyte_begun_counts():
    assert write_units([Put(ORDER, {"text": "x" * 900})]) == 2
    assert write_units([Put(ORDER, {"text": "x" * 1024})]) == 4


@pytest.mark.enable_socket
async def test_units_are_metered_and_computed_alike(dynamodb_url):
    place, meter = dynamodb_place(dynamodb_url), CapacityMeter()
    store = await DynamoStore.open(region=place.region, table=place.table, endpoint=place.endpoint, meter=meter)
    transactions = [
        [Put(WALLET, {"text": "x" * 100}), Put(ORDER, {}, Absent(), index=Key("OPEN", "1"))],
        [Put(WALLET, {"text": "x" * 950}, Version(1))],
        [Put(WALLET, {"text": "x" * 3000}), Put(ORDER, {}, Version(1), index=Key("OPEN", "1"))],
        [Check(ORDER, Version(2))],
    ]
    try:
        for transaction in transactions:
            before = meter.writes
            await store.transact(transaction)
            assert meter.writes - before == write_units(transaction)
        assert meter.reads == 0
        await store.get(WALLET)
        assert meter.reads == 1
        assert meter.requests == 5
    finally:
        await store.close()
