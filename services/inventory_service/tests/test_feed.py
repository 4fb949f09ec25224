import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from samples import BTC, ETH, NOW, asset, observed, quote

from cnop_inventory.adapters.simulated import SimulatedSource, installation_seed
from cnop_inventory.application import feed as feed_module
from cnop_inventory.application.candle_keeper import CandleKeeper
from cnop_inventory.application.feed import PriceFeed
from cnop_inventory.application.feed_records import FeedRecords
from cnop_inventory.application.market_item import MARKET_KEY, read_market
from cnop_inventory.application.price_desk import PriceDesk
from cnop_inventory.domain.sanity import PriceGate, SanityBounds, Verdict
from cnop_platform.catalogue import Catalogue, asset_put
from cnop_platform.chores import background
from cnop_platform.prices import SNAPSHOT_KEY, decode_quotes
from cnop_platform.store import Absent, StoreUnavailable
from cnop_platform.store.memory import MemoryStore


class Source:
    name = "test"

    def __init__(self):
        self.runs = 0
        self.deliver = None
        self.assets = None

    async def run(self, assets, deliver):
        self.runs += 1
        self.assets, self.deliver = assets, deliver
        await asyncio.Event().wait()


class Outlet:
    def __init__(self):
        self.published = []
        self.latest = []
        self.heard = True

    async def publish(self, *, changed, latest):
        self.published.append(list(changed))
        self.latest = list(latest)
        return self.heard


class Permit:
    def __init__(self):
        self._granted = asyncio.Event()
        self._withdrawn = asyncio.Event()
        self.grant()

    def grant(self):
        self._granted.set()
        self._withdrawn.clear()

    def withdraw(self):
        self._granted.clear()
        self._withdrawn.set()

    @property
    def may_work(self):
        return self._granted.is_set()

    async def wait_until(self, *, may_work):
        await (self._granted if may_work else self._withdrawn).wait()


class Log:
    def __init__(self):
        self.records = []

    def record(self, quote, verdict, *, reference):
        self.records.append((quote.asset_id, verdict, reference))


class AwayStore(MemoryStore):
    away = False
    snapshots = 0

    async def transact(self, writes):
        if self.away:
            raise StoreUnavailable("the store is away")
        self.snapshots += any(write.key == SNAPSHOT_KEY for write in writes)
        await super().transact(writes)

    async def query(self, *args, **kwargs):
        if self.away:
            raise StoreUnavailable("the store is away")
        return await super().query(*args, **kwargs)


class Bench:
    """A feed with everything around it under control."""

    def __init__(self, store, clock, *, source_name="test"):
        self.store, self.clock = store, clock
        self.source, self.outlet, self.permit, self.log = Source(), Outlet(), Permit(), Log()
        self.source.name = source_name
        self.desk = PriceDesk(gate=PriceGate(SanityBounds()), log=self.log, clock=clock)
        self.feed = PriceFeed(
            source=self.source,
            desk=self.desk,
            keeper=CandleKeeper(store=store, source=source_name, clock=clock, past=None),
            records=FeedRecords(store=store, source=source_name),
            outlet=self.outlet,
            catalogue=Catalogue(store=store, clock=clock),
            permit=self.permit,
        )

    @asynccontextmanager
    async def running(self):
        async with background([self.feed.run]):
            await until(lambda: self.source.deliver is not None)
            yield self

    async def snapshot(self):
        item = await self.store.get(SNAPSHOT_KEY)
        return decode_quotes(item.body["quotes"]) if item else []


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    """A second of the feed lasts a hundredth of one."""
    for name in ("PUBLISH_SECONDS", "SNAPSHOT_SECONDS", "LONE_SNAPSHOT_SECONDS", "FIGURES_SECONDS", "_CANDLES_SECONDS"):
        monkeypatch.setattr(feed_module, name, getattr(feed_module, name) / 100)


