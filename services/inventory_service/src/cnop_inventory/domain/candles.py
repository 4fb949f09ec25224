"""Candles: the first, highest, lowest and last price of each minute, five minutes, hour and day."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from cnop_core.money import PriceUnits

_DAY_SECONDS: Final = 86_400


class Interval(StrEnum):
    """Lengths of candles, finest first."""

    MINUTE = "1m"
    FIVE_MINUTES = "5m"
    HOUR = "1h"
    DAY = "1d"

    @property
    def seconds(self) -> int:
        """The length of a candle."""
        return {"1m": 60, "5m": 300, "1h": 3600, "1d": _DAY_SECONDS}[self.value]

    @property
    def retention_seconds(self) -> int:
        """How long a candle is kept after its start."""
        return {"1m": 2, "5m": 14, "1h": 120, "1d": 3650}[self.value] * _DAY_SECONDS

    def start_of(self, second: int) -> int:
        """Return when the candle that covers an epoch second starts; days are UTC days."""
        return second - second % self.seconds


@dataclass(frozen=True, slots=True)
class Candle:
    """The prices of one stretch of time; `start` in epoch seconds."""

    start: int
    open: PriceUnits
    high: PriceUnits
    low: PriceUnits
    close: PriceUnits

    def extended(self, price: PriceUnits) -> "Candle":
        """Return the candle after one more price."""
        return replace(self, high=max(self.high, price), low=min(self.low, price), close=price)


def first_candle(start: int, price: PriceUnits) -> Candle:
    """Return the candle of a single price."""
    return Candle(start, price, price, price, price)


def fold(candles: Iterable[Candle], *, start: int) -> Candle | None:
    """Return the one candle that covers `candles`, which are in order; None for none."""
    all_of_them = list(candles)
    if not all_of_them:
        return None
    return Candle(
        start=start,
        open=all_of_them[0].open,
        high=max(each.high for each in all_of_them),
        low=min(each.low for each in all_of_them),
        close=all_of_them[-1].close,
    )
