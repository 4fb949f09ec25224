"""The market as this process sees it now: the catalogue, the price board and the figures, joined."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cnop_core.ids import AssetId
from cnop_inventory.application.market_item import MARKET_KEY, MarketItem, read_market
from cnop_inventory.domain.listing import ListedAsset
from cnop_platform.catalogue import Asset, Catalogue, UnknownAsset
from cnop_platform.prices import PriceBoard
from cnop_platform.store import Store, StoreUnavailable

_FIGURES_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Market:
    """All assets at one instant. The same object is given for as long as nothing changed."""

    assets: Mapping[AssetId, ListedAsset] = field(default_factory=dict)
    source: str | None = None

    def get(self, asset_id: AssetId) -> ListedAsset:
        """Return one asset. Raises `UnknownAsset`."""
        try:
            return self.assets[asset_id]
        except KeyError:
            raise UnknownAsset(f"there is no asset {asset_id}") from None


class MarketView:
    """Joins what the feed and the operators write."""

    def __init__(self, *, catalogue: Catalogue, board: PriceBoard, store: Store) -> None:
        self._catalogue = catalogue
        self._board = board
        self._store = store
        self._item = MarketItem(source=None, figures={})
        self._joined: tuple[Mapping[AssetId, Asset], int, MarketItem] | None = None
        self._market = Market()

    async def run(self) -> None:
        """Keep the figures current until cancelled."""
        while True:
            await self.refresh_figures()
            await asyncio.sleep(_FIGURES_SECONDS)

    async def refresh_figures(self) -> None:
        """Read the figures; without the store the old ones stay."""
        try:
            item = read_market(await self._store.get(MARKET_KEY))
        except StoreUnavailable:
            return
        if item != self._item:
            self._item = item

    async def now(self) -> Market:
        """Return the market."""
        assets = await self._catalogue.all()
        joined = self._joined
        if (
            joined is None
            or joined[0] is not assets
            or joined[1] != self._board.revision
            or joined[2] is not self._item
        ):
            self._joined = (assets, self._board.revision, self._item)
            self._market = self._join(assets)
        return self._market

    def _join(self, assets: Mapping[AssetId, Asset]) -> Market:
        return Market(
            {
                asset_id: ListedAsset(asset, self._board.latest(asset_id), self._item.figures.get(asset_id, {}))
                for asset_id, asset in assets.items()
            },
            self._item.source,
        )
