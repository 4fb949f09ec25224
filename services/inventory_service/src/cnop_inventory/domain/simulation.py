"""Simulated prices: a pure function of seed, asset and second.

So replicas agree, a restart goes on without a jump, and the past can be had at any time.

The price of an asset swings around its level by a sum of noises. Each noise has a random value at every multiple of
its period and runs straight between them; periods double from 1 second to 97 days, and the noise's weight grows with
the square root of its period, as the movement of a random walk does. The sum of the weights bounds the swing.
Everything is integer arithmetic.
"""

from dataclasses import dataclass
from hashlib import blake2b
from math import isqrt
from typing import Final

from cnop_core.ids import AssetId
from cnop_core.money import PRICE_SCALE, PriceUnits, divide_nearest, parse_units

_OCTAVES: Final = range(24)
_WEIGHTS: Final = {octave: isqrt(10**12 << octave) for octave in _OCTAVES}
_WEIGHT_SUM: Final = sum(_WEIGHTS.values())
_UNIT: Final = 1 << 31
"""Noise values are between plus and minus one unit."""
_PERCENT: Final = 100


@dataclass(frozen=True, slots=True)
class Level:
    """Around which price an asset swings, and by at most how many percent of it."""

    price: PriceUnits
    swing_percent: int

    @property
    def tick(self) -> int:
        """The smallest step of the price: small beside the price, and no finer than exchanges quote."""
        whole = 10**PRICE_SCALE
        steps = ((100 * whole, whole // 100), (whole, whole // 10_000), (whole // 100, whole // 1_000_000))
        return next((tick for least, tick in steps if self.price >= least), 1)


def _level(price: str, swing_percent: int) -> Level:
    return Level(PriceUnits(parse_units(price, scale=PRICE_SCALE)), swing_percent)


LEVELS: Final = {
    AssetId(asset_id): level
    for asset_id, level in {
        "BTC": _level("60000", 45),
        "ETH": _level("3000", 50),
        "XRP": _level("1.80", 55),
        "BNB": _level("640", 45),
        "SOL": _level("160", 55),
        "DOGE": _level("0.19", 60),
        "ADA": _level("0.65", 60),
        "LINK": _level("16", 55),
        "BCH": _level("460", 50),
        "AVAX": _level("24", 60),
        "XLM": _level("0.28", 60),
        "LTC": _level("95", 50),
        "DOT": _level("4.80", 60),
        "UNI": _level("8.20", 60),
        "AAVE": _level("230", 55),
        "ATOM": _level("4.60", 60),
    }.items()
}


class SimulatedMarket:
    """The prices of all assets at any second."""

    def __init__(self, *, seed: int) -> None:
        self._key = blake2b(str(seed).encode(), digest_size=32).digest()
        self._ends: dict[tuple[AssetId, int], tuple[int, int, int]] = {}

    def price(self, asset_id: AssetId, *, second: int, finest_seconds: int = 1) -> PriceUnits:
        """Return the price at an epoch second.

        With `finest_seconds` movements that are over sooner than that are left out, for cheaper sampling of the past.
        """
        level = LEVELS.get(asset_id) or self._unlisted_level(asset_id)
        noise = sum(
            _WEIGHTS[octave] * self._noise(asset_id, octave, second)
            for octave in _OCTAVES
            if 1 << octave >= finest_seconds
        )
        swing = level.price * level.swing_percent * noise
        exact = level.price + divide_nearest(swing, _PERCENT * _UNIT * _WEIGHT_SUM)
        return PriceUnits(divide_nearest(exact, level.tick) * level.tick)

    def _noise(self, asset_id: AssetId, octave: int, second: int) -> int:
        index, past = second >> octave, second & ((1 << octave) - 1)
        known = self._ends.get((asset_id, octave))
        if known is None or known[0] != index:
            known = (index, self._random(asset_id, octave, index), self._random(asset_id, octave, index + 1))
            self._ends[asset_id, octave] = known
        _, left, right = known
        return left + ((right - left) * past >> octave)

    def _random(self, asset_id: AssetId, octave: int, index: int) -> int:
        digest = blake2b(f"{asset_id}/{octave}/{index}".encode(), digest_size=4, key=self._key).digest()
        return int.from_bytes(digest, "big") - _UNIT

    def _unlisted_level(self, asset_id: AssetId) -> Level:
        """Return a level between 1 and 100 USD for an asset that an operator has listed."""
        digest = blake2b(f"{asset_id}/level".encode(), digest_size=4, key=self._key).digest()
        cents = 100 + int.from_bytes(digest, "big") % 9_901
        return Level(PriceUnits(cents * 10 ** (PRICE_SCALE - 2)), 40)
