"""Builds the user service: the only place where its objects are made."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict
from typing import Any, Final

from fastapi import FastAPI
from prometheus_client import REGISTRY, CollectorRegistry

from cnop_platform import app as platform
from cnop_platform.app import Wiring
from cnop_platform.chores import background
from cnop_platform.metrics import published_counters
from cnop_platform.runtime import ServiceRuntime, service_runtime
from cnop_platform.system import SystemClock
from cnop_users.adapters.signing_keys import SigningKeys
from cnop_users.api import (
    account,
    administration,
    authentication,
    cash,
    credentials,
    factors,
    federation,
    key_set,
    leaving,
    passkeys,
)
from cnop_users.application.accounts import EnrolledFactorsOfAccounts
from cnop_users.bootstrap.register import erasure_register
from cnop_users.bootstrap.service import UserService
from cnop_users.settings import UsersSettings

NAME: Final = "user_service"
VERSION: Final = "0.1.0"


def build(settings: UsersSettings) -> FastAPI:
    """Return the service, ready to be served; it connects when it starts."""
    return make_app(
        lambda: _wire(settings),
        gateway_secret=settings.gateway_secret.get_secret_value(),
        policies=settings.policies,
    )


def describe() -> dict[str, Any]:
    """Return the OpenAPI description; it needs no setting, secret or connection."""
    return platform.describe(make_app(_no_wiring))


def make_app(wire: platform.Wire, *, gateway_secret: str = "", policies: str | None = None) -> FastAPI:
    """Return the service around whatever `wire` builds."""
    return platform.create_app(
        name=NAME,
        title="User service",
        version=VERSION,
        routers=[
            authentication.router,
            account.router,
            credentials.router,
            factors.router,
            passkeys.router,
            cash.router,
            federation.router,
            leaving.router,
            administration.router,
            key_set.router,
        ],
        wire=wire,
        gateway_secret=gateway_secret,
        policies=policies,
    )


@asynccontextmanager
async def running(
    settings: UsersSettings, runtime: ServiceRuntime, keys: SigningKeys, *, registry: CollectorRegistry = REGISTRY
) -> AsyncIterator[Wiring]:
    """Build the service on a runtime that is up, and run what it does in the background; `registry` gets its counts."""
    async with erasure_register(settings) as register:
        service = UserService(settings, runtime, keys, register=register)
        # Before anybody is let in: whom a restored backup brought back must not be found here.
        await service.erasure_keeper.once()
        async with _serving(settings, runtime, service, registry) as wiring:
            yield wiring


@asynccontextmanager
async def _serving(
    settings: UsersSettings, runtime: ServiceRuntime, service: UserService, registry: CollectorRegistry
) -> AsyncIterator[Wiring]:
    figures = published_counters("cnop_ledger", lambda: asdict(service.ledger.stats), registry=registry)
    async with background(service.chores(), crashed=runtime.infrastructure.crashed):
        try:
            with figures:
                yield Wiring(
                    gatekeeper=runtime.gatekeeper,
                    health=runtime.infrastructure.health(),
                    environment=settings.environment.value,
                    provided={type(each): each for each in service.objects()},
                )
        finally:
            await service.close()


def _no_wiring() -> AbstractAsyncContextManager[Wiring]:
    raise RuntimeError("a description is not for serving")


@asynccontextmanager
async def _wire(settings: UsersSettings) -> AsyncIterator[Wiring]:
    keys = SigningKeys(settings.signing_keys, clock=SystemClock(), lead_seconds=settings.jwks_cache_seconds)
    async with (
        service_runtime(settings, name=NAME, keys=keys, factors=EnrolledFactorsOfAccounts) as runtime,
        running(settings, runtime, keys) as wiring,
    ):
        yield wiring
