import asyncio
from dataclasses import replace

from samples import NOW

from cnop_core.clock import FixedClock
from cnop_core.ids import AssetId
from cnop_inventory.application.seeding import seed_catalogue
from cnop_inventory.domain.assets import AssetDraft
from cnop_inventory.domain.default_assets import DEFAULT_ASSETS
from cnop_platform.catalogue import Catalogue, asset_put
from cnop_platform.store import Anything


async def seeded(store, drafts=DEFAULT_ASSETS):
    clock = FixedClock(NOW)
    catalogue = Catalogue(store=store, clock=clock)
    await seed_catalogue(drafts, store=store, catalogue=catalogue, clock=clock)
    return catalogue


async def test_a_new_installation_has_the_default_assets_at_once(store):
    catalogue = await seeded(store)
    assert set(await catalogue.all()) == {draft.asset_id for draft in DEFAULT_ASSETS}


async def test_replicas_that_start_at_once_agree(store):
    catalogues = await asyncio.gather(*(seeded(store) for _ in range(5)))
    assert all([await each.all() == await catalogues[0].all() for each in catalogues])
    assert {item.version for item in (await store.query("ASSETS")).items} == {1}


async def test_what_an_operator_changed_stays(store):
    catalogue = await seeded(store)
    bitcoin = await catalogue.get(AssetId("BTC"))
    await store.transact([asset_put(replace(bitcoin, is_active=False), condition=Anything())])
    again = await seeded(store)
    assert not (await again.get(AssetId("BTC"))).is_active


async def test_an_asset_that_a_new_release_brings_is_added(store):
    await seeded(store)
    await seeded(store, [*DEFAULT_ASSETS, AssetDraft(asset_id="NEW", name="New", category="coin")])
    assert len((await store.query("ASSETS")).items) == len(DEFAULT_ASSETS) + 1
