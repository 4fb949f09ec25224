"""The asset catalogue as every service reads it; the inventory service alone writes it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cnop_core.clock import Clock, from_rfc3339, to_rfc3339
from cnop_core.errors import NotFound
from cnop_core.ids import AssetId
from cnop_platform.store import Body, Condition, Item, Key, Put, Store

PARTITION: Final = "ASSETS"
_FRESH_SECONDS: Final = 2


class UnknownAsset(NotFound):
    """No asset has this id."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A tradable asset. Quantities are in its smallest units, of which 10**scale make a whole one."""

    asset_id: AssetId
    name: str
    symbol: str
    description: str
    category: str
    image: str
    scale: int
    min_quantity: int
    max_quantity: int
    is_active: bool
    updated_at: datetime
    rank: int = 0
    version: int = 0


def asset_key(asset_id: AssetId) -> Key:
    """Return where an asset is."""
    return Key(PARTITION, asset_id)


def asset_put(asset: Asset, *, condition: Condition) -> Put:
    """Return the write that stores an asset."""
    body: Body = {
        "name": asset.name,
        "symbol": asset.symbol,
        "description": asset.description,
        "category": asset.category,
        "image": asset.image,
        "scale": asset.scale,
        "min_quantity": asset.min_quantity,
        "max_quantity": asset.max_quantity,
        "is_active": asset.is_active,
        "updated_at": to_rfc3339(asset.updated_at),
        "rank": asset.rank,
    }
    return Put(asset_key(asset.asset_id), body, condition)


def asset_from_item(item: Item) -> Asset:
    """Read an asset from its stored item."""
    values: dict[str, Any] = dict(item.body)
    values["updated_at"] = from_rfc3339(values["updated_at"])
    return Asset(asset_id=AssetId(item.key.sk), version=item.version, **values)


class Catalogue:
    """All assets, read from the store at most every two seconds and otherwise kept in memory."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._assets: Mapping[AssetId, Asset] = {}
        self._read_at: datetime | None = None
        self._lock = asyncio.Lock()

    async def all(self) -> Mapping[AssetId, Asset]:
        """Return every asset by id, at most two seconds old; the same object for as long as nothing changed."""
        if not self._is_fresh():
            async with self._lock:
                if not self._is_fresh():
                    await self.refresh()
        return self._assets

    async def get(self, asset_id: AssetId) -> Asset:
        """Return one asset. Raises `UnknownAsset`."""
        assets = await self.all()
        try:
            return assets[asset_id]
        except KeyError:
            raise UnknownAsset(f"there is no asset {asset_id}") from None

    async def refresh(self) -> None:
        """Read the whole catalogue from the store."""
        assets: dict[AssetId, Asset] = {}
        cursor = None
        while True:
            page = await self._store.query(PARTITION, limit=1000, cursor=cursor)
            assets.update((asset.asset_id, asset) for asset in map(asset_from_item, page.items))
            cursor = page.cursor
            if cursor is None:
                break
        if assets != self._assets:
            self._assets = assets
        self._read_at = self._clock.now()

    def _is_fresh(self) -> bool:
        return self._read_at is not None and (self._clock.now() - self._read_at).total_seconds() < _FRESH_SECONDS
