"""Builds the inventory service and the price feed: the only place where their objects are made."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI
from starlette.middleware import Middleware

from cnop_inventory import VERSION
from cnop_inventory.api import administration, assets, history, stream
from cnop_inventory.api.rendered import RenderedAnswers, RenderedReads
from cnop_inventory.application.administration import Administration
from cnop_inventory.application.market import MarketView
from cnop_inventory.application.price_history import PriceHistory
from cnop_inventory.application.price_tape import PriceTape
from cnop_inventory.application.seeding import seed_catalogue
from cnop_inventory.domain.default_assets import DEFAULT_ASSETS
from cnop_inventory.settings import InventorySettings
from cnop_platform.app import Wire, Wiring, create_app
from cnop_platform.app import describe as describe_app
from cnop_platform.catalogue import Catalogue
from cnop_platform.chores import background
from cnop_platform.log import configure_logging
from cnop_platform.prices import PriceBoard
from cnop_platform.process import read_settings
from cnop_platform.runtime import ServiceRuntime, service_runtime
from cnop_platform.serve import serve
from cnop_platform.streams import Streams
from cnop_platform.tokens import KeySource
from cnop_platform.tracing import start_tracing

NAME: Final = "inventory_service"
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
    async with background([board.run, view.run, tape.run], crashed=base.crashed):
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


def main() -> None:
    """Serve until told to stop."""
    settings = read_settings(InventorySettings)
    configure_logging(service=NAME, level=settings.log_level)
    start_tracing(service=NAME)
    streams = stream_bounds(settings)
    serve(
        build(settings, streams=streams),
        host=settings.host,
        port=settings.port,
        on_stop=streams.stop,
        tls=settings.mutual_tls(),
        ops_port=settings.ops_port,
    )
