"""Builds the order service: the only place where its objects are made."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import valkey.asyncio as valkey
from fastapi import FastAPI

from cnop_core.clock import Clock
from cnop_core.ids import Entropy
from cnop_ledger import ChainKeys, Ledger, LedgerReader
from cnop_orders import VERSION
from cnop_orders.api import holdings, orders, stream
from cnop_orders.application.codec import OrderCodec
from cnop_orders.application.holdings import Holdings
from cnop_orders.application.people import People
from cnop_orders.application.portfolio_history import PortfolioHistory
from cnop_orders.application.queries import OrderReader
from cnop_orders.application.trading import Trading
from cnop_orders.application.wallet_feed import WalletFeeds
from cnop_orders.domain.terms import Terms
from cnop_orders.settings import OrderSettings
from cnop_platform.app import Wire, Wiring, create_app
from cnop_platform.app import describe as describe_app
from cnop_platform.audit import AuditTrail
from cnop_platform.authentication import EndedSessions
from cnop_platform.candles import ClosingPrices
from cnop_platform.catalogue import Catalogue
from cnop_platform.chores import background
from cnop_platform.directory import Directory
from cnop_platform.log import configure_logging
from cnop_platform.metrics import published_counters
from cnop_platform.prices import PriceBoard
from cnop_platform.process import read_settings
from cnop_platform.runtime import service_runtime
from cnop_platform.serve import serve
from cnop_platform.store import Store
from cnop_platform.streams import Streams
from cnop_platform.system import entropy as system_entropy
from cnop_platform.tokens import KeySource
from cnop_platform.tracing import start_tracing
from cnop_platform.wakeups import WalletBell, WalletEar

NAME: Final = "order_service"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the service is made of, beside what every service has."""

    board: PriceBoard
    catalogue: Catalogue
    bell: WalletBell
    ear: WalletEar
    trading: Trading
    orders: OrderReader
    holdings: Holdings
    history: PortfolioHistory
    feeds: WalletFeeds
    people: People

    @classmethod
    def build(
        cls,
        *,
        store: Store,
        keys: ChainKeys,
        cache: valkey.Valkey,
        clock: Clock,
        entropy: Entropy,
        ledger: Ledger,
        reader: LedgerReader,
        sessions: EndedSessions,
        audit: AuditTrail,
        terms: Terms,
    ) -> Self:
        """Put the parts together; nothing runs yet."""
        board = PriceBoard(store=store, cache=cache, clock=clock)
        catalogue = Catalogue(store=store, clock=clock)
        bell, ear = WalletBell(cache), WalletEar(cache)
        codec = OrderCodec(keys)
        orders = OrderReader(store, codec)
        trading = Trading(
            store=store,
            codec=codec,
            ledger=ledger,
            reader=reader,
            catalogue=catalogue,
            board=board,
            terms=terms,
            clock=clock,
            entropy=entropy,
            ring=bell.ring,
        )
        return cls(
            board=board,
            catalogue=catalogue,
            bell=bell,
            ear=ear,
            trading=trading,
            orders=orders,
            holdings=Holdings(reader=reader, catalogue=catalogue, board=board),
            history=PortfolioHistory(reader=reader, closing=ClosingPrices(store), board=board, clock=clock),
            feeds=WalletFeeds(reader=reader, orders=orders, wake_ups=ear, sessions=sessions, clock=clock),
            people=People(directory=Directory(store), audit=audit),
        )

    def provided(self) -> Mapping[type[Any], Any]:
        """Return what handlers may ask for."""
        return {
            Trading: self.trading,
            OrderReader: self.orders,
            Holdings: self.holdings,
            PortfolioHistory: self.history,
            WalletFeeds: self.feeds,
            People: self.people,
        }


def build(settings: OrderSettings, *, streams: Streams | None = None, keys: KeySource | None = None) -> FastAPI:
    """Return the service; it connects when it starts.

    Whoever passes `streams` can end them. `keys` defaults to the JWKS address of the settings.
    """
    bounded = streams or stream_bounds(settings)

    @asynccontextmanager
    async def wire() -> AsyncIterator[Wiring]:
        async with service_runtime(settings, name=NAME, keys=keys) as runtime:
            base = runtime.infrastructure
            ledger = Ledger(
                base.store,
                settings.chain_keys,
                clock=base.clock,
                entropy=system_entropy,
                witness=runtime.sealer.note,
            )
            parts = Parts.build(
                store=base.store,
                keys=settings.chain_keys,
                cache=base.cache,
                clock=base.clock,
                entropy=system_entropy,
                ledger=ledger,
                reader=LedgerReader(base.store, settings.chain_keys),
                sessions=runtime.sessions,
                audit=runtime.audit,
                terms=settings.terms,
            )
            async with background([parts.board.run, parts.bell.run, parts.ear.run], crashed=base.crashed):
                with published_counters("cnop_ledger", lambda: asdict(ledger.stats)):
                    yield Wiring(
                        gatekeeper=runtime.gatekeeper,
                        health=base.health(),
                        environment=settings.environment,
                        provided={**parts.provided(), Streams: bounded},
                    )
                await ledger.close()

    return create(wire, gateway_secret=settings.gateway_secret.get_secret_value(), policies=settings.policies)


def stream_bounds(settings: OrderSettings) -> Streams:
    """Return how many streams the settings allow; here a user is what elsewhere is an address."""
    return Streams(limit=settings.stream_limit, per_address=settings.stream_limit_per_user)


def describe() -> dict[str, Any]:
    """Return the OpenAPI description, without any connection or secret."""
    return describe_app(create(_never_wired))


def create(wire: Wire, *, gateway_secret: str = "", policies: str | None = None) -> FastAPI:
    """Return the service's app around whatever `wire` gives it."""
    return create_app(
        name=NAME,
        title="Order service",
        version=VERSION,
        routers=[stream.router, orders.router, holdings.router],
        wire=wire,
        gateway_secret=gateway_secret,
        policies=policies,
    )


def _never_wired() -> AbstractAsyncContextManager[Wiring]:
    raise RuntimeError("this app only describes itself")


def main() -> None:
    """Serve until told to stop."""
    settings = read_settings(OrderSettings)
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
