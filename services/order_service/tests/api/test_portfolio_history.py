from datetime import timedelta
from itertools import pairwise

import pytest
from exchange import ALICE, START

from cnop_core.clock import to_rfc3339
from cnop_core.money import parse_units
from cnop_orders.api.answers import HistoryAnswer
from cnop_orders.application import portfolio_history
from cnop_platform.candles import MARKET_KEY, candle_key
from cnop_platform.store import Put

HOUR = 3_600
OLD = 4 * 24 * HOUR
BEGIN = int(START.timestamp()) + OLD


async def candle(exchange, interval, start, close):
    key = candle_key(source="simulated", asset_id="BTC", interval=interval, start=start)
    units = parse_units(close, scale=8)
    await exchange.store.transact([Put(key, dict.fromkeys(("open", "high", "low", "close"), units))])


@pytest.fixture
async def fed(exchange):
    """A wallet is days old. The price was 40,000 in one hour, 45,000 in the next; now, three hours on, it is 50,000."""
    await exchange.store.transact([Put(MARKET_KEY, {"source": "simulated", "figures": {}})])
    await exchange.fund(ALICE, 10_000)
    exchange.clock.advance(seconds=OLD)
    await candle(exchange, "1h", BEGIN, "40000")
    await candle(exchange, "1h", BEGIN + HOUR, "45000")
    exchange.clock.advance(seconds=HOUR / 2)
    await exchange.give(ALICE, "BTC", "1", price="1000")
    exchange.clock.advance(seconds=2.5 * HOUR)
    await exchange.price(BTC="50000")
    return exchange


async def shown(exchange, **params):
    answer = HistoryAnswer.model_validate(await exchange.get("/portfolio/history", params=params))
    return [(point.timestamp[11:16], point.usd_balance, point.total_asset_value) for point in answer.data]


async def test_each_point_has_the_holdings_and_prices_of_its_time(fed):
    assert (await shown(fed))[-4:] == [
        ("13:00", "10000.00", "40000.00"),
        ("14:00", "10000.00", "45000.00"),
        ("15:00", "10000.00", "45000.00"),
        ("15:00", "10000.00", "50000.00"),
    ]


async def test_before_a_purchase_there_was_nothing_of_it(fed):
    await fed.fund(ALICE, 100)
    fed.clock.advance(seconds=HOUR)
    await fed.price(BTC="50000")
    await fed.place(order_type="market_sell", quantity="0.5")
    fed.clock.advance(seconds=2 * HOUR)
    await fed.price(BTC="50000")
    points = await shown(fed)
    assert points[-5:] == [
        ("15:00", "10000.00", "45000.00"),
        ("16:00", "10100.00", "45000.00"),
        ("17:00", "35100.00", "22500.00"),
        ("18:00", "35100.00", "22500.00"),
        ("18:00", "35100.00", "25000.00"),
    ]


async def test_an_empty_wallet_has_one_point(exchange):
    points = await shown(exchange)
    assert [point[1:] for point in points] == [("0.00", "0.00")] * len(points)
    assert points


async def test_a_wallet_of_this_very_second_has_its_present_alone(exchange):
    exchange.clock.advance(seconds=0.25)
    await exchange.fund(ALICE, 100)
    exchange.clock.advance(seconds=0.5)
    answer = await exchange.get("/portfolio/history", params={})
    assert [point["timestamp"] for point in answer["data"]] == [to_rfc3339(START)]


async def test_without_a_feed_assets_count_nothing_in_the_past(exchange):
    await exchange.give(ALICE, "BTC", "1")
    exchange.clock.advance(seconds=2 * HOUR)
    await exchange.price(BTC="50000")
    points = await shown(exchange)
    assert {point[2] for point in points[:-1]} == {"0.00"}
    assert points[-1][2] == "50000.00"


async def test_a_busy_trader_gets_a_chart_that_starts_later(fed, monkeypatch):
    monkeypatch.setattr(portfolio_history, "MOST_ENTRIES", 2)
    monkeypatch.setattr(portfolio_history, "_CHUNK", 1)
    complete = len(await shown(fed))
    for _ in range(3):
        fed.clock.advance(seconds=HOUR)
        await fed.price(BTC="50000")
        await fed.fund(ALICE, 1)
    points = await shown(fed)
    assert len(points) < complete
    assert [point[1] for point in points][-1] == "10003.00"


@pytest.mark.parametrize(("period", "step", "most"), [("1d", 300, 290), ("1w", 3600, 170), ("1m", 14400, 182)])
async def test_periods_are_sampled_evenly(fed, period, step, most):
    fed.clock.advance(seconds=40 * 86_400)
    await fed.price(BTC="50000")
    answer = HistoryAnswer.model_validate(await fed.get("/portfolio/history", params={"period": period}))
    times = [portfolio_time(point.timestamp) for point in answer.data]
    assert answer.interval_seconds == step
    assert len(times) <= most
    assert {after - before for before, after in pairwise(times[:-1])} == {timedelta(seconds=step)}


def portfolio_time(text):
    return type(START).fromisoformat(text)


@pytest.mark.parametrize(("age", "step", "points"), [(600, 60, 12), (2 * HOUR, 60, 122), (5 * HOUR, 300, 62)])
@pytest.mark.parametrize("period", ["1d", "1y"])
async def test_a_young_wallet_is_shown_as_finely_as_its_age_allows(exchange, period, age, step, points):
    await exchange.store.transact([Put(MARKET_KEY, {"source": "simulated", "figures": {}})])
    begin = int(START.timestamp())
    await candle(exchange, "1m" if step == 60 else "5m", begin, "40000")
    await exchange.fund(ALICE, 10_000)
    await exchange.give(ALICE, "BTC", "1", price="1000")
    exchange.clock.advance(seconds=age)
    await exchange.price(BTC="50000")
    answer = HistoryAnswer.model_validate(await exchange.get("/portfolio/history", params={"period": period}))
    assert (answer.interval_seconds, len(answer.data)) == (step, points)
    assert [point.total_asset_value for point in answer.data[:-1]] == ["40000.00"] * (points - 1)
    assert answer.data[-1].total_asset_value == "50000.00"


async def test_an_unknown_period_is_refused(exchange):
    answer = await exchange.call("GET", "/portfolio/history", params={"period": "forever"})
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
