"""Which observed prices are published. A price that jumps is held back until it has proven itself."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Final

from cnop_core.ids import AssetId
from cnop_core.money import PriceUnits
from cnop_platform.prices import HIGHEST, LOWEST, Quote

_BASIS_POINTS: Final = 10_000
_SKEW_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class SanityBounds:
    """How far a price may move at once, and how long a jump must last before it is believed.

    After `forget_seconds` without a price there is nothing to compare with.
    """

    max_jump_bps: int = 2_000
    confirm_seconds: int = 120
    forget_seconds: int = 3_600


class Verdict(Enum):
    """What to do with an observed price."""

    PUBLISH = auto()
    IGNORE = auto()
    """It is older than what was published, or held back like the one before it."""
    QUARANTINED = auto()
    """It is held back, the first one since a good price: this is worth a record."""
    CONFIRMED = auto()
    """It jumped, but the jump has lasted: publish and record it."""


@dataclass(frozen=True, slots=True)
class _Suspect:
    price: PriceUnits
    since: datetime


class PriceGate:
    """Judges the prices of all assets, one after the other."""

    def __init__(self, bounds: SanityBounds) -> None:
        self._bounds = bounds
        self._published: dict[AssetId, Quote] = {}
        self._suspects: dict[AssetId, _Suspect] = {}

    def remember(self, quote: Quote) -> None:
        """Take a quote as published, at a restart."""
        self._published[quote.asset_id] = quote

    def published(self, asset_id: AssetId) -> Quote | None:
        """Return the last quote that passed."""
        return self._published.get(asset_id)

    def judge(self, quote: Quote, *, now: datetime) -> Verdict:
        """Decide about a quote and remember the decision."""
        last = self._published.get(quote.asset_id)
        if last is not None and quote.as_of <= last.as_of:
            return Verdict.IGNORE
        if not self._is_possible(quote, now):
            return self._suspect(quote)
        if last is None or self._is_forgotten(last, quote) or self._is_near(quote.price, last.price):
            return self._pass(quote, Verdict.PUBLISH)
        suspect = self._suspects.get(quote.asset_id)
        if suspect is None or not self._is_near(quote.price, suspect.price):
            return self._suspect(quote)
        if (quote.as_of - suspect.since).total_seconds() >= self._bounds.confirm_seconds:
            return self._pass(quote, Verdict.CONFIRMED)
        self._suspects[quote.asset_id] = _Suspect(quote.price, suspect.since)
        return Verdict.IGNORE

    def _pass(self, quote: Quote, verdict: Verdict) -> Verdict:
        self._published[quote.asset_id] = quote
        self._suspects.pop(quote.asset_id, None)
        return verdict

    def _suspect(self, quote: Quote) -> Verdict:
        """Start the time of probation anew; only the first suspect since a good price is worth a record."""
        first = quote.asset_id not in self._suspects
        self._suspects[quote.asset_id] = _Suspect(quote.price, quote.as_of)
        return Verdict.QUARANTINED if first else Verdict.IGNORE

    def _is_possible(self, quote: Quote, now: datetime) -> bool:
        return LOWEST <= quote.price <= HIGHEST and (quote.as_of - now).total_seconds() <= _SKEW_SECONDS

    def _is_forgotten(self, last: Quote, quote: Quote) -> bool:
        return (quote.as_of - last.as_of).total_seconds() > self._bounds.forget_seconds

    def _is_near(self, price: PriceUnits, reference: PriceUnits) -> bool:
        return abs(price - reference) * _BASIS_POINTS <= reference * self._bounds.max_jump_bps
