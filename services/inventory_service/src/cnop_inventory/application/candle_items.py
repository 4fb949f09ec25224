"""Candles in the store: one item per source, asset, interval and start; what is old expires by itself."""

from datetime import UTC, datetime
from typing import Final

from cnop_core.clock import from_rfc3339
from cnop_core.ids import AssetId
from cnop_core.money import PriceUnits
from cnop_inventory.domain.candles import Candle, Interval
from cnop_platform.store import Item, Key, Put, Store
from cnop_platform.store.port import MAX_PAGE

_PARTS: Final = ("open", "high", "low", "close")


def candle_put(candle: Candle, *, source: str, asset_id: AssetId, interval: Interval) -> Put:
    """Return the write of a candle; writing it again with more in it replaces it."""
    return Put(
        Key(_partition(source, asset_id, interval), _sort_key(candle.start)),
        {part: int(getattr(candle, part)) for part in _PARTS},
        expires_at=candle.start + interval.retention_seconds,
    )


async def read_candles(
    store: Store, *, source: str, asset_id: AssetId, interval: Interval, start: int, end: int
) -> list[Candle]:
    """Read the candles that start from `start` to `end` (epoch seconds, inclusive), oldest first."""
    partition = _partition(source, asset_id, interval)
    candles: list[Candle] = []
    cursor = None
    while True:
        page = await store.query(partition, start=_sort_key(start), end=_sort_key(end), limit=MAX_PAGE, cursor=cursor)
        candles.extend(map(_candle, page.items))
        cursor = page.cursor
        if cursor is None:
            return candles


def _partition(source: str, asset_id: AssetId, interval: Interval) -> str:
    return f"CANDLES#{source}#{asset_id}#{interval.value}"


def _sort_key(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _candle(item: Item) -> Candle:
    prices = {part: PriceUnits(int(str(item.body[part]))) for part in _PARTS}
    return Candle(start=int(from_rfc3339(item.key.sk).timestamp()), **prices)
