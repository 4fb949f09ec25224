"""An asset as readers see it: what it is, its live price, and its figures."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from cnop_core.money import PriceUnits
from cnop_inventory.domain.figures import Figures
from cnop_platform.catalogue import Asset
from cnop_platform.prices import Quote

_PPM_PER_PERCENT: Final = 10_000


@dataclass(frozen=True, slots=True)
class ListedAsset:
    """One asset of the market."""

    asset: Asset
    quote: Quote | None = None
    figures: Figures = field(default_factory=dict)

    @property
    def price(self) -> PriceUnits | None:
        """The live price, None where the feed has none."""
        return self.quote.price if self.quote else None

    @property
    def change_ppm(self) -> int | None:
        """The day's change in millionths."""
        percent = self.figures.get("price_change_percentage_24h")
        return int(Decimal(percent) * _PPM_PER_PERCENT) if percent is not None else None

    @property
    def last_updated(self) -> datetime:
        """When price or description last changed."""
        return max(self.asset.updated_at, self.quote.as_of) if self.quote else self.asset.updated_at
