"""Builds the user service: the only place where its objects are made."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI

from cnop_ledger import Ledger, LedgerReader
from cnop_platform import app as platform
from cnop_platform.app import Wiring
from cnop_platform.catalogue import Catalogue
from cnop_platform.prices import PriceBoard
from cnop_platform.revocations import RevocationPublisher
from cnop_platform.runtime import ServiceRuntime, background, service_runtime
from cnop_platform.system import SystemClock, entropy
from cnop_platform.tokens import TokenTerms
from cnop_platform.wakeups import WalletBell
from cnop_users.adapters.counters import FallbackCounter, LocalCounter, ValkeyCounter
from cnop_users.adapters.email_index import HmacEmailIndex
from cnop_users.adapters.news import RevocationNews
from cnop_users.adapters.passwords import BcryptHasher
from cnop_users.adapters.signing_keys import SigningKeys
from cnop_users.adapters.strength import CommonPasswords, ZxcvbnJudge
from cnop_users.adapters.tokens import JwtIssuer
from cnop_users.adapters.vault import MasterKeyVault
from cnop_users.api import account, authentication, cash, key_set
from cnop_users.api.cookies import RefreshCookie
from cnop_users.api.key_set import PublishedKeys
from cnop_users.application.accounts import Accounts
from cnop_users.application.cash import CashDesk
from cnop_users.application.events import SecurityEvents
from cnop_users.application.holding import AssetHoldings
from cnop_users.application.limits import LoginLimits
from cnop_users.application.login import Login
from cnop_users.application.profile import Profiles
from cnop_users.application.registration import Registration
from cnop_users.application.sessions import Sessions
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
        routers=[authentication.router, account.router, cash.router, key_set.router],
        wire=wire,
        gateway_secret=gateway_secret,
        policies=policies,
    )


def _no_wiring() -> AbstractAsyncContextManager[Wiring]:
    raise RuntimeError("a description is not for serving")


@asynccontextmanager
async def _wire(settings: UsersSettings) -> AsyncIterator[Wiring]:
    keys = SigningKeys(settings.signing_keys, clock=SystemClock(), lead_seconds=settings.jwks_cache_seconds)
    async with service_runtime(settings, name=NAME, keys=keys) as runtime, running(settings, runtime, keys) as wiring:
        yield wiring


@asynccontextmanager
async def running(settings: UsersSettings, runtime: ServiceRuntime, keys: SigningKeys) -> AsyncIterator[Wiring]:
    """Build the service on a runtime that is up, and run what it does in the background."""
    service = UserService(settings, runtime, keys)
    async with background([service.publisher.run(), service.bell.run()]):
        try:
            yield Wiring(
                gatekeeper=runtime.gatekeeper,
                health=runtime.infrastructure.health(),
                environment=settings.environment.value,
                provided={type(each): each for each in service.objects()},
            )
        finally:
            await service.close()


class UserService:
    """The objects of one running service."""

    def __init__(self, settings: UsersSettings, runtime: ServiceRuntime, keys: SigningKeys) -> None:
        base = runtime.infrastructure
        self._settings = settings
        self._keys = keys
        self.publisher = RevocationPublisher(cache=base.cache, name=_replica_name())
        self.hasher = BcryptHasher(
            peppers=settings.keyring("pepper"),
            cost=settings.password_cost,
            workers=settings.password_workers,
            queue=settings.password_queue,
            entropy=entropy,
        )
        self.judge = ZxcvbnJudge(CommonPasswords.bundled())
        self.accounts = Accounts(
            store=base.store,
            vault=MasterKeyVault(master_keys=settings.keyring("data"), entropy=entropy),
            email_index=HmacEmailIndex(settings.keyring("index")),
        )
        self.sessions = Sessions(
            store=base.store,
            tokens=self._token_issuer(runtime),
            news=RevocationNews(view=runtime.sessions, publisher=self.publisher),
            audit=runtime.audit,
            clock=base.clock,
            entropy=entropy,
            lifetimes=settings.lifetimes,
        )
        self.bell = WalletBell(base.cache)
        self.ledger = Ledger(base.store, settings.chain_keys, clock=base.clock, entropy=entropy)
        self._runtime = runtime

    def objects(self) -> list[object]:
        """Return what handlers ask for, each by its type."""
        base, audit = self._runtime.infrastructure, self._runtime.audit
        return [
            self.accounts,
            self.sessions,
            self._registration(),
            self._login(),
            Profiles(store=base.store, accounts=self.accounts, audit=audit, clock=base.clock),
            SecurityEvents(base.store),
            *self._cash(),
            RefreshCookie(origins=self._settings.origins, max_age_seconds=self._settings.lifetimes.absolute_seconds),
            PublishedKeys(
                keys=lambda: [key.public_jwk() for key in self._keys.published()],
                cache_seconds=self._settings.jwks_cache_seconds,
            ),
        ]

    async def close(self) -> None:
        """Finish what the ledger has accepted, and let the threads end."""
        await self.ledger.close()
        await self.hasher.close()
        await self.judge.close()

    def _token_issuer(self, runtime: ServiceRuntime) -> JwtIssuer:
        settings = self._settings
        return JwtIssuer(
            keys=self._keys,
            terms=TokenTerms(issuer=settings.token_issuer, audience=settings.token_audience),
            lifetime_seconds=settings.access_token_seconds,
            clock=runtime.infrastructure.clock,
            entropy=entropy,
        )

    def _registration(self) -> Registration:
        return Registration(
            store=self._runtime.infrastructure.store,
            accounts=self.accounts,
            hasher=self.hasher,
            judge=self.judge,
            audit=self._runtime.audit,
            clock=self._runtime.infrastructure.clock,
            entropy=entropy,
        )

    def _cash(self) -> list[object]:
        base = self._runtime.infrastructure
        reader = LedgerReader(base.store, self._settings.chain_keys)
        desk = CashDesk(
            ledger=self.ledger,
            reader=reader,
            accounts=self.accounts,
            terms=self._settings.cash_terms,
            clock=base.clock,
            ring=self.bell.ring,
        )
        board = PriceBoard(store=base.store, cache=base.cache, clock=base.clock)
        return [
            desk,
            AssetHoldings(reader=reader, catalogue=Catalogue(store=base.store, clock=base.clock), board=board),
        ]

    def _login(self) -> Login:
        base = self._runtime.infrastructure
        counter = FallbackCounter(
            shared=ValkeyCounter(base.cache, clock=base.clock), local=LocalCounter(clock=base.clock)
        )
        limits = LoginLimits(
            counter=counter,
            policies=self._settings.login_policies,
            key=self._settings.keyring("index").current.secret,
        )
        return Login(
            store=base.store,
            accounts=self.accounts,
            hasher=self.hasher,
            limits=limits,
            sessions=self.sessions,
            audit=self._runtime.audit,
            clock=base.clock,
        )


def _replica_name() -> str:
    return f"{NAME}-{entropy(8).hex()}"
