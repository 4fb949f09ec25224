"""The candles of one asset that the feed holds in memory: those that are open, and the closed ones figures need."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from cnop_core.money import PRICE_SCALE, PriceUnits
from cnop_inventory.domain.candles import Candle, Interval, first_candle, fold
from cnop_inventory.domain.figures import Figures, number_text, percent_text

_DAY_SECONDS: Final = 86_400
_KEPT: Final = {Interval.MINUTE: 5, Interval.FIVE_MINUTES: 290, Interval.HOUR: 170, Interval.DAY: 32}
"""Closed candles held: enough to look back a day in fives of minutes, a week in hours, a month in days."""


class Written(NamedTuple):
    """A candle to be stored."""

    interval: Interval
    candle: Candle


class CandleBook:
    """Forms candles from prices. Times are epoch seconds and do not go back; an older price is ignored."""

    def __init__(self) -> None:
        self._open: dict[Interval, Candle] = {}
        self._closed: dict[Interval, deque[Candle]] = {interval: deque(maxlen=kept) for interval, kept in _KEPT.items()}

    def add(self, price: PriceUnits, *, second: int) -> Sequence[Written]:
        """Take in a price and return what is to be stored.

        A candle is stored when it closes, and the open one of the next longer interval with it; so a crash loses at
        most a minute, at two writes a minute and a few more an hour.
        """
        written: list[Written] = []
        finer_closed = False
        for interval in Interval:
            closed = self._advance(interval, price, second)
            if closed is not None:
                written.append(Written(interval, closed))
            elif finer_closed:
                written.append(Written(interval, self._open[interval]))
            finer_closed = closed is not None
        return written

    def restore(self, interval: Interval, candles: Iterable[Candle], *, now: int) -> None:
        """Put back what was stored, also while prices already arrive; finer intervals first."""
        current = interval.start_of(now)
        known = {each.start: each for each in self._closed[interval]}
        merged = {each.start: each for each in candles} | known
        opened = merged.pop(current, None)
        self._closed[interval] = deque(
            (merged[start] for start in sorted(merged) if start < current), maxlen=_KEPT[interval]
        )
        parts = [opened, self._finer_part(interval, current), self._open.get(interval)]
        candle = fold([each for each in parts if each is not None and each.start >= current], start=current)
        if candle is not None:
            self._open[interval] = candle

    def figures(self, price: PriceUnits, *, now: int) -> Figures:
        """Return what the candles tell about the last day, week and month; what they do not reach is left out."""
        found: dict[str, str] = {}
        day = [each for each in self._known(Interval.FIVE_MINUTES) if each.start > now - _DAY_SECONDS - 300]
        if day:
            found["high_24h"] = number_text(max(price, *(each.high for each in day)), scale=PRICE_SCALE)
            found["low_24h"] = number_text(min(price, *(each.low for each in day)), scale=PRICE_SCALE)
        before = self._close_before(Interval.FIVE_MINUTES, now - _DAY_SECONDS)
        if before is not None:
            found["price_change_24h"] = number_text(price - before, scale=PRICE_SCALE)
            found["price_change_percentage_24h"] = percent_text(now=price, before=before)
        for name, interval, days in (("7d", Interval.HOUR, 7), ("30d", Interval.DAY, 30)):
            before = self._close_before(interval, now - days * _DAY_SECONDS)
            if before is not None:
                found[f"price_change_percentage_{name}"] = percent_text(now=price, before=before)
        return found

    def _advance(self, interval: Interval, price: PriceUnits, second: int) -> Candle | None:
        start = interval.start_of(second)
        present = self._open.get(interval)
        if present is not None and start < present.start:
            return None
        if present is not None and start == present.start:
            self._open[interval] = present.extended(price)
            return None
        self._open[interval] = first_candle(start, price)
        if present is not None:
            self._closed[interval].append(present)
        return present

    def _finer_part(self, interval: Interval, current: int) -> Candle | None:
        """Return what the next finer interval knows of the open candle: it is stored more often."""
        intervals = list(Interval)
        place = intervals.index(interval)
        if place == 0:
            return None
        return fold((each for each in self._known(intervals[place - 1]) if each.start >= current), start=current)

    def _known(self, interval: Interval) -> list[Candle]:
        opened = self._open.get(interval)
        return [*self._closed[interval], *([opened] if opened else [])]

    def _close_before(self, interval: Interval, second: int) -> PriceUnits | None:
        """Return the last price before `second`, unless the candles have a gap there."""
        newest = next(
            (each for each in reversed(self._closed[interval]) if each.start + interval.seconds <= second), None
        )
        gap = newest is None or newest.start + 3 * interval.seconds < second
        return None if newest is None or gap else newest.close
