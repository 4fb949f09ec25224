"""The one item in which the feed leaves what readers need beside prices: figures, and where prices come from."""

from collections.abc import Mapping
from dataclasses import dataclass

from cnop_core.ids import AssetId
from cnop_inventory.domain.figures import Figures, clean_figures
from cnop_platform.candles import MARKET_KEY
from cnop_platform.store import Item, Put

__all__ = ["MARKET_KEY", "MarketItem", "market_put", "read_market"]


@dataclass(frozen=True, slots=True)
class MarketItem:
    """`source` names the provider of prices, None before the feed first ran."""

    source: str | None
    figures: Mapping[AssetId, Figures]


def market_put(market: MarketItem) -> Put:
    """Return the write that leaves the figures."""
    figures = {str(asset_id): dict(values) for asset_id, values in market.figures.items()}
    return Put(MARKET_KEY, {"source": market.source, "figures": figures})


def read_market(item: Item | None) -> MarketItem:
    """Read what `market_put` wrote; what is not well formed is left out."""
    body = item.body if item is not None else {}
    source, figures = body.get("source"), body.get("figures")
    named = figures if isinstance(figures, Mapping) else {}
    return MarketItem(
        source=source if isinstance(source, str) else None,
        figures={AssetId(name): clean_figures(each) for name, each in named.items() if isinstance(each, Mapping)},
    )
