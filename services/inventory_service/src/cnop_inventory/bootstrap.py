"""Builds the inventory service and the price feed: the only place where their objects are made."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

import httpx
from fastapi import FastAPI
from starlette.middleware import Middleware

from cnop_inventory import VERSION
from cnop_inventory.adapters.coinbase import CoinbaseSource
from cnop_inventory.adapters.coingecko import CoinGeckoSource
from cnop_inventory.adapters.simulated import SimulatedSource, installation_seed
from cnop_inventory.adapters.valkey_outlet import ValkeyOutlet
from cnop_inventory.adapters.verdict_log import AuditedVerdicts
from cnop_inventory.api import administration, assets, history, stream
from cnop_inventory.api.rendered import RenderedAnswers, RenderedReads
from cnop_inventory.application.administration import Administration
from cnop_inventory.application.candle_keeper import CandleKeeper
from cnop_inventory.application.feed import PriceFeed
from cnop_inventory.application.feed_records import FeedRecords
from cnop_inventory.application.market import MarketView
from cnop_inventory.application.ports import PastPrices, PriceSource
from cnop_inventory.application.price_desk import PriceDesk
from cnop_inventory.application.price_history import PriceHistory
from cnop_inventory.application.price_tape import PriceTape
from cnop_inventory.application.seeding import seed_catalogue
from cnop_inventory.domain.default_assets import DEFAULT_ASSETS
from cnop_inventory.domain.sanity import PriceGate, SanityBounds
from cnop_inventory.settings import FeedProvider, FeedSettings, InventorySettings
from cnop_platform.app import Wire, Wiring, create_app
from cnop_platform.app import describe as describe_app
from cnop_platform.audit import AuditTrail
from cnop_platform.catalogue import Catalogue
from cnop_platform.lease import Lease
from cnop_platform.prices import PriceBoard
from cnop_platform.runtime import Infrastructure, ServiceRuntime, background, infrastructure, service_runtime
from cnop_platform.streams import Streams
from cnop_platform.system import entropy
from cnop_platform.tokens import KeySource

NAME: Final = "inventory_service"
FEED_NAME: Final = "price_feed"
_ROUTERS: Final = (assets.router, history.router, stream.router, administration.router)


def build(settings: InventorySettings, *, streams: Streams | None = None, keys: KeySource | None = None) -> FastAPI:
    """Return the service; it connects when it starts.

    Whoever passes `streams` can end them. `keys` defaults to the JWKS address of the settings.
    """
    bounded = streams or stream_bounds(settings)

    @asynccontextmanager
    async def wire() -> AsyncIterator[Wiring]:
        async with (
            service_runtime(settings, name=NAME, keys=keys) as runtime,
            _wired(runtime, settings, bounded) as wiring,
        ):
            yield wiring

    return _app(wire, gateway_secret=settings.gateway_secret.get_secret_value(), policies=settings.policies)


def stream_bounds(settings: InventorySettings) -> Streams:
    """Return how many streams the settings allow."""
    return Streams(limit=settings.stream_limit, per_address=settings.stream_limit_per_address)


@asynccontextmanager
async def _wired(runtime: ServiceRuntime, settings: InventorySettings, streams: Streams) -> AsyncIterator[Wiring]:
    """Build what the handlers work with, and run what keeps it current."""
    base = runtime.infrastructure
    catalogue = Catalogue(store=base.store, clock=base.clock)
    await seed_catalogue(DEFAULT_ASSETS, store=base.store, catalogue=catalogue, clock=base.clock)
    board = PriceBoard(store=base.store, cache=base.cache, clock=base.clock)
    view = MarketView(catalogue=catalogue, board=board, store=base.store)
    operators = Administration(store=base.store, catalogue=catalogue, audit=runtime.audit, clock=base.clock)
    tape = PriceTape(board, encode=stream.encode_tick)
    async with background([board.run(), view.run(), tape.run()]):
        yield Wiring(
            gatekeeper=runtime.gatekeeper,
            health=base.health(),
            environment=settings.environment.value,
            provided={
                MarketView: view,
                RenderedAnswers: RenderedAnswers(view),
                Administration: operators,
                PriceHistory: PriceHistory(store=base.store, view=view, clock=base.clock),
                PriceTape: tape,
                Streams: streams,
            },
        )


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
            async with background([lease.run(), audit.run()]):
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


def describe() -> dict[str, Any]:
    """Return the OpenAPI description; it needs no connection and no secret."""
    return describe_app(_app(_never_wired))


def _never_wired() -> AbstractAsyncContextManager[Wiring]:
    raise RuntimeError("this app only describes itself")


def _app(wire: Wire, *, gateway_secret: str = "", policies: str | None = None) -> FastAPI:
    app = create_app(
        name=NAME,
        title="Inventory service",
        version=VERSION,
        routers=_ROUTERS,
        wire=wire,
        gateway_secret=gateway_secret,
        policies=policies,
    )
    app.user_middleware.append(Middleware(RenderedReads))
    return app
