"""The price feed: one replica observes, judges, publishes, and leaves snapshots, figures and candles in the store."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Final

from cnop_core.ids import AssetId
from cnop_inventory.application.candle_keeper import CandleKeeper
from cnop_inventory.application.feed_records import FeedRecords
from cnop_inventory.application.ports import PriceOutlet, PriceSource, WorkPermit
from cnop_inventory.application.price_desk import PriceDesk
from cnop_inventory.domain.figures import Figures
from cnop_platform.catalogue import Catalogue
from cnop_platform.store import StoreUnavailable

PUBLISH_SECONDS: Final = 1.0
SNAPSHOT_SECONDS: Final = 5.0
LONE_SNAPSHOT_SECONDS: Final = 2.0
"""How often the snapshot is written while it is the only way to readers: their bound for a stale price is 15 s."""
FIGURES_SECONDS: Final = 10.0
_CANDLES_SECONDS: Final = 2.0

_log = logging.getLogger(__name__)


class PriceFeed:
    """Works while it has the permit. Doing the same work twice at once is harmless: readers take the newest quote."""

    def __init__(
        self,
        *,
        source: PriceSource,
        desk: PriceDesk,
        keeper: CandleKeeper,
        records: FeedRecords,
        outlet: PriceOutlet,
        catalogue: Catalogue,
        permit: WorkPermit,
    ) -> None:
        self._source = source
        self._desk = desk
        self._keeper = keeper
        self._records = records
        self._outlet = outlet
        self._catalogue = catalogue
        self._permit = permit
        self._traded: Collection[AssetId] = ()
        self._readers_hear = True

    async def run(self) -> None:
        """Feed until cancelled, in shifts: whenever the permit is there."""
        while True:
            await self._permit.wait_until(may_work=True)
            async with asyncio.TaskGroup() as group:
                shift = group.create_task(self.work())
                await self._permit.wait_until(may_work=False)
                shift.cancel()

    async def work(self) -> None:
        """Feed until cancelled."""
        with suppress(StoreUnavailable):
            self._desk.remember(await self._records.last_quotes())
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._source.run(self.traded_assets, self._desk.take))
                group.create_task(self._publish())
                group.create_task(self._leave_quotes())
                group.create_task(self._keep_candles())
        finally:
            await self._hand_over()

    async def traded_assets(self) -> Collection[AssetId]:
        """Return the active assets; while the store is away, those known last."""
        with suppress(StoreUnavailable):
            assets = await self._catalogue.all()
            self._traded = [each.asset_id for each in assets.values() if each.is_active]
        return self._traded

    async def _publish(self) -> None:
        while True:
            changed = await self._desk.next_changes()
            for quote in changed:
                self._keeper.add(quote)
            heard = await self._outlet.publish(changed=changed, latest=self._desk.latest)
            if heard != self._readers_hear:
                _log.warning("price_readers_hear_again" if heard else "price_readers_left_to_the_snapshot")
            self._readers_hear = heard
            await asyncio.sleep(PUBLISH_SECONDS)

    async def _leave_quotes(self) -> None:
        waited = SNAPSHOT_SECONDS
        while True:
            if waited >= (SNAPSHOT_SECONDS if self._readers_hear else LONE_SNAPSHOT_SECONDS) and self._desk.latest:
                await self._records.leave_quotes(self._desk.latest)
                waited = 0.0
            await asyncio.sleep(PUBLISH_SECONDS)
            waited += PUBLISH_SECONDS

    async def _keep_candles(self) -> None:
        """Keep candles, and leave the figures that follow from them: at once once they reach further back."""
        waited = FIGURES_SECONDS
        while True:
            with suppress(StoreUnavailable):
                if await self._keeper.restore(await self.traded_assets()):
                    waited = FIGURES_SECONDS
            await self._keeper.flush()
            if waited >= FIGURES_SECONDS and self._desk.latest:
                await self._records.leave_figures(self._figures())
                waited = 0.0
            await asyncio.sleep(_CANDLES_SECONDS)
            waited += _CANDLES_SECONDS

    def _figures(self) -> Mapping[AssetId, Figures]:
        stated = self._desk.stated_figures
        return {
            quote.asset_id: {**self._keeper.figures(quote), **stated.get(quote.asset_id, {})}
            for quote in self._desk.latest
        }

    async def _hand_over(self) -> None:
        """Leave everything as fresh as it can be for whoever goes on."""
        await self._keeper.flush()
        self._keeper.forget()
        if self._desk.latest:
            await self._records.leave_quotes(self._desk.latest)
