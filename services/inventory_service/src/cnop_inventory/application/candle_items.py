"""Candles in the store: one item per source, asset, interval and start; what is old expires by itself."""

from typing import Final

from cnop_core.ids import AssetId
from cnop_core.money import PriceUnits
from cnop_inventory.domain.candles import Candle, Interval
from cnop_platform.candles import candle_key, candle_start
from cnop_platform.store import Item, Put, Store
from cnop_platform.store.port import MAX_PAGE

_PARTS: Final = ("open", "high", "low", "close")


def candle_put(candle: Candle, *, source: str, asset_id: AssetId, interval: Interval) -> Put:
    """Return the write of a candle; writing it again with more in it replaces it."""
    return Put(
        candle_key(source=source, asset_id=asset_id, interval=interval, start=candle.start),
        {part: int(getattr(candle, part)) for part in _PARTS},
        expires_at=candle.start + interval.retention_seconds,
    )


async def read_candles(
    store: Store, *, source: str, asset_id: AssetId, interval: Interval, start: int, end: int
) -> list[Candle]:
    """Read the candles that start from `start` to `end` (epoch seconds, inclusive), oldest first."""
    first, last = (candle_key(source=source, asset_id=asset_id, interval=interval, start=each) for each in (start, end))
    candles: list[Candle] = []
    cursor = None
    while True:
        page = await store.query(first.pk, start=first.sk, end=last.sk, limit=MAX_PAGE, cursor=cursor)
        candles.extend(map(_candle, page.items))
        cursor = page.cursor
        if cursor is None:
            return candles


def _candle(item: Item) -> Candle:
    prices = {part: PriceUnits(int(str(item.body[part]))) for part in _PARTS}
    return Candle(start=candle_start(item), **prices)
