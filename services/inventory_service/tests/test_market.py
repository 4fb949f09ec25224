from dataclasses import replace
from datetime import timedelta

import pytest
from samples import BTC, NOW, asset, quote

from cnop_core.ids import AssetId
from cnop_inventory.application.candle_items import candle_put
from cnop_inventory.application.market import MarketView
from cnop_inventory.application.market_item import MARKET_KEY, MarketItem, market_put, read_market
from cnop_inventory.application.price_history import InvalidPeriod, PriceHistory
from cnop_inventory.domain.candles import Candle, Interval, first_candle
from cnop_platform.catalogue import Catalogue, UnknownAsset, asset_put
from cnop_platform.prices import PriceBoard
from cnop_platform.store import Absent, Anything, Put

START = int(NOW.timestamp())
USD = 10**8


@pytest.fixture
async def view(store, clock):
    await store.transact([asset_put(asset(), condition=Absent())])
    board = PriceBoard(store=store, cache=None, clock=clock)
    return MarketView(catalogue=Catalogue(store=store, clock=clock), board=board, store=store)


async def leave(store, view, *, source="test", **figures):
    await store.transact([market_put(MarketItem(source=source, figures={BTC: figures}))])
    await view.refresh_figures()


async def test_the_market_joins_catalogue_prices_and_figures(view, store):
    await view._board.accept([quote(100)])
    await leave(store, view, market_cap="5")
    market = await view.now()
    listed = market.get(BTC)
    assert (listed.asset.name, listed.price, listed.figures, market.source) == (
        "Btc",
        100 * USD,
        {"market_cap": "5"},
        "test",
    )


async def test_while_nothing_changes_it_is_the_same_object(view, store):
    first = await view.now()
    await view.refresh_figures()
    assert await view.now() is first


async def test_a_change_of_any_part_makes_a_new_one(view, store, clock):
    seen = [await view.now()]
    await view._board.accept([quote(100)])
    seen.append(await view.now())
    await leave(store, view, market_cap="5")
    seen.append(await view.now())
    await store.transact([asset_put(asset(name="Renamed"), condition=Anything())])
    clock.advance(seconds=2)
    seen.append(await view.now())
    assert len({id(each) for each in seen}) == 4


async def test_an_unknown_asset_is_said_to_be_so(view):
    with pytest.raises(UnknownAsset):
        (await view.now()).get(AssetId("NOPE"))


@pytest.mark.parametrize(
    "body", [{}, {"source": 3, "figures": []}, {"figures": {"BTC": 3}}, {"figures": {"BTC": {"ath": {}}}}]
)
async def test_a_malformed_market_item_shows_no_figures(view, store, body):
    await store.transact([Put(MARKET_KEY, body)])
    await view.refresh_figures()
    assert read_market(await store.get(MARKET_KEY)).source is None
    assert (await view.now()).get(BTC).figures == {}


async def test_the_last_update_is_the_later_of_price_and_description(view):
    listed = (await view.now()).get(BTC)
    assert listed.last_updated == NOW
    assert replace(listed, quote=quote(seconds=5)).last_updated == NOW + timedelta(seconds=5)
    assert replace(listed, quote=quote(seconds=-5)).last_updated == NOW


@pytest.fixture
def history(view, store, clock):
    return PriceHistory(store=store, view=view, clock=clock)


async def keep(store, *starts, interval=Interval.MINUTE):
    candles = [Candle(start, USD, 3 * USD, USD, 2 * USD) for start in starts]
    await store.transact([candle_put(each, source="test", asset_id=BTC, interval=interval) for each in candles])


async def starts(history, interval=Interval.MINUTE, *, start=None, end=None):
    found = await history.candles(BTC, interval, start=start, end=end)
    return [(each.start - START) // interval.seconds for each in found.candles]


async def test_a_period_includes_its_start_and_not_its_end(history, store, view):
    await leave(store, view)
    await keep(store, *(START - 60 * number for number in range(1, 10)))
    period = {"start": NOW - timedelta(minutes=5), "end": NOW - timedelta(minutes=2)}
    assert await starts(history, **period) == [-5, -4, -3]
    inside = {"start": NOW - timedelta(minutes=4, seconds=30), "end": NOW - timedelta(minutes=2, seconds=30)}
    assert await starts(history, **inside) == [-5, -4, -3]


async def test_without_a_period_the_most_recent_candles_come(history, store, view):
    await leave(store, view)
    await keep(store, START - 3600 * 24, START - 120, START - 60)
    assert await starts(history) == [-2, -1]


async def test_the_open_candle_is_completed_with_the_live_price(history, store, view, clock):
    clock.advance(seconds=30)
    await leave(store, view)
    await keep(store, START - 3600, START, interval=Interval.HOUR)
    await view._board.accept([quote(9, seconds=30)])
    found = await history.candles(BTC, Interval.HOUR, start=None, end=None)
    assert found.candles[-1] == Candle(START, USD, 9 * USD, USD, 9 * USD)
    assert found.candles[0].close == 2 * USD


async def test_a_candle_that_is_not_stored_yet_begins_with_the_live_price(history, store, view, clock):
    clock.advance(seconds=30)
    await leave(store, view)
    await keep(store, START - 60)
    await view._board.accept([quote(9, seconds=30)])
    found = await history.candles(BTC, Interval.MINUTE, start=None, end=None)
    assert found.candles[1:] == [first_candle(START, 9 * USD)]


async def test_a_past_period_is_not_touched_by_the_live_price(history, store, view, clock):
    await leave(store, view)
    await keep(store, START - 120)
    await view._board.accept([quote(9)])
    assert await starts(history, end=NOW - timedelta(minutes=1)) == [-2]


async def test_candles_of_another_provider_are_not_shown(history, store, view):
    await keep(store, START - 60)
    await leave(store, view, source="other")
    assert await starts(history) == []


async def test_before_the_feed_first_ran_there_are_none(history):
    assert await history.candles(BTC, Interval.DAY, start=None, end=None) == ([], None)


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [(-60, -60, "end"), (-60, -120, "end"), (-60 * 1_001, None, "start"), (-60 * 1_100, -60, "start")],
)
async def test_an_impossible_period_is_refused(history, view, store, start, end, field):
    await leave(store, view)
    moment = {"start": NOW + timedelta(seconds=start), "end": NOW + timedelta(seconds=end) if end else None}
    with pytest.raises(InvalidPeriod) as raised:
        await history.candles(BTC, Interval.MINUTE, **moment)
    assert [error.field for error in raised.value.errors] == [field]


async def test_a_period_in_the_future_is_empty(history, view, store):
    await leave(store, view)
    assert await starts(history, start=NOW + timedelta(hours=1), end=NOW + timedelta(hours=2)) == []


async def test_nothing_older_than_the_retention_is_looked_for(history, view, store):
    await leave(store, view)
    ancient = NOW.replace(year=1)
    assert await starts(history, Interval.HOUR, start=NOW - timedelta(days=41), end=NOW - timedelta(days=1)) == []
    assert await starts(history, Interval.DAY, start=ancient.replace(year=2020), end=NOW.replace(year=2021)) == []
