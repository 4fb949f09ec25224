import pytest
from samples import BTC, NOW, quote

from cnop_inventory.application.candle_items import candle_put, read_candles
from cnop_inventory.application.candle_keeper import CandleKeeper
from cnop_inventory.domain.backfill import DEPTH_SECONDS
from cnop_inventory.domain.candles import Candle, Interval
from cnop_platform.store import StoreUnavailable
from cnop_platform.store.memory import MemoryStore

START = int(NOW.timestamp())


class Past:
    asked = 0

    def past_price(self, asset_id, second, finest_seconds):
        self.asked += 1
        return 4_300_000_000_000 + second % 1_000


class AwayStore(MemoryStore):
    away = False
    writes = 0

    async def transact(self, writes):
        if self.away:
            raise StoreUnavailable("the store is away")
        self.writes += len(writes)
        await super().transact(writes)


@pytest.fixture
def store():
    return AwayStore()


@pytest.fixture
def make(store, clock):
    return lambda past=None: CandleKeeper(store=store, source="test", clock=clock, past=past)


async def stored(store, interval, *, source="test", start=START - 86_400 * 400):
    return await read_candles(store, source=source, asset_id=BTC, interval=interval, start=start, end=START + 86_400)


async def test_a_candle_survives_the_store(store):
    candle = Candle(START, 4, 9, 1, 5)
    await store.transact([candle_put(candle, source="test", asset_id=BTC, interval=Interval.MINUTE)])
    assert await stored(store, Interval.MINUTE) == [candle]
    assert await stored(store, Interval.FIVE_MINUTES) == []
    assert await stored(store, Interval.MINUTE, source="other") == []


async def test_a_candle_expires_with_its_retention():
    put = candle_put(Candle(START, 4, 9, 1, 5), source="test", asset_id=BTC, interval=Interval.HOUR)
    assert put.expires_at == START + Interval.HOUR.retention_seconds


async def test_long_histories_are_read_whole(store):
    candles = [Candle(START - 60 * number, 1, 1, 1, 1) for number in range(1_100)]
    for first in range(0, 1_100, 100):
        puts = [
            candle_put(each, source="test", asset_id=BTC, interval=Interval.MINUTE) for each in candles[first:][:100]
        ]
        await store.transact(puts)
    assert await stored(store, Interval.MINUTE) == candles[::-1]


async def test_prices_become_stored_candles(store, make):
    keeper = make()
    for second in range(0, 121, 10):
        keeper.add(quote(100 + second, seconds=second))
    await keeper.flush()
    minutes = await stored(store, Interval.MINUTE)
    assert [(each.start - START, each.open, each.close) for each in minutes] == [
        (0, 100 * 10**8, 150 * 10**8),
        (60, 160 * 10**8, 210 * 10**8),
    ]
    assert [each.close for each in await stored(store, Interval.FIVE_MINUTES)] == [220 * 10**8]


async def test_while_the_store_is_away_candles_wait(store, make):
    keeper = make()
    store.away = True
    for second in range(0, 241, 60):
        keeper.add(quote(100, seconds=second))
        await keeper.flush()
    store.away = False
    await keeper.flush()
    assert len(await stored(store, Interval.MINUTE)) == 4
    written = store.writes
    await keeper.flush()
    assert store.writes == written


async def test_the_past_of_a_simulated_asset_is_filled_once(store, make):
    past = Past()
    assert await make(past).restore([BTC])
    for interval in Interval:
        assert len(await stored(store, interval)) == DEPTH_SECONDS[interval] // interval.seconds + 1
    asked = past.asked
    again = make(past)
    assert await again.restore([BTC])
    assert past.asked == asked
    assert not await again.restore([BTC])


async def test_a_gap_of_a_simulated_asset_is_filled(store, make, clock):
    await make(Past()).restore([BTC])
    clock.advance(seconds=1_800)
    await make(Past()).restore([BTC])
    starts = [each.start for each in await stored(store, Interval.MINUTE)]
    assert starts == list(range(starts[0], START + 1_800 + 1, 60))


async def test_the_past_of_a_real_asset_is_not_invented(store, make):
    await make().restore([BTC])
    assert store.writes == 0


async def test_figures_reach_back_to_before_a_restart(store, make):
    keeper = make(Past())
    await keeper.restore([BTC])
    assert set(keeper.figures(quote())) == {
        "high_24h",
        "low_24h",
        "price_change_24h",
        "price_change_percentage_24h",
        "price_change_percentage_7d",
        "price_change_percentage_30d",
    }
    keeper.forget()
    assert keeper.figures(quote()) == {}
