from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cnop_core.clock import FixedClock
from cnop_core.ids import AssetId
from cnop_platform.catalogue import Asset, Catalogue, UnknownAsset, asset_from_item, asset_put
from cnop_platform.store import Absent, Anything, Key, StoreUnavailable
from cnop_platform.store.memory import MemoryStore

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
BTC = AssetId("BTC")
BITCOIN = Asset(
    asset_id=BTC,
    name="Bitcoin",
    symbol="BTC",
    description="The first one.",
    category="layer-1",
    image="",
    scale=8,
    min_quantity=100_000,
    max_quantity=100_000_000_000,
    is_active=True,
    updated_at=NOW,
    rank=1,
)


class CountingStore(MemoryStore):
    reads = 0
    away = False

    async def query(self, *args, **kwargs):
        self.reads += 1
        if self.away:
            raise StoreUnavailable("the store is away")
        return await super().query(*args, **kwargs)


@pytest.fixture
def clock():
    return FixedClock(NOW)


@pytest.fixture
async def store():
    store = CountingStore()
    await store.transact([asset_put(BITCOIN, condition=Absent())])
    return store


@pytest.fixture
def catalogue(store, clock):
    return Catalogue(store=store, clock=clock)


async def test_an_asset_survives_the_store(store):
    item = await store.get(Key("ASSETS", "BTC"))
    assert asset_from_item(item) == replace(BITCOIN, version=1)


async def test_an_unknown_asset_is_named_so(catalogue):
    with pytest.raises(UnknownAsset):
        await catalogue.get(AssetId("NOPE"))


async def test_the_store_is_asked_at_most_every_two_seconds(catalogue, store, clock):
    for _ in range(5):
        await catalogue.get(BTC)
    assert store.reads == 1
    clock.advance(seconds=2)
    await catalogue.get(BTC)
    assert store.reads == 2


async def test_a_change_is_seen_two_seconds_later(catalogue, store, clock):
    await catalogue.get(BTC)
    await store.transact([asset_put(replace(BITCOIN, is_active=False), condition=Anything())])
    assert (await catalogue.get(BTC)).is_active
    clock.advance(seconds=2)
    assert not (await catalogue.get(BTC)).is_active


async def test_while_nothing_changes_the_same_object_is_given(catalogue, store, clock):
    first = await catalogue.all()
    clock.advance(seconds=2)
    assert await catalogue.all() is first
    await store.transact([asset_put(replace(BITCOIN, name="Renamed"), condition=Anything())])
    clock.advance(seconds=2)
    assert await catalogue.all() is not first


async def test_a_catalogue_longer_than_a_page_is_read_whole(store, clock):
    many = [replace(BITCOIN, asset_id=AssetId(f"A{number}")) for number in range(1100)]
    for start in range(0, len(many), 100):
        await store.transact([asset_put(asset, condition=Absent()) for asset in many[start : start + 100]])
    assert len(await Catalogue(store=store, clock=clock).all()) == 1101


async def test_without_the_store_an_old_catalogue_is_not_passed_off_as_current(catalogue, store, clock):
    await catalogue.all()
    store.away = True
    clock.advance(seconds=2)
    with pytest.raises(StoreUnavailable):
        await catalogue.all()
