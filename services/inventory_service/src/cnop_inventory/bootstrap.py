"""Builds the inventory service."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI

from cnop_inventory.api import administration, assets
from cnop_inventory.api.rendered import RenderedAnswers
from cnop_inventory.application.administration import Administration
from cnop_inventory.application.market import MarketView
from cnop_inventory.application.seeding import seed_catalogue
from cnop_inventory.domain.default_assets import DEFAULT_ASSETS
from cnop_inventory.settings import InventorySettings
from cnop_platform.app import Wire, Wiring, create_app
from cnop_platform.app import describe as describe_app
from cnop_platform.catalogue import Catalogue
from cnop_platform.prices import PriceBoard
from cnop_platform.runtime import ServiceRuntime, background, service_runtime

NAME: Final = "inventory_service"
VERSION: Final = "0.1.0"
_ROUTERS: Final = (assets.router, administration.router)


def build(settings: InventorySettings) -> FastAPI:
    """Return the service; it connects when it starts."""

    @asynccontextmanager
    async def wire() -> AsyncIterator[Wiring]:
        async with service_runtime(settings, name=NAME) as runtime, wired(runtime, settings) as wiring:
            yield wiring

    return _app(wire, gateway_secret=settings.gateway_secret.get_secret_value(), policies=settings.policies)


@asynccontextmanager
async def wired(runtime: ServiceRuntime, settings: InventorySettings) -> AsyncIterator[Wiring]:
    """Build what the handlers work with, and run what keeps it current."""
    base = runtime.infrastructure
    catalogue = Catalogue(store=base.store, clock=base.clock)
    await seed_catalogue(DEFAULT_ASSETS, store=base.store, catalogue=catalogue, clock=base.clock)
    board = PriceBoard(store=base.store, cache=base.cache, clock=base.clock)
    view = MarketView(catalogue=catalogue, board=board, store=base.store)
    operators = Administration(store=base.store, catalogue=catalogue, audit=runtime.audit, clock=base.clock)
    async with background([board.run(), view.run()]):
        yield Wiring(
            gatekeeper=runtime.gatekeeper,
            health=base.health(),
            environment=settings.environment.value,
            provided={
                MarketView: view,
                RenderedAnswers: RenderedAnswers(view),
                Administration: operators,
            },
        )


def describe() -> dict[str, Any]:
    """Return the OpenAPI description; it needs no connection and no secret."""
    return describe_app(_app(_never_wired))


def _never_wired() -> AbstractAsyncContextManager[Wiring]:
    raise RuntimeError("this app only describes itself")


def _app(wire: Wire, *, gateway_secret: str = "", policies: str | None = None) -> FastAPI:
    return create_app(
        name=NAME,
        title="Inventory service",
        version=VERSION,
        routers=_ROUTERS,
        wire=wire,
        gateway_secret=gateway_secret,
        policies=policies,
    )
