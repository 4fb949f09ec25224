"""The order service as tests see it: real use cases and API on any store, with a clock and prices that tests move."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import httpx

from cnop_core.clock import FixedClock
from cnop_core.money import parse_units
from cnop_ledger import (
    Bounds,
    Command,
    DailyCaps,
    Decision,
    Ledger,
    LedgerReader,
    Origin,
    Response,
    deposit,
    fill,
    price_trade,
)
from cnop_ledger.domain.pricing import Side
from cnop_ledger.testing import KEYS
from cnop_orders.application.codec import OrderCodec
from cnop_orders.application.engine import Engine
from cnop_orders.application.trading import Caller
from cnop_orders.bootstrap import Parts, create
from cnop_orders.domain.terms import Terms
from cnop_platform.app import Wiring
from cnop_platform.audit import AuditTrail
from cnop_platform.authentication import BearerAuthenticator
from cnop_platform.cache import connect
from cnop_platform.catalogue import Asset, Catalogue, asset_put
from cnop_platform.chores import background
from cnop_platform.directory import username_put
from cnop_platform.gatekeeper import Gatekeeper
from cnop_platform.health import Health
from cnop_platform.policies import load_policies, policies_folder
from cnop_platform.prices import Quote
from cnop_platform.store import Anything
from cnop_platform.streams import Streams
from cnop_platform.testing.tokens import TERMS, TokenMint
from cnop_platform.tokens import TokenVerifier

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
PATIENT = Bounds(wait_seconds=60)
"""Nobody is turned away because the machine that runs the tests is busy."""
PLENTY = DailyCaps(deposits=10**15, withdrawals=10**15)
ALICE, BOB = "usr_alice00001", "usr_bob0000001"
NAMES = {ALICE: "alice_test", BOB: "bob_test"}


def asset(asset_id="BTC", **changes):
    """A listed asset; amounts are in its smallest units."""
    values = {
        "name": f"{asset_id} coin",
        "symbol": asset_id,
        "description": "",
        "category": "coin",
        "image": "",
        "scale": 8,
        "min_quantity": 100_000,
        "max_quantity": 1000 * 10**8,
        "is_active": True,
        "updated_at": START,
        **changes,
    }
    return Asset(asset_id=asset_id, **values)


class Sessions:
    """Who was logged out."""

    def __init__(self):
        self.ended = set()

    async def is_ended(self, *held):
        return not self.ended.isdisjoint(held)


class Exchange:
    """One order service, its store, and everything around it that a test wants to move."""

    def __init__(self, store, entropy, *, clock=None, cache_url="unix:///nonexistent/valkey"):
        self.store = store
        self.entropy = entropy
        self.clock = clock or FixedClock(START)
        self.mint = TokenMint()
        self.sessions = Sessions()
        self.terms = Terms()
        self.cache = connect(cache_url)
        self.ledger = Ledger(store, KEYS, clock=self.clock, entropy=entropy, bounds=PATIENT)
        self.reader = LedgerReader(store, KEYS)
        self.audit = AuditTrail(store=store, key=b"k" * 32, service="orders", clock=self.clock, entropy=entropy)
        self.parts = Parts.build(
            store=store,
            keys=KEYS,
            cache=self.cache,
            clock=self.clock,
            entropy=entropy,
            ledger=self.ledger,
            reader=self.reader,
            terms=self.terms,
            sessions=self.sessions,
            audit=self.audit,
        )
        self.streams = Streams(limit=4, per_address=2)
        self.app = create(self._wire)
        self.client = None
        self.rung = []

    @property
    def board(self):
        return self.parts.board

    @asynccontextmanager
    async def running(self):
        await self.list_asset(asset("BTC"))
        await self.list_asset(asset("ETH"))
        await self.price(BTC="50000", ETH="2000")
        for user_id, username in NAMES.items():
            await self.store.transact([username_put(username, user_id)])
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=("203.0.113.9", 4711))
        async with self.app.router.lifespan_context(self.app):
            async with httpx.AsyncClient(transport=transport, base_url="http://orders") as self.client:
                yield self
        await self.ledger.close()
        await self.cache.aclose()

    @asynccontextmanager
    async def woken(self):
        """Let wake-ups travel over Valkey."""
        async with background([self.parts.bell.run, self.parts.ear.run]):
            while not self.parts.ear.connected:
                await asyncio.sleep(0.01)
            yield

    def set_terms(self, **changes):
        self.terms = replace(self.terms, **changes)
        self.parts.trading._terms = self.terms

    def engine(self, *, board=None, store=None):
        """Make another engine, with a ledger of its own, as another process would have."""
        store = store or self.store
        return Engine(
            store=store,
            codec=OrderCodec(KEYS),
            ledger=Ledger(store, KEYS, clock=self.clock, entropy=self.entropy, bounds=PATIENT),
            catalogue=Catalogue(store=store, clock=self.clock),
            board=board or self.board,
            terms=self.terms,
            clock=self.clock,
            entropy=self.entropy,
            ring=self.rung.append,
        )

    async def list_asset(self, listed):
        await self.store.transact([asset_put(listed, condition=Anything())])
        await self.parts.catalogue.refresh()

    async def delist(self, asset_id):
        await self.list_asset(replace((await self.parts.catalogue.all())[asset_id], is_active=False))

    async def price(self, **prices):
        """Let prices arrive as of now."""
        if isinstance(self.clock, FixedClock):
            self.clock.advance(seconds=0.001)
        now = self.clock.now()
        await self.board.accept(Quote(name, parse_units(text, scale=8), now) for name, text in prices.items())

    def origin(self, user_id):
        return Origin(user_id, "203.0.113.9", "req_test")

    def caller(self, user_id):
        return Caller(user_id, self.origin(user_id))

    async def fund(self, user_id, dollars):
        """Bring cash in."""

        def decide(seen):
            change = deposit(seen.wallet, amount=parse_units(str(dollars), scale=2), caps=PLENTY, stamp=seen.stamp)
            return Decision(Response(201, "{}"), change)

        await self.ledger.execute(Command(user_id, self.origin(user_id), decide))

    async def give(self, user_id, asset_id, quantity, *, price="100"):
        """Let the user have bought a quantity, paid from outside."""
        units, cost = parse_units(str(quantity), scale=8), parse_units(price, scale=8)
        trade = price_trade(side=Side.BUY, asset_id=asset_id, scale=8, quantity=units, price=cost)
        await self.fund(user_id, f"{trade.cash // 100}.{trade.cash % 100:02}")

        def decide(seen):
            change = fill(seen.wallet, trade=trade, order_id="ord_given", stamp=seen.stamp)
            return Decision(Response(201, "{}"), change)

        await self.ledger.execute(Command(user_id, self.origin(user_id), decide))

    async def wallet(self, user_id):
        return await self.reader.wallet(user_id)

    def bearer(self, user_id=ALICE, **changes):
        now = int(self.clock.now().timestamp())
        claims = {"sub": user_id, "username": NAMES.get(user_id, "someone"), "sid": f"ses_{user_id}", **changes}
        return {"Authorization": f"Bearer {self.mint.token(now=now, **claims)}"}

    async def call(self, method, path, *, user_id=ALICE, roles=("customer",), headers=None, **more):
        """Send a request with a token of that user and those roles; `user_id` None sends none."""
        token = self.bearer(user_id, roles=list(roles)) if user_id else {}
        return await self.client.request(method, path, headers={**token, **(headers or {})}, **more)

    async def place(self, *, user_id=ALICE, key=None, **body):
        """Send an order of 0.1 BTC, changed as told; None leaves a member out."""
        full = {"order_type": "market_buy", "asset_id": "BTC", "quantity": "0.1", **body}
        document = {name: value for name, value in full.items() if value is not None}
        headers = {"Idempotency-Key": key} if key else {}
        return await self.call("POST", "/orders", user_id=user_id, headers=headers, json=document)

    async def rest(self, *, user_id=ALICE, **body):
        """Place a limit buy far below the price, and return the order."""
        answer = await self.place(user_id=user_id, **{"order_type": "limit_buy", "price": "40000", **body})
        assert answer.status_code == 201, answer.text
        order = answer.json()["data"]
        assert order["status"] == "pending"
        return order

    async def get(self, path, **more):
        answer = await self.call("GET", path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def everything(self):
        """The store's whole content, to prove that nothing moved."""
        return {item.key: (item.version, item.body) async for item in self.store.scan()}

    @asynccontextmanager
    async def _wire(self):
        verifier = TokenVerifier(keys=self.mint.keys, terms=TERMS, clock=self.clock)
        gatekeeper = Gatekeeper(
            authenticator=BearerAuthenticator(verifier=verifier, sessions=self.sessions),
            policies=load_policies(policies_folder()),
            audit=self.audit,
            clock=self.clock,
        )
        provided = {**self.parts.provided(), Streams: self.streams}
        yield Wiring(gatekeeper, Health(required={}, optional={}), "local", provided)


async def status(exchange, order, user_id=ALICE):
    """The status that the owner sees."""
    return (await exchange.get(f"/orders/{order['order_id']}", user_id=user_id))["data"]["status"]


async def entries(exchange, user_id=ALICE):
    """The whole history of a wallet."""
    return [entry async for entry in exchange.reader.entries(user_id)]
