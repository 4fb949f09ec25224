"""What the feed leaves in the store: the snapshot that readers fall back to and it goes on from, and the figures."""

import logging
from collections.abc import Collection, Mapping

from cnop_core.ids import AssetId
from cnop_inventory.application.market_item import MARKET_KEY, MarketItem, market_put, read_market
from cnop_inventory.domain.figures import Figures
from cnop_platform.prices import SNAPSHOT_KEY, Quote, decode_quotes, snapshot_put
from cnop_platform.store import Put, Store, StoreUnavailable

_log = logging.getLogger(__name__)


class FeedRecords:
    """The feed's two items, those of the source called `source`."""

    def __init__(self, *, store: Store, source: str) -> None:
        self._store = store
        self._source = source

    async def last_quotes(self) -> Collection[Quote]:
        """Return the quotes that this source left; those of another one are no measure for its prices."""
        found = await self._store.get_many([SNAPSHOT_KEY, MARKET_KEY])
        snapshot = found.get(SNAPSHOT_KEY)
        if snapshot is None or read_market(found.get(MARKET_KEY)).source != self._source:
            return ()
        try:
            return decode_quotes(snapshot.body.get("quotes"))
        except ValueError:
            _log.warning("price_snapshot_malformed")
            return ()

    async def leave_quotes(self, quotes: Collection[Quote]) -> None:
        """Write the snapshot; without the store it is left for the next time."""
        await self._write(snapshot_put(quotes))

    async def leave_figures(self, figures: Mapping[AssetId, Figures]) -> None:
        """Write the figures; without the store they are left for the next time."""
        await self._write(market_put(MarketItem(source=self._source, figures=figures)))

    async def _write(self, put: Put) -> None:
        try:
            await self._store.transact([put])
        except StoreUnavailable:
            _log.warning("feed_record_postponed", extra={"item": put.key.sk})
