"""Where candles lie in the store, and their closing prices for whoever values the past; the price feed writes them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from cnop_core.clock import from_rfc3339
from cnop_core.ids import AssetId
from cnop_core.money import PriceUnits
from cnop_platform.store import Item, Key, Store
from cnop_platform.store.port import MAX_PAGE

MARKET_KEY: Final = Key("PRICES", "MARKET")
"""The item whose `source` names the provider of prices; candles of different providers are kept apart."""


class CandleInterval(StrEnum):
    """Lengths of candles, finest first."""

    MINUTE = "1m"
    FIVE_MINUTES = "5m"
    HOUR = "1h"
    DAY = "1d"


def candle_key(*, source: str, asset_id: AssetId, interval: str, start: int) -> Key:
    """Return where the candle that starts at an epoch second is."""
    return Key(f"CANDLES#{source}#{asset_id}#{interval}", f"{datetime.fromtimestamp(start, UTC):%Y-%m-%dT%H:%M:%SZ}")


def candle_start(item: Item) -> int:
    """Return the epoch second at which a stored candle starts."""
    return int(from_rfc3339(item.key.sk).timestamp())


class ClosingPrices:
    """Reads the past of prices, of the provider that feeds them now."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def source(self) -> str | None:
        """Return the provider's name; None before the feed first ran."""
        item = await self._store.get(MARKET_KEY)
        source = item.body.get("source") if item else None
        return source if isinstance(source, str) else None

    async def between(
        self, start: int, end: int, *, source: str, asset_id: AssetId, interval: CandleInterval
    ) -> Mapping[int, PriceUnits]:
        """Return the closing prices of the candles that start from `start` to `end` (epoch seconds), by start."""
        first = candle_key(source=source, asset_id=asset_id, interval=interval, start=start)
        last = candle_key(source=source, asset_id=asset_id, interval=interval, start=end)
        closes: dict[int, PriceUnits] = {}
        cursor = None
        while True:
            page = await self._store.query(first.pk, start=first.sk, end=last.sk, limit=MAX_PAGE, cursor=cursor)
            closes.update((candle_start(item), PriceUnits(int(str(item.body["close"])))) for item in page.items)
            cursor = page.cursor
            if cursor is None:
                return closes
