"""Builds the price feed; apart from the service's bootstrap, since a worker does without the web framework."""

from typing import Final

import httpx

from cnop_inventory.adapters.coinbase import CoinbaseSource
from cnop_inventory.adapters.coingecko import CoinGeckoSource
from cnop_inventory.adapters.simulated import SimulatedSource, installation_seed
from cnop_inventory.adapters.valkey_outlet import ValkeyOutlet
from cnop_inventory.adapters.verdict_log import AuditedVerdicts
from cnop_inventory.application.candle_keeper import CandleKeeper
from cnop_inventory.application.feed import PriceFeed
from cnop_inventory.application.feed_records import FeedRecords
from cnop_inventory.application.ports import PastPrices, PriceSource
from cnop_inventory.application.price_desk import PriceDesk
from cnop_inventory.application.seeding import seed_catalogue
from cnop_inventory.domain.default_assets import DEFAULT_ASSETS
from cnop_inventory.domain.sanity import PriceGate, SanityBounds
from cnop_inventory.settings import FeedProvider, FeedSettings
from cnop_platform.audit import AuditTrail
from cnop_platform.catalogue import Catalogue
from cnop_platform.chores import background
from cnop_platform.infrastructure import Infrastructure, infrastructure
from cnop_platform.lease import Lease
from cnop_platform.log import configure_logging
from cnop_platform.process import read_settings, run_worker
from cnop_platform.system import entropy

FEED_NAME: Final = "price_feed"


async def feed(settings: FeedSettings) -> None:
    """Feed prices until cancelled."""
    async with infrastructure(settings) as base, httpx.AsyncClient() as client:
        catalogue = Catalogue(store=base.store, clock=base.clock)
        await seed_catalogue(DEFAULT_ASSETS, store=base.store, catalogue=catalogue, clock=base.clock)
        audit = AuditTrail(
            store=base.store,
            key=settings.audit_key.get_secret_value(),
            service=FEED_NAME,
            clock=base.clock,
            entropy=entropy,
        )
        lease = Lease(base.cache, name="feed", holder=entropy(16).hex(), ttl_seconds=float(settings.feed_lease_seconds))
        source, past = await _source(settings, base, client)
        log = AuditedVerdicts(audit=audit, source=source.name, clock=base.clock, entropy=entropy)
        worker = PriceFeed(
            source=source,
            desk=PriceDesk(gate=PriceGate(_bounds(settings)), log=log, clock=base.clock),
            keeper=CandleKeeper(store=base.store, source=source.name, clock=base.clock, past=past),
            records=FeedRecords(store=base.store, source=source.name),
            outlet=ValkeyOutlet(base.cache),
            catalogue=catalogue,
            permit=lease,
        )
        try:
            async with background([lease.run, audit.run]):
                await worker.run()
        finally:
            await audit.drain()


async def _source(
    settings: FeedSettings, base: Infrastructure, client: httpx.AsyncClient
) -> tuple[PriceSource, PastPrices | None]:
    match settings.feed:
        case FeedProvider.COINBASE:
            return CoinbaseSource(url=settings.coinbase_url), None
        case FeedProvider.COINGECKO:
            key = settings.coingecko_key
            source = CoinGeckoSource(
                client=client,
                poll_seconds=settings.coingecko_poll_seconds,
                url=settings.coingecko_url,
                key=key.get_secret_value() if key else None,
                coin_ids=settings.coingecko_ids,
            )
            return source, None
        case FeedProvider.SIMULATED:
            seed = settings.feed_seed
            if seed is None:
                seed = await installation_seed(base.store, entropy=entropy)
            simulated = SimulatedSource(seed=seed, clock=base.clock)
            return simulated, simulated


def _bounds(settings: FeedSettings) -> SanityBounds:
    return SanityBounds(max_jump_bps=settings.feed_max_jump_bps, confirm_seconds=settings.feed_confirm_seconds)


def main() -> None:
    """Feed prices until told to stop."""
    settings = read_settings(FeedSettings)
    configure_logging(service=FEED_NAME, level=settings.log_level)
    run_worker(lambda: feed(settings), host=settings.host, port=settings.metrics_port)
