"""Keeps the candles of all assets: forms them from prices, stores them with few writes, reads them at a start."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Final

from cnop_core.clock import Clock
from cnop_core.ids import AssetId
from cnop_inventory.application.candle_items import candle_put, read_candles
from cnop_inventory.application.ports import PastPrices
from cnop_inventory.domain.backfill import DEPTH_SECONDS, missing_candles
from cnop_inventory.domain.candle_book import CandleBook
from cnop_inventory.domain.candles import Candle, Interval
from cnop_inventory.domain.figures import Figures
from cnop_platform.prices import Quote
from cnop_platform.store import Key, Put, Store, StoreUnavailable
from cnop_platform.store.port import MAX_WRITES

_MAX_PENDING: Final = 20_000
"""About two hours of candles while the store is away; then the oldest are given up."""
_FIGURES_DEPTH: Final = {
    Interval.MINUTE: 10 * 60,
    Interval.FIVE_MINUTES: 25 * 3600,
    Interval.HOUR: 8 * 86_400,
    Interval.DAY: 32 * 86_400,
}
_CANDLES_A_SLICE: Final = 50

_log = logging.getLogger(__name__)


class CandleKeeper:
    """The candles of one source of prices. `past` knows prices of times that nobody recorded, for simulated sources."""

    def __init__(self, *, store: Store, source: str, clock: Clock, past: PastPrices | None) -> None:
        self._store = store
        self._source = source
        self._clock = clock
        self._past = past
        self._books: dict[AssetId, CandleBook] = {}
        self._restored: set[AssetId] = set()
        self._pending: dict[Key, Put] = {}

    def add(self, quote: Quote) -> None:
        """Take in a published price."""
        book = self._books.setdefault(quote.asset_id, CandleBook())
        for interval, candle in book.add(quote.price, second=int(quote.as_of.timestamp())):
            self._keep(quote.asset_id, interval, candle)

    def figures(self, quote: Quote) -> Figures:
        """Return what the candles tell of an asset, as of its quote."""
        book = self._books.get(quote.asset_id)
        return book.figures(quote.price, now=int(quote.as_of.timestamp())) if book else {}

    async def restore(self, asset_ids: Iterable[AssetId]) -> bool:
        """Read what is stored of assets that are new to this process, and fill in the past where it is known.

        Return whether there were any.
        """
        new = [asset_id for asset_id in asset_ids if asset_id not in self._restored]
        for asset_id in new:
            await self._restore(asset_id)
            self._restored.add(asset_id)
        return bool(new)

    async def flush(self) -> None:
        """Store what has come up since; what cannot be stored now is tried again next time."""
        while self._pending:
            batch = list(self._pending.values())[:MAX_WRITES]
            try:
                await self._store.transact(batch)
            except StoreUnavailable:
                _log.warning("candles_postponed")
                return
            for put in batch:
                if self._pending.get(put.key) is put:
                    del self._pending[put.key]

    def forget(self) -> None:
        """Drop what is in memory, before somebody else keeps the candles."""
        self._books.clear()
        self._restored.clear()
        self._pending.clear()

    async def _restore(self, asset_id: AssetId) -> None:
        book = self._books.setdefault(asset_id, CandleBook())
        for interval in Interval:
            now = int(self._clock.now().timestamp())
            depth = DEPTH_SECONDS if self._past else _FIGURES_DEPTH
            stored = await read_candles(
                self._store,
                source=self._source,
                asset_id=asset_id,
                interval=interval,
                start=interval.start_of(now - depth[interval]),
                end=now,
            )
            made = await self._fill(asset_id, interval, stored, now=now)
            book.restore(interval, [*stored, *made], now=int(self._clock.now().timestamp()))
            await self.flush()

    async def _fill(
        self, asset_id: AssetId, interval: Interval, stored: Sequence[Candle], *, now: int
    ) -> Sequence[Candle]:
        """Make the candles that are missing, a few at a time, so that prices go out in between."""
        made: list[Candle] = []
        past = self._past
        if past is None:
            return made

        present = {candle.start for candle in stored}
        for candle in missing_candles(
            interval, present=present, now=now, price=lambda second, finest: past.past_price(asset_id, second, finest)
        ):
            made.append(candle)
            self._keep(asset_id, interval, candle)
            if len(made) % _CANDLES_A_SLICE == 0:
                await asyncio.sleep(0)
        return made

    def _keep(self, asset_id: AssetId, interval: Interval, candle: Candle) -> None:
        put = candle_put(candle, source=self._source, asset_id=asset_id, interval=interval)
        self._pending.pop(put.key, None)
        self._pending[put.key] = put
        if len(self._pending) > _MAX_PENDING:
            del self._pending[next(iter(self._pending))]
