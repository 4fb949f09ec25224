import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from samples import BTC, ETH, USD
from websockets.asyncio.server import serve

from cnop_core.clock import from_rfc3339
from cnop_core.ids import AssetId
from cnop_inventory.adapters.coinbase import CoinbaseSource

pytestmark = pytest.mark.enable_socket

TICKER = {
    "type": "ticker",
    "sequence": 37475248783,
    "product_id": "BTC-USD",
    "price": "43210.12",
    "open_24h": "42000.00",
    "volume_24h": "1245.50",
    "low_24h": "41500.5",
    "high_24h": "43999",
    "volume_30d": "97887.60117027",
    "best_bid": "43210.04",
    "best_bid_size": "0.46688654",
    "best_ask": "43210.27",
    "best_ask_size": "1.56637040",
    "side": "buy",
    "time": "2026-01-31T12:00:00.061769Z",
    "trade_id": 370843401,
    "last_size": "0.4396987",
}
HEARTBEAT = {
    "type": "heartbeat",
    "sequence": 90,
    "last_trade_id": 370843401,
    "product_id": "BTC-USD",
    "time": "2026-01-31T12:00:07.464459Z",
}
KNOWN = {"BTC-USD", "ETH-USD"}


class Exchange:
    """Speaks the exchange's side of the protocol."""

    def __init__(self):
        self.connections = 0
        self.socket = None
        self.subscribed = set()
        self.heard = []

    async def handle(self, socket):
        self.connections += 1
        self.socket, self.subscribed = socket, set()
        async for text in socket:
            message = json.loads(text)
            self.heard.append(message)
            await self.answer(socket, message)

    async def answer(self, socket, message):
        wrong = [product for product in message["product_ids"] if product not in KNOWN]
        if wrong:
            reason = f"{wrong[0]} is not a valid product"
            await socket.send(json.dumps({"type": "error", "message": "Failed to subscribe", "reason": reason}))
            return
        change = self.subscribed.update if message["type"] == "subscribe" else self.subscribed.difference_update
        change(message["product_ids"])
        channels = [{"name": name, "product_ids": sorted(self.subscribed)} for name in message["channels"]]
        await socket.send(json.dumps({"type": "subscriptions", "channels": channels}))

    async def send(self, message, **changes):
        text = message if isinstance(message, str) else json.dumps({**message, **changes})
        await self.socket.send(text)


class Feed:
    def __init__(self, *assets):
        self.assets = set(assets)
        self.observed = []
        self.pauses = []

    async def traded(self):
        return self.assets

    async def sleep(self, seconds):
        self.pauses.append(seconds)
        await asyncio.sleep(0.01)

    @property
    def prices(self):
        return [each.quote.price for each in self.observed]


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
async def exchange():
    exchange = Exchange()
    async with serve(exchange.handle, "127.0.0.1", 0) as server:
        exchange.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield exchange


@asynccontextmanager
async def following(exchange, *assets, silence_seconds=5.0):
    feed = Feed(*assets)
    source = CoinbaseSource(url=exchange.url, silence_seconds=silence_seconds, sleep=feed.sleep)
    work = asyncio.create_task(source.run(feed.traded, feed.observed.extend))
    try:
        await until(lambda: exchange.subscribed or exchange.heard)
        yield feed
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def test_a_ticker_becomes_an_exact_quote_with_the_days_figures(exchange):
    async with following(exchange, BTC) as feed:
        await exchange.send(TICKER)
        await until(lambda: feed.observed)
    [found] = feed.observed
    assert (found.quote.asset_id, found.quote.price) == (BTC, 4_321_012_000_000)
    assert found.quote.as_of == from_rfc3339("2026-01-31T12:00:00.061769Z")
    assert found.figures == {
        "high_24h": "43999",
        "low_24h": "41500.5",
        "price_change_24h": "1210.12",
        "price_change_percentage_24h": "2.8812",
        "total_volume_24h": "53818204.46",
    }


async def test_each_product_is_subscribed_by_itself_so_that_an_unknown_one_harms_no_other(exchange):
    async with following(exchange, BTC, ETH, AssetId("NOPE")) as feed:
        await until(lambda: exchange.subscribed == KNOWN)
        await exchange.send(TICKER)
        await until(lambda: feed.observed)
    assert [message["channels"] for message in exchange.heard] == [["ticker", "heartbeat"]] * 3
    assert exchange.connections == 1


