"""The default catalogue, put in place at start-up by however many replicas start at once."""

from collections.abc import Iterable
from contextlib import suppress

from cnop_core.clock import Clock
from cnop_inventory.domain.assets import AssetDraft, list_asset
from cnop_platform.catalogue import Catalogue, asset_put
from cnop_platform.store import Absent, ConditionFailed, Store


async def seed_catalogue(drafts: Iterable[AssetDraft], *, store: Store, catalogue: Catalogue, clock: Clock) -> None:
    """List each asset that is not there yet; what an operator has changed since stays as it is."""
    present = await catalogue.all()
    missing = [
        asset for asset in (list_asset(draft, now=clock.now()) for draft in drafts) if asset.asset_id not in present
    ]
    for asset in missing:
        with suppress(ConditionFailed):
            await store.transact([asset_put(asset, condition=Absent())])
    if missing:
        await catalogue.refresh()