@pytest.fixture
def store():
    return AwayStore()


@pytest.fixture
def bench(store, clock):
    return Bench(store, clock)


async def test_prices_that_come_together_go_out_together(bench):
    async with bench.running():
        bench.source.deliver([observed(100)])
        bench.source.deliver([observed(3, asset_id=ETH), observed(101, seconds=0.5)])
        await until(lambda: bench.outlet.published)
        assert bench.outlet.published == [[quote(101, seconds=0.5), quote(3, asset_id=ETH)]]


async def test_only_what_changed_goes_out_and_everything_is_left_for_newcomers(bench):
    async with bench.running():
        bench.source.deliver([observed(100), observed(3, asset_id=ETH)])
        await until(lambda: len(bench.outlet.published) == 1)
        bench.source.deliver([observed(101, seconds=1)])
        await until(lambda: len(bench.outlet.published) == 2)
        assert bench.outlet.published[1] == [quote(101, seconds=1)]
        assert len(bench.outlet.latest) == 2


async def test_a_quarantined_price_is_recorded_and_goes_nowhere(bench):
    async with bench.running():
        bench.source.deliver([observed(100)])
        bench.source.deliver([observed(1_000, seconds=1)])
        await until(lambda: bench.outlet.published)
        await until(lambda: bench.store.snapshots > 1)
        assert bench.log.records == [(BTC, Verdict.QUARANTINED, quote(100))]
        assert bench.outlet.published == [[quote(100)]]
        assert await bench.snapshot() == [quote(100)]


async def test_the_snapshot_is_written_more_often_while_valkey_is_away(bench):
    async with bench.running():
        bench.source.deliver([observed(100)])
        await until(lambda: bench.outlet.published)
        calm = await snapshots_in(bench, seconds=0.5)
        bench.outlet.heard = False
        bench.source.deliver([observed(101, seconds=1)])
        await until(lambda: len(bench.outlet.published) == 2)
        alone = await snapshots_in(bench, seconds=0.5)
    assert alone > 1.5 * calm


async def snapshots_in(bench, *, seconds):
    before = bench.store.snapshots
    await asyncio.sleep(seconds)
    return bench.store.snapshots - before


async def test_figures_of_the_provider_go_before_those_of_candles(bench):
    async with bench.running():
        stated = observed(100)
        bench.source.deliver([replace(stated, figures={"high_24h": "7", "market_cap": "5"})])
        await until(lambda: bench.outlet.published)
        await until(lambda: MARKET_KEY in bench.store._items)
        async with asyncio.timeout(5):
            while read_market(await bench.store.get(MARKET_KEY)).figures.get(BTC, {}).get("low_24h") is None:
                await asyncio.sleep(0.01)
        market = read_market(await bench.store.get(MARKET_KEY))
    assert market.source == "test"
    assert market.figures[BTC] == {"high_24h": "7", "low_24h": "100", "market_cap": "5"}


async def test_without_the_permit_nothing_is_done_and_with_it_work_goes_on(bench):
    bench.permit.withdraw()
    async with background([bench.feed.run]):
        await asyncio.sleep(0.05)
        assert bench.source.runs == 0
        for shift in (1, 2):
            bench.permit.grant()
            await until(lambda shift=shift: bench.source.runs == shift)
            bench.permit.withdraw()
            await asyncio.sleep(0.02)


async def test_at_the_end_of_a_shift_the_last_prices_are_left(bench):
    async with bench.running():
        bench.source.deliver([observed(100)])
        await until(lambda: bench.outlet.published)
        bench.source.deliver([observed(102, seconds=1)])
        bench.permit.withdraw()
        async with asyncio.timeout(5):
            while await bench.snapshot() != [quote(102, seconds=1)]:
                await asyncio.sleep(0.01)


