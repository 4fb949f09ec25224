"""Assets, quotes and observations as tests need them."""

from datetime import UTC, datetime, timedelta

from cnop_core.ids import AssetId
from cnop_core.money import PriceUnits
from cnop_inventory.domain.assets import AssetDraft, list_asset
from cnop_inventory.domain.observations import Observation
from cnop_platform.prices import Quote

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
BTC, ETH = AssetId("BTC"), AssetId("ETH")
USD = 10**8
"""One US dollar in price units."""


def asset(asset_id="BTC", **changes):
    return list_asset(
        AssetDraft(**{"asset_id": asset_id, "name": asset_id.title(), "category": "coin", **changes}), now=NOW
    )


def quote(price_usd=43_000, *, asset_id=BTC, seconds=0.0):
    return Quote(asset_id, PriceUnits(int(price_usd * USD)), NOW + timedelta(seconds=seconds))


def observed(*args, **kwargs):
    return Observation(quote(*args, **kwargs))
