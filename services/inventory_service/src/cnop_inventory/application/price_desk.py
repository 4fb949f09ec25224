"""The prices that this feed stands for: observed, judged, and ready to be published."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol

from cnop_core.clock import Clock
from cnop_core.ids import AssetId
from cnop_inventory.domain.figures import Figures
from cnop_inventory.domain.observations import Observation
from cnop_inventory.domain.sanity import PriceGate, Verdict
from cnop_platform.prices import Quote

_RECORDED: Final = {Verdict.QUARANTINED, Verdict.CONFIRMED}


class VerdictLog(Protocol):
    """Keeps a record of prices that were held back, or believed after all."""

    def record(self, quote: Quote, verdict: Verdict, *, reference: Quote | None) -> None:
        """Record a verdict; `reference` is the last price that was published before."""
        ...


class PriceDesk:
    """Takes in observations and gives out what is new."""

    def __init__(self, *, gate: PriceGate, log: VerdictLog, clock: Clock) -> None:
        self._gate = gate
        self._log = log
        self._clock = clock
        self._latest: dict[AssetId, Quote] = {}
        self._figures: dict[AssetId, Figures] = {}
        self._changed: dict[AssetId, Quote] = {}
        self._news = asyncio.Event()

    @property
    def latest(self) -> Collection[Quote]:
        """The last published quote of each asset."""
        return self._latest.values()

    @property
    def stated_figures(self) -> Mapping[AssetId, Figures]:
        """What the provider itself stated."""
        return self._figures

    def remember(self, quotes: Collection[Quote]) -> None:
        """Go on from what was published before."""
        for quote in quotes:
            self._gate.remember(quote)
            self._latest[quote.asset_id] = quote

    def take(self, observations: Sequence[Observation]) -> None:
        """Judge what was observed."""
        for each in observations:
            reference = self._gate.published(each.quote.asset_id)
            verdict = self._gate.judge(each.quote, now=self._clock.now())
            if verdict in _RECORDED:
                self._log.record(each.quote, verdict, reference=reference)
            if verdict in {Verdict.PUBLISH, Verdict.CONFIRMED}:
                self._accept(each)

    async def next_changes(self) -> Collection[Quote]:
        """Wait until there is something new, and give all of it."""
        await self._news.wait()
        self._news.clear()
        changed, self._changed = self._changed, {}
        return changed.values()

    def _accept(self, observation: Observation) -> None:
        quote = observation.quote
        self._latest[quote.asset_id] = self._changed[quote.asset_id] = quote
        if observation.figures:
            self._figures[quote.asset_id] = observation.figures
        self._news.set()
