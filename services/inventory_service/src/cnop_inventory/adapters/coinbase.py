"""Prices from Coinbase Exchange: the `ticker` and `heartbeat` channels of its WebSocket feed.

A ticker comes with each trade. Of a quiet asset the heartbeat says every second which trade was the last: while that
is the one whose price is known, the price is current. Messages: docs.cdp.coinbase.com/exchange/websocket-feed.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from decimal import Decimal
from typing import Any, Final

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from cnop_core.ids import AssetId
from cnop_core.money import PRICE_SCALE, PriceUnits
from cnop_inventory.adapters.backoff import Backoff
from cnop_inventory.adapters.provider_numbers import (
    MalformedMessage,
    decimal_member,
    price_member,
    time_member,
)
from cnop_inventory.application.ports import Deliver, TradedAssets
from cnop_inventory.domain.figures import Figures, clean_figures, number_text, percent_text
from cnop_inventory.domain.observations import Observation
from cnop_platform import strict_json
from cnop_platform.prices import Quote

COINBASE_URL: Final = "wss://ws-feed.exchange.coinbase.com"
SILENCE_SECONDS: Final = 10.0
"""Heartbeats come every second; after so long without any message the connection counts as dead."""
_OPEN_SECONDS: Final = 10
_RESUBSCRIBE_SECONDS: Final = 2.0
_MAX_MESSAGE_BYTES: Final = 256 * 1024
_QUOTE_CURRENCY: Final = "-USD"
_CENT: Final = Decimal("0.01")

_log = structlog.get_logger()

Sleep = Callable[[float], Awaitable[None]]


class CoinbaseSource:
    """`PriceSource` of Coinbase Exchange. An asset that it does not trade gets no price."""

    name: Final = "coinbase"

    def __init__(
        self, *, url: str = COINBASE_URL, silence_seconds: float = SILENCE_SECONDS, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._url = url
        self._silence_seconds = silence_seconds
        self._sleep = sleep

    async def run(self, assets: TradedAssets, deliver: Deliver) -> None:
        """See `PriceSource.run`."""
        backoff = Backoff(first_seconds=0.5, longest_seconds=30)
        while True:
            try:
                async with connect(self._url, open_timeout=_OPEN_SECONDS, max_size=_MAX_MESSAGE_BYTES) as socket:
                    await _Session(socket, deliver, self._silence_seconds, backoff).follow(assets)
            except (WebSocketException, OSError, TimeoutError) as error:
                _log.warning("coinbase_connection_lost", reason=type(error).__name__)
            await self._sleep(backoff.pause_seconds())


class _Session:
    """One connection, for as long as it lasts."""

    def __init__(self, socket: ClientConnection, deliver: Deliver, silence_seconds: float, backoff: Backoff) -> None:
        self._socket = socket
        self._deliver = deliver
        self._silence_seconds = silence_seconds
        self._backoff = backoff
        self._last_trades: dict[AssetId, tuple[int, PriceUnits]] = {}
        self._subscribed: set[AssetId] = set()

    async def follow(self, assets: TradedAssets) -> None:
        """Deliver prices until the connection ends or falls silent."""
        subscribing = asyncio.create_task(self._keep_subscribed(assets))
        try:
            while True:
                async with asyncio.timeout(self._silence_seconds):
                    text = await self._socket.recv()
                self._handle(text)
        finally:
            subscribing.cancel()
            with contextlib.suppress(asyncio.CancelledError, WebSocketException):
                await subscribing

    async def _keep_subscribed(self, assets: TradedAssets) -> None:
        while True:
            traded = set(await assets())
            await self._send("subscribe", traded - self._subscribed)
            await self._send("unsubscribe", self._subscribed - traded)
            self._subscribed = traded
            await asyncio.sleep(_RESUBSCRIBE_SECONDS)

    async def _send(self, kind: str, assets: Collection[AssetId]) -> None:
        # One message per product: a product that does not exist would fail the whole message.
        for asset_id in sorted(assets):
            product = f"{asset_id}{_QUOTE_CURRENCY}"
            message = {"type": kind, "product_ids": [product], "channels": ["ticker", "heartbeat"]}
            await self._socket.send(strict_json.dumps(message))

    def _handle(self, text: str | bytes) -> None:
        try:
            message = strict_json.loads(text)
            kind = message.get("type")
            if kind == "ticker":
                self._on_ticker(message)
            elif kind == "heartbeat":
                self._on_heartbeat(message)
            elif kind == "error":
                _log.warning("coinbase_refused", reason=str(message.get("reason") or message.get("message"))[:200])
        except (strict_json.InvalidJson, AttributeError, MalformedMessage) as error:
            _log.warning("coinbase_message_malformed", reason=str(error)[:200])

    def _on_ticker(self, message: Mapping[str, Any]) -> None:
        asset_id, price, trade = _asset(message), price_member(message, "price"), _trade(message, "trade_id")
        quote = Quote(asset_id, price, time_member(message, "time"))
        self._last_trades[asset_id] = (trade, price)
        self._backoff.reset()
        self._deliver([Observation(quote, _figures(message, price))])

    def _on_heartbeat(self, message: Mapping[str, Any]) -> None:
        asset_id = _asset(message)
        trade, price = self._last_trades.get(asset_id, (None, None))
        if price is not None and trade == _trade(message, "last_trade_id"):
            self._deliver([Observation(Quote(asset_id, price, time_member(message, "time")))])


def _asset(message: Mapping[str, Any]) -> AssetId:
    product = message.get("product_id")
    if not isinstance(product, str) or not product.endswith(_QUOTE_CURRENCY):
        raise MalformedMessage("product_id")
    return AssetId(product.removesuffix(_QUOTE_CURRENCY))


def _trade(message: Mapping[str, Any], name: str) -> int:
    trade = message.get(name)
    if not isinstance(trade, int):
        raise MalformedMessage(name)
    return trade


def _figures(message: Mapping[str, Any], price: PriceUnits) -> Figures:
    """Return what the ticker says of the last 24 hours; a ticker without it still has its price."""
    try:
        before = price_member(message, "open_24h")
        volume = decimal_member(message, "volume_24h") * decimal_member(message, "price")
        if before <= 0:
            raise MalformedMessage("open_24h")
    except MalformedMessage:
        return {}
    return clean_figures(
        {
            "high_24h": message.get("high_24h"),
            "low_24h": message.get("low_24h"),
            "price_change_24h": number_text(price - before, scale=PRICE_SCALE),
            "price_change_percentage_24h": percent_text(now=price, before=before),
            "total_volume_24h": volume.quantize(_CENT),
        }
    )
