"""What a wallet was worth at past moments: its entries undone one by one, newest first, and valued at past prices."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cnop_core.ids import AssetId
from cnop_core.money import Cents, PriceUnits, proceeds_down
from cnop_ledger import USD, Entry, Wallet


@dataclass(frozen=True, slots=True)
class Point:
    """The worth of a wallet at one moment (epoch seconds), in cents."""

    second: int
    cash: Cents
    asset_value: Cents


@dataclass(frozen=True, slots=True)
class PastPrices:
    """The prices of one asset, by the second from which each holds, oldest first."""

    seconds: Sequence[int]
    prices: Sequence[PriceUnits]

    def newest_first(self) -> Iterator[tuple[int, PriceUnits]]:
        """Walk backwards."""
        return zip(reversed(self.seconds), reversed(self.prices), strict=True)


def worth_over_time(
    wallet: Wallet,
    newest_first: Iterable[Entry],
    *,
    seconds: Sequence[int],
    prices: Mapping[AssetId, PastPrices],
) -> list[Point]:
    """Return a point for each of `seconds` (newest first), oldest first.

    What was held before its first known price counts at that one; what never had a price counts nothing.
    """
    amounts = {asset_id: holding.posted for asset_id, holding in wallet.holdings.items()}
    cursors = {asset_id: _Backwards(past) for asset_id, past in prices.items()}
    entries = iter(newest_first)
    pending = next(entries, None)
    points: list[Point] = []
    for second in seconds:
        while pending is not None and pending.stamp.at_ms > second * 1000:
            for asset_id in pending.after:
                amounts[asset_id] -= pending.posted_to_user(asset_id)
            pending = next(entries, None)
        value = sum(
            _value(wallet, asset_id, amount, cursors[asset_id].at(second))
            for asset_id, amount in amounts.items()
            if amount and asset_id in cursors
        )
        points.append(Point(second, Cents(amounts.get(USD, 0)), Cents(value)))
    return points[::-1]


def _value(wallet: Wallet, asset_id: AssetId, amount: int, price: PriceUnits | None) -> int:
    if price is None:
        return 0
    return proceeds_down(quantity=amount, price=price, scale=wallet.holding(asset_id).scale)


class _Backwards:
    """Finds the price that held at a moment, for moments that go back in time."""

    def __init__(self, past: PastPrices) -> None:
        self._rest = past.newest_first()
        self._first = past.prices[0] if past.prices else None
        self._current = next(self._rest, None)

    def at(self, second: int) -> PriceUnits | None:
        while self._current is not None and self._current[0] > second:
            self._current = next(self._rest, None)
        return self._current[1] if self._current else self._first