async def test_a_restart_goes_on_from_the_snapshot(store, clock):
    async with Bench(store, clock).running() as first:
        first.source.deliver([observed(100)])
        await until(lambda: store.snapshots)
        await until(lambda: MARKET_KEY in store._items)
    async with Bench(store, clock).running() as second:
        second.source.deliver([observed(1_000, seconds=1)])
        assert second.log.records == [(BTC, Verdict.QUARANTINED, quote(100))]


async def test_prices_of_another_provider_are_no_measure(store, clock):
    async with Bench(store, clock).running() as first:
        first.source.deliver([observed(100)])
        await until(lambda: store.snapshots)
        await until(lambda: MARKET_KEY in store._items)
    async with Bench(store, clock, source_name="other").running() as second:
        second.source.deliver([observed(1_000, seconds=1)])
        await until(lambda: second.outlet.published)
        assert second.log.records == []


async def test_the_store_away_holds_up_no_price(bench, store, clock):
    await store.transact([asset_put(asset(), condition=Absent())])
    async with bench.running():
        assert list(await bench.source.assets()) == [BTC]
        store.away = True
        clock.advance(seconds=10)
        assert list(await bench.source.assets()) == [BTC]
        for second in range(1, 4):
            bench.source.deliver([observed(100, seconds=second)])
            await until(lambda second=second: len(bench.outlet.published) == second)
        store.away = False
        snapshots = store.snapshots
        await until(lambda: store.snapshots > snapshots)
        assert await bench.snapshot() == [quote(100, seconds=3)]


async def test_only_active_assets_are_fed(bench, store):
    await store.transact(
        [asset_put(asset(), condition=Absent()), asset_put(asset("ETH", is_active=False), condition=Absent())]
    )
    async with bench.running():
        assert list(await bench.source.assets()) == [BTC]


async def test_a_provider_that_crashes_ends_the_feed(bench):
    async def crash(assets, deliver):
        raise RuntimeError("a defect")

    bench.source.run = crash
    with pytest.raises(ExceptionGroup):
        async with asyncio.timeout(5):
            await bench.feed.run()


class Ticks:
    """Lets a simulated source run for some ticks of the clock."""

    def __init__(self, clock, count):
        self.clock, self.count, self.batches = clock, count, []

    async def sleep(self, seconds):
        assert 0 <= seconds <= 1
        self.clock.advance(seconds=seconds)
        if len(self.batches) == self.count:
            raise asyncio.CancelledError


async def simulated(clock, *, seed, count=3):
    ticks = Ticks(clock, count)

    async def assets():
        return [BTC, ETH]

    source = SimulatedSource(seed=seed, clock=clock, sleep=ticks.sleep)
    with pytest.raises(asyncio.CancelledError):
        await source.run(assets, ticks.batches.append)
    return [[each.quote for each in batch] for batch in ticks.batches]


async def test_the_simulated_source_gives_every_asset_a_price_each_second(clock):
    clock.advance(seconds=0.4)
    batches = await simulated(clock, seed=1)
    assert [{each.asset_id for each in batch} for batch in batches] == [{BTC, ETH}] * 3
    assert [batch[0].as_of for batch in batches] == [NOW + timedelta(seconds=second) for second in range(3)]


async def test_two_simulated_replicas_of_one_seed_give_the_same_quotes(clock):
    later = type(clock)(clock.now())
    later.advance(seconds=0.3)
    assert await simulated(clock, seed=5) == await simulated(later, seed=5)


def entropy_of(value):
    return lambda count: bytes([value]) * count


async def test_an_installation_draws_its_seed_once(store):
    drawn = [await installation_seed(store, entropy=entropy_of(value)) for value in (3, 4)]
    assert drawn[0] == drawn[1] == int.from_bytes(bytes([3]) * 8, "big")


async def test_replicas_that_draw_a_seed_at_once_agree(store):
    seeds = await asyncio.gather(*(installation_seed(store, entropy=entropy_of(value)) for value in range(1, 6)))
    assert len(set(seeds)) == 1
