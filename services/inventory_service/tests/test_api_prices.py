from datetime import UTC, datetime, timedelta

import pytest
from samples import BTC

from cnop_core.clock import to_rfc3339
from cnop_inventory.api.models import HistoryAnswer
from cnop_inventory.application.candle_items import candle_put
from cnop_inventory.application.market_item import MarketItem, market_put
from cnop_inventory.domain.candles import Candle, Interval
from cnop_platform.system import SystemClock

USD = 10**8


@pytest.fixture
async def hour_ago(service):
    """Ten minutes of stored candles that ended an hour ago; gives the start of the first."""
    first = Interval.MINUTE.start_of(int((SystemClock().now() - timedelta(minutes=70)).timestamp()))
    candles = [Candle(first + 60 * number, USD, 3 * USD, USD // 2, 2 * USD + number) for number in range(10)]
    puts = [candle_put(each, source="test", asset_id=BTC, interval=Interval.MINUTE) for each in candles]
    await service.store.transact([*puts, market_put(MarketItem(source="test", figures={}))])
    return first


def text(second):
    return to_rfc3339(datetime.fromtimestamp(second, UTC))


async def test_candles_are_given_in_exact_strings_oldest_first(hour_ago, client):
    response = await client.get(f"/inventory/assets/btc/prices?interval=1m&start={text(hour_ago)}")
    answer = response.json()
    HistoryAnswer.model_validate(answer)
    assert (answer["asset_id"], answer["interval"], answer["source"]) == ("BTC", "1m", "test")
    assert len(answer["data"]) == 10
    assert answer["data"][1] == {
        "time": text(hour_ago + 60),
        "open": "1",
        "high": "3",
        "low": "0.5",
        "close": "2.00000001",
    }


async def test_a_period_can_be_named(hour_ago, client):
    period = {"interval": "1m", "start": text(hour_ago + 120), "end": text(hour_ago + 240)}
    response = await client.get("/inventory/assets/BTC/prices", params=period)
    assert [each["time"] for each in response.json()["data"]] == [text(hour_ago + 120), text(hour_ago + 180)]


async def test_an_asset_without_history_has_none(client):
    response = await client.get("/inventory/assets/BTC/prices")
    assert (response.status_code, response.json()["data"], response.json()["source"]) == (200, [], None)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("interval=2m", "interval"),
        ("interval=1m&start=2020-01-01", "start"),
        ("start=2026-01-01T00:00:00", "start"),
        ("end=never", "end"),
        ("interval=1m&start=2026-01-01T01:00:00Z&end=2026-01-01T00:00:00Z", "end"),
    ],
)
async def test_a_bad_query_names_its_field(client, query, field):
    response = await client.get(f"/inventory/assets/BTC/prices?{query}")
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, field)


@pytest.mark.parametrize(("asset_id", "status"), [("NOPE", 404), ("no-good", 422)])
async def test_only_a_listed_asset_has_a_history(client, asset_id, status):
    assert (await client.get(f"/inventory/assets/{asset_id}/prices")).status_code == status
