"""The past of a simulated market: candles for times at which nobody was there to record them."""

from collections.abc import Callable, Collection, Iterator
from typing import Final

from cnop_core.money import PriceUnits
from cnop_inventory.domain.candles import Candle, Interval

PastPrice = Callable[[int, int], PriceUnits]
"""(epoch second, shortest movement of interest in seconds) → price."""

_HOUR_SECONDS: Final = 3_600
DEPTH_SECONDS: Final = {
    Interval.MINUTE: 3 * _HOUR_SECONDS,
    Interval.FIVE_MINUTES: 26 * _HOUR_SECONDS,
    Interval.HOUR: 8 * 24 * _HOUR_SECONDS,
    Interval.DAY: 180 * 24 * _HOUR_SECONDS,
}
"""How far back gaps are filled: enough for charts and for the figures of a day, a week and a month."""
_SAMPLES: Final = {Interval.MINUTE: 3, Interval.FIVE_MINUTES: 3, Interval.HOUR: 6, Interval.DAY: 12}


def missing_candles(interval: Interval, *, present: Collection[int], now: int, price: PastPrice) -> Iterator[Candle]:
    """Make the candles of the recent past whose starts are not `present`, the one of `now` included, oldest first."""
    newest = interval.start_of(now)
    for start in range(interval.start_of(now - DEPTH_SECONDS[interval]), newest + 1, interval.seconds):
        if start not in present:
            yield _sampled(interval, start, now=now, price=price)


def _sampled(interval: Interval, start: int, *, now: int, price: PastPrice) -> Candle:
    step = interval.seconds // _SAMPLES[interval]
    seconds = [start, *(each for each in range(start + step, start + interval.seconds + 1, step) if each <= now)]
    prices = [price(second, step) for second in seconds]
    return Candle(start=start, open=prices[0], high=max(prices), low=min(prices), close=prices[-1])
