"""A small service with one endpoint of each kind, to test what the platform does around any endpoint."""

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated

import httpx
from fastapi import Depends
from pydantic import BaseModel, ConfigDict

from cnop_core.clock import FixedClock
from cnop_core.errors import Conflict, NotFound, RateLimited, Unavailable
from cnop_platform.access import Principal, RateClass, public, requires
from cnop_platform.amounts import DecimalText
from cnop_platform.app import Wiring, create_app, provided, service_router
from cnop_platform.audit import AuditTrail
from cnop_platform.authentication import BearerAuthenticator
from cnop_platform.gatekeeper import Gatekeeper
from cnop_platform.health import Health
from cnop_platform.permissions import Permission
from cnop_platform.policies import load_policies, policies_folder
from cnop_platform.request_context import RequestContext, request_context
from cnop_platform.store.memory import MemoryStore
from cnop_platform.testing.tokens import TERMS, TokenMint
from cnop_platform.tokens import TokenVerifier

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
GATEWAY_SECRET = "g" * 40


class Payment(BaseModel):
    model_config = ConfigDict(extra="forbid")
    amount: DecimalText


class Note(BaseModel):
    model_config = ConfigDict(extra="forbid")
    text: str | None = None


class Factors:
    def __init__(self):
        self.enrolled = set()

    async def has_any(self, user_id):
        return user_id in self.enrolled


class Sessions:
    def __init__(self):
        self.ended = set()

    async def is_ended(self, *held):
        return not self.ended.isdisjoint(held)


class Greeter:
    def greet(self, name):
        return f"hello {name}"


FAILURES = {
    "missing": NotFound("there is no such thing"),
    "conflict": Conflict("someone was faster"),
    "slow": RateLimited("too many", retry_after_seconds=7),
    "away": Unavailable("the store is away"),
    "crash": RuntimeError("secret detail"),
}

router = service_router(tags=["sample"])


@router.post("/notes")
async def note(
    _access: Annotated[None, public(Permission.LOGIN, rate=RateClass.WRITE)], body: Note | None = None
) -> dict[str, str | None]:
    return {"text": body.text if body else None}


@router.post("/sign-in")
async def sign_in(_access: Annotated[None, public(Permission.LOGIN, rate=RateClass.AUTH)]) -> str:
    return "welcome"


@router.post("/payments", status_code=201)
async def pay(
    principal: Annotated[Principal, requires(Permission.DEPOSIT, rate=RateClass.TRADE, body_limit_bytes=100)],
    payment: Payment,
) -> Payment:
    return payment


@router.get("/audit-view")
async def audit_view(principal: Annotated[Principal, requires(Permission.READ_AUDIT, rate=RateClass.READ)]) -> str:
    return principal.user_id


@router.delete("/account")
async def delete(
    principal: Annotated[Principal, requires(Permission.DELETE_ACCOUNT, rate=RateClass.WRITE, step_up=True)],
) -> str:
    return principal.user_id


@router.get("/greetings/{name}")
async def greet(
    name: str,
    _: Annotated[None, public(Permission.READ_ASSETS, rate=RateClass.READ)],
    greeter: Annotated[Greeter, provided(Greeter)],
    context: Annotated[RequestContext, Depends(request_context)],
) -> dict[str, str]:
    return {"text": greeter.greet(name), "address": context.client_address, "request_id": context.request_id}


@router.get("/failures/{kind}")
async def fail(kind: str, _: Annotated[None, public(Permission.READ_ASSETS, rate=RateClass.READ)]) -> None:
    raise FAILURES[kind]


class ServiceUnderTest:
    def __init__(self):
        self.mint = TokenMint()
        self.clock = FixedClock(START)
        self.store = MemoryStore()
        self.sessions = Sessions()
        self.factors = Factors()
        self.audit = AuditTrail(store=self.store, key=b"k" * 32, service="sample", clock=self.clock, entropy=bytes)
        self.limits = None
        self.healthy = {"store": True, "valkey": True}
        self.app = create_app(
            name="sample",
            title="Sample",
            version="1.2.3",
            routers=[router],
            wire=self._wire,
            gateway_secret=GATEWAY_SECRET,
        )

    @property
    def now(self):
        return int(self.clock.now().timestamp())

    def bearer(self, **changes):
        return {"Authorization": f"Bearer {self.mint.token(now=self.now, **changes)}"}

    @asynccontextmanager
    async def client(self):
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=("203.0.113.9", 4711))
        async with self.app.router.lifespan_context(self.app):
            async with httpx.AsyncClient(transport=transport, base_url="http://sample") as client:
                yield client

    @asynccontextmanager
    async def _wire(self):
        verifier = TokenVerifier(keys=self.mint.keys, terms=TERMS, clock=self.clock)
        gatekeeper = Gatekeeper(
            authenticator=BearerAuthenticator(verifier=verifier, sessions=self.sessions),
            policies=load_policies(policies_folder()),
            audit=self.audit,
            clock=self.clock,
            limits=self.limits,
            factors=self.factors,
        )
        health = Health(required={"store": self._probe("store")}, optional={"valkey": self._probe("valkey")})
        yield Wiring(gatekeeper=gatekeeper, health=health, environment="local", provided={Greeter: Greeter()})

    def _probe(self, name):
        async def probe():
            if not self.healthy[name]:
                raise OSError("refused")
            return True

        return probe