async def test_a_heartbeat_renews_the_price_of_the_last_trade(exchange):
    async with following(exchange, BTC) as feed:
        await exchange.send(TICKER)
        await exchange.send(HEARTBEAT)
        await until(lambda: len(feed.observed) == 2)
    assert feed.prices == [4_321_012_000_000] * 2
    assert feed.observed[1].quote.as_of == from_rfc3339(HEARTBEAT["time"])


async def test_a_heartbeat_that_knows_of_a_later_trade_renews_nothing(exchange):
    async with following(exchange, BTC) as feed:
        await exchange.send(HEARTBEAT)
        await exchange.send(TICKER)
        await exchange.send(HEARTBEAT, last_trade_id=370843402)
        await exchange.send(TICKER, price="1", trade_id=370843403)
        await until(lambda: len(feed.observed) == 2)
    assert feed.prices == [4_321_012_000_000, USD]


@pytest.mark.parametrize(
    "message",
    [
        "not json",
        "[]",
        '"ticker"',
        {"type": "error", "message": "Failed to subscribe"},
        {"type": "status", "products": []},
        {**TICKER, "price": "NaN"},
        {**TICKER, "price": None},
        {**TICKER, "price": "1e999999"},
        {**TICKER, "price": True},
        {**TICKER, "price": "9" * 60},
        {**TICKER, "time": "yesterday"},
        {**TICKER, "time": None},
        {**TICKER, "product_id": "BTC-EUR"},
        {**TICKER, "product_id": None},
        {**TICKER, "trade_id": "x"},
        {**HEARTBEAT, "last_trade_id": None},
    ],
)
async def test_a_message_that_makes_no_sense_is_passed_over(exchange, message):
    async with following(exchange, BTC) as feed:
        await exchange.send(message)
        await exchange.send(TICKER)
        await until(lambda: feed.observed)
    assert feed.prices == [4_321_012_000_000]
    assert exchange.connections == 1


@pytest.mark.parametrize("change", [{"open_24h": "0"}, {"open_24h": None}, {"volume_24h": "NaN"}])
async def test_a_ticker_without_the_days_figures_still_has_its_price(exchange, change):
    async with following(exchange, BTC) as feed:
        await exchange.send(TICKER, **change)
        await until(lambda: feed.observed)
    assert (feed.prices, feed.observed[0].figures) == ([4_321_012_000_000], {})


async def test_a_lost_connection_is_made_anew_after_a_growing_pause(exchange):
    async with following(exchange, BTC) as feed:
        for connection in (1, 2, 3):
            await until(lambda connection=connection: exchange.connections == connection and exchange.subscribed)
            await exchange.socket.close()
        await until(lambda: exchange.connections == 4 and exchange.subscribed)
        await exchange.send(TICKER)
        await until(lambda: feed.observed)
    assert 0.25 <= feed.pauses[0] <= 0.5 <= feed.pauses[1] <= 1.0 <= feed.pauses[2] <= 2.0


async def test_after_a_good_price_the_pauses_start_anew(exchange):
    async with following(exchange, BTC) as feed:
        for connection in (1, 2, 3):
            await until(lambda connection=connection: exchange.connections == connection and exchange.subscribed)
            await exchange.send(TICKER)
            await until(lambda connection=connection: len(feed.observed) == connection)
            await exchange.socket.close()
        await until(lambda: len(feed.pauses) == 3)
    assert max(feed.pauses) <= 0.5


async def test_a_connection_that_falls_silent_is_given_up(exchange):
    async with following(exchange, BTC, silence_seconds=0.2):
        await until(lambda: exchange.connections >= 2)


async def test_an_exchange_that_is_away_is_tried_again(exchange):
    feed = Feed(BTC)
    source = CoinbaseSource(url="ws://127.0.0.1:9", sleep=feed.sleep)
    work = asyncio.create_task(source.run(feed.traded, lambda batch: None))
    await until(lambda: len(feed.pauses) >= 8)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    assert max(feed.pauses) <= 30


async def test_listed_and_delisted_assets_are_followed_while_connected(exchange):
    async with following(exchange, BTC) as feed:
        feed.assets = {ETH}
        await until(lambda: exchange.subscribed == {"ETH-USD"})
    assert exchange.connections == 1
