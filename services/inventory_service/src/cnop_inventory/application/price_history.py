"""The past of a price, as candles; the open candle is completed with the live price."""

from collections.abc import Sequence
from datetime import datetime
from math import ceil
from typing import Final, NamedTuple

from cnop_core.clock import Clock
from cnop_core.errors import FieldError, InvalidInput
from cnop_core.ids import AssetId
from cnop_inventory.application.candle_items import read_candles
from cnop_inventory.application.market import MarketView
from cnop_inventory.domain.candles import Candle, Interval, first_candle
from cnop_platform.prices import Quote
from cnop_platform.store import Store

MAX_CANDLES: Final = 1_000
DEFAULT_CANDLES: Final = {Interval.MINUTE: 180, Interval.FIVE_MINUTES: 288, Interval.HOUR: 168, Interval.DAY: 180}


class InvalidPeriod(InvalidInput):
    """The period ends before it starts, or is too long for its interval."""


class History(NamedTuple):
    """Candles, oldest first, and the provider whose prices they show (None before the feed first ran)."""

    candles: list[Candle]
    source: str | None


class PriceHistory:
    """Reads candles."""

    def __init__(self, *, store: Store, view: MarketView, clock: Clock) -> None:
        self._store = store
        self._view = view
        self._clock = clock

    async def candles(
        self, asset_id: AssetId, interval: Interval, *, start: datetime | None, end: datetime | None
    ) -> History:
        """Return the candles that start from `start` until before `end`; by default the most recent ones.

        Raises `UnknownAsset`, `InvalidPeriod`.
        """
        market = await self._view.now()
        listed = market.get(asset_id)
        first, last = self._period(interval, start=start, end=end)
        if market.source is None or first > last:
            return History([], market.source)
        candles = await read_candles(
            self._store, source=market.source, asset_id=asset_id, interval=interval, start=first, end=last
        )
        return History(_with_live_price(candles, listed.quote, interval, first=first, last=last), market.source)

    def _period(self, interval: Interval, *, start: datetime | None, end: datetime | None) -> tuple[int, int]:
        """Return when the first and the last candle start, in epoch seconds; nothing is kept beyond the retention."""
        now = int(self._clock.now().timestamp())
        until = now if end is None else min(now, ceil(end.timestamp()) - 1)
        last = interval.start_of(until)
        if start is None:
            first = last - (DEFAULT_CANDLES[interval] - 1) * interval.seconds
        else:
            first = interval.start_of(max(int(start.timestamp()), now - interval.retention_seconds))
        if start is not None and end is not None and start >= end:
            raise _invalid("end", "expected a time after start")
        if (last - first) // interval.seconds >= MAX_CANDLES:
            raise _invalid(
                "start", f"expected at most {MAX_CANDLES} candles; shorten the period or use a longer interval"
            )
        return first, last


def _with_live_price(
    candles: Sequence[Candle], quote: Quote | None, interval: Interval, *, first: int, last: int
) -> list[Candle]:
    """Complete the open candle, which is stored only now and then."""
    if quote is None:
        return list(candles)
    start = interval.start_of(int(quote.as_of.timestamp()))
    if not first <= start <= last or (candles and candles[-1].start > start):
        return list(candles)
    if candles and candles[-1].start == start:
        return [*candles[:-1], candles[-1].extended(quote.price)]
    return [*candles, first_candle(start, quote.price)]


def _invalid(field: str, message: str) -> InvalidPeriod:
    return InvalidPeriod(f"{field}: {message}", errors=(FieldError(field, message),))
