"""Builds the order service: the only place where its objects are made."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI

from cnop_ledger import Ledger, LedgerReader
from cnop_orders import VERSION
from cnop_orders.api import holdings, orders
from cnop_orders.application.holdings import Holdings
from cnop_orders.application.queries import OrderReader
from cnop_orders.application.trading import Trading
from cnop_orders.settings import OrderSettings
from cnop_platform.app import Wire, Wiring, create_app
from cnop_platform.app import describe as describe_app
from cnop_platform.catalogue import Catalogue
from cnop_platform.directory import Directory
from cnop_platform.prices import PriceBoard
from cnop_platform.runtime import background, service_runtime
from cnop_platform.system import entropy
from cnop_platform.tokens import KeySource
from cnop_platform.wakeups import WalletBell, WalletEar

NAME: Final = "order_service"


def build(settings: OrderSettings, *, keys: KeySource | None = None) -> FastAPI:
    """Return the service; it connects when it starts. `keys` defaults to the JWKS address of the settings."""

    @asynccontextmanager
    async def wire() -> AsyncIterator[Wiring]:
        async with service_runtime(settings, name=NAME, keys=keys) as runtime:
            base = runtime.infrastructure
            board = PriceBoard(store=base.store, cache=base.cache, clock=base.clock)
            catalogue = Catalogue(store=base.store, clock=base.clock)
            bell, ear = WalletBell(base.cache), WalletEar(base.cache)
            ledger = Ledger(base.store, settings.chain_keys, clock=base.clock, entropy=entropy)
            reader = LedgerReader(base.store, settings.chain_keys)
            trading = Trading(
                store=base.store,
                ledger=ledger,
                reader=reader,
                catalogue=catalogue,
                board=board,
                terms=settings.terms,
                clock=base.clock,
                entropy=entropy,
                ring=bell.ring,
            )
            provided = {
                Trading: trading,
                OrderReader: OrderReader(base.store),
                Holdings: Holdings(reader=reader, catalogue=catalogue, board=board),
                Directory: Directory(base.store),
            }
            async with background([board.run(), bell.run(), ear.run()]):
                yield Wiring(
                    gatekeeper=runtime.gatekeeper,
                    health=base.health(),
                    environment=settings.environment,
                    provided=provided,
                )
            await ledger.close()

    return _app(wire, gateway_secret=settings.gateway_secret.get_secret_value(), policies=settings.policies)


def describe() -> dict[str, Any]:
    """Return the OpenAPI description, without any connection or secret."""
    return describe_app(_app(_never_wired))


def _never_wired() -> AbstractAsyncContextManager[Wiring]:
    raise RuntimeError("this app only describes itself")


def _app(wire: Wire, *, gateway_secret: str = "", policies: str | None = None) -> FastAPI:
    return create_app(
        name=NAME,
        title="Order service",
        version=VERSION,
        routers=[orders.router, holdings.router],
        wire=wire,
        gateway_secret=gateway_secret,
        policies=policies,
    )
