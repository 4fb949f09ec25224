import pytest

from cnop_platform.candles import MARKET_KEY, CandleInterval, ClosingPrices, candle_key
from cnop_platform.store import Put
from cnop_platform.testing.stores import memory_store

__all__ = ["memory_store"]
HOUR = 3600


@pytest.fixture
async def prices(memory_store):
    for start in range(0, 5 * HOUR, HOUR):
        key = candle_key(source="simulated", asset_id="BTC", interval="1h", start=start)
        await memory_store.transact([Put(key, {"open": 1, "high": 9, "low": 1, "close": start // HOUR + 1})])
    return ClosingPrices(memory_store)


async def test_closing_prices_come_by_the_start_of_their_candle(prices):
    found = await prices.between(HOUR, 3 * HOUR, source="simulated", asset_id="BTC", interval=CandleInterval.HOUR)
    assert found == {HOUR: 2, 2 * HOUR: 3, 3 * HOUR: 4}


@pytest.mark.parametrize(
    "other", [{"source": "coinbase"}, {"asset_id": "ETH"}, {"interval": CandleInterval.DAY}], ids=str
)
async def test_other_providers_assets_and_intervals_are_apart(prices, other):
    asked = {"source": "simulated", "asset_id": "BTC", "interval": CandleInterval.HOUR, **other}
    assert await prices.between(0, 9 * HOUR, **asked) == {}


async def test_the_provider_is_the_one_that_feeds_now(prices, memory_store):
    assert await prices.source() is None
    await memory_store.transact([Put(MARKET_KEY, {"source": "coinbase", "figures": {}})])
    assert await prices.source() == "coinbase"
