"""What the feed needs from outside."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol

from cnop_core.ids import AssetId
from cnop_core.money import PriceUnits
from cnop_inventory.domain.observations import Observation
from cnop_platform.prices import Quote

Deliver = Callable[[Sequence[Observation]], None]
"""Hands over what was just observed; it never blocks."""
TradedAssets = Callable[[], Awaitable[Collection[AssetId]]]
"""Tells which assets need prices now."""


class PriceSource(Protocol):
    """A provider of prices."""

    @property
    def name(self) -> str:
        """What the source is called in settings, in the store and to readers."""
        ...

    async def run(self, assets: TradedAssets, deliver: Deliver) -> None:
        """Observe prices until cancelled; a provider that is away is tried again, with back-off."""
        ...


class PastPrices(Protocol):
    """Knows prices of any time."""

    def past_price(self, asset_id: AssetId, second: int, finest_seconds: int) -> PriceUnits:
        """Return the price at an epoch second, without movements shorter than `finest_seconds`."""
        ...


class PriceOutlet(Protocol):
    """Tells all processes at once."""

    async def publish(self, *, changed: Collection[Quote], latest: Collection[Quote]) -> bool:
        """Announce `changed` and leave `latest` for whoever connects; return False when nobody could be told."""
        ...


class WorkPermit(Protocol):
    """Tells whether this replica is to work."""

    @property
    def may_work(self) -> bool:
        """Whether to work now."""
        ...

    async def wait_until(self, *, may_work: bool) -> None:
        """Return when that is so."""
        ...
