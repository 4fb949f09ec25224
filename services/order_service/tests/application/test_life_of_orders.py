"""A random life of one customer and the engine, held against a model that knows only the rules."""

import asyncio
import itertools

from exchange import ALICE, Exchange, asset
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from cnop_core.errors import CnopError
from cnop_ledger import Kind
from cnop_ledger.domain.wallet import Wallet, advance
from cnop_orders.application.changes import NewTerms
from cnop_orders.application.queries import OrderFilter
from cnop_orders.application.requests import OrderRequest
from cnop_orders.domain.errors import OrderClosed
from cnop_orders.domain.lifecycle import Status
from cnop_orders.domain.order import OrderType, TimeInForce
from cnop_platform.store.memory import MemoryStore

WANTED = OrderFilter()
LIMITS = st.integers(80, 120)
QUANTITIES = st.integers(1, 40)


class LifeOfOrders(RuleBasedStateMachine):
    """The model keeps, per order, its side, quantity, limit and end, and the status that the rules give it."""

    orders = Bundle("orders")

    def __init__(self):
        super().__init__()
        numbers = itertools.count(1)
        self.loop = asyncio.new_event_loop()
        self.exchange = Exchange(MemoryStore(), lambda count: next(numbers).to_bytes(10, "big")[-count:])
        self.model = {}
        self.price = 100

    @initialize()
    def begin(self):
        self.do(self.exchange.list_asset(asset("BTC", min_quantity=1)))
        self.do(self.exchange.fund(ALICE, 5_000))
        self.do(self.exchange.give(ALICE, "BTC", "40"))
        self.do(self.exchange.price(BTC="100"))
        self.engine = self.exchange.engine()

    def teardown(self):
        self.loop.run_until_complete(self.exchange.ledger.close())
        self.loop.close()

    @rule(
        target=orders,
        side=st.sampled_from(["buy", "sell"]),
        quantity=QUANTITIES,
        limit=LIMITS,
        time_in_force=st.sampled_from(TimeInForce),
        seconds=st.integers(1, 60),
    )
    def place_limit(self, side, quantity, limit, time_in_force, seconds):
        ends = None
        if time_in_force is TimeInForce.GTD:
            ends = self.exchange.clock.now().timestamp() + seconds
        request = OrderRequest(
            OrderType(f"limit_{side}"),
            "BTC",
            str(quantity),
            price=str(limit),
            time_in_force=time_in_force,
            expires_at=type(self.exchange.clock.now()).fromtimestamp(ends, tz=self.exchange.clock.now().tzinfo)
            if ends
            else None,
        )
        try:
            self.do(self.exchange.parts.trading.place(self.caller, request, None))
        except CnopError as refusal:
            assert refusal.stable_code in {"INSUFFICIENT_FUNDS", "INSUFFICIENT_ASSET"}  # noqa: PT017 - the refusal is one of two
            return multiple()
        (order,) = self.do(self.exchange.parts.orders.page(ALICE, WANTED, limit=1)).orders
        crosses = self.price <= limit if side == "buy" else self.price >= limit
        resting = Status.CANCELLED if time_in_force is TimeInForce.IOC else Status.PENDING
        self.model[order.order_id] = {
            "side": side,
            "quantity": quantity,
            "limit": limit,
            "ends": ends,
            "status": Status.COMPLETED if crosses else resting,
        }
        return order.order_id

    @rule(order_id=consumes(orders), twice=st.booleans())
    def cancel(self, order_id, twice):
        known = self.model[order_id]
        over = known["ends"] is not None and known["ends"] <= self.exchange.clock.now().timestamp()
        for _ in range(1 + twice):
            was_open = known["status"] is Status.PENDING and not over
            assert self.succeeds(self.exchange.parts.trading.cancel(self.caller, order_id, None)) == was_open
            if was_open:
                known["status"] = Status.CANCELLED

    @rule(order_id=orders, quantity=QUANTITIES, limit=LIMITS)
    def replace(self, order_id, quantity, limit):
        known = self.model[order_id]
        over = known["ends"] is not None and known["ends"] <= self.exchange.clock.now().timestamp()
        terms = NewTerms(price=str(limit), quantity=str(quantity))
        try:
            changed = self.succeeds(self.exchange.parts.trading.replace(self.caller, order_id, terms, None))
        except CnopError as refusal:
            assert refusal.stable_code in {"INSUFFICIENT_FUNDS", "INSUFFICIENT_ASSET"}  # noqa: PT017 - the refusal is one of two
            return
        assert changed == (known["status"] is Status.PENDING and not over)
        if changed:
            known.update(quantity=quantity, limit=limit)

    @rule(price=LIMITS, seconds=st.integers(0, 40))
    def time_passes_and_the_engine_works(self, price, seconds):
        self.exchange.clock.advance(seconds=seconds)
        self.do(self.exchange.price(BTC=str(price)))
        self.price = price
        self.do(self.engine.work())
        now = self.exchange.clock.now().timestamp()
        for known in self.model.values():
            crosses = price <= known["limit"] if known["side"] == "buy" else price >= known["limit"]
            if known["status"] is Status.PENDING:
                if known["ends"] is not None and known["ends"] <= now:
                    known["status"] = Status.EXPIRED
                elif crosses:
                    known["status"] = Status.COMPLETED

    @invariant()
    def every_order_is_in_the_state_that_the_rules_give_it(self):
        for order_id, known in self.model.items():
            order = self.do(self.exchange.parts.orders.get(ALICE, order_id))
            assert (order.status, order.quantity) == (known["status"], known["quantity"] * 10**8)

    @invariant()
    def exactly_the_open_orders_hold_something(self):
        wallet = self.do(self.exchange.wallet(ALICE))
        resting = [known for known in self.model.values() if known["status"] is Status.PENDING]
        cash = sum(known["quantity"] * known["limit"] * 100 for known in resting if known["side"] == "buy")
        coins = sum(known["quantity"] * 10**8 for known in resting if known["side"] == "sell")
        assert (wallet.cash.held, wallet.holding("BTC").held, wallet.open_orders) == (cash, coins, len(resting))

    @invariant()
    def the_wallet_is_the_sum_of_its_entries_and_nobody_fills_twice(self):
        wallet, replayed, filled = self.do(self.exchange.wallet(ALICE)), Wallet(ALICE), []
        for entry in self.do(self.entries()):
            replayed = advance(replayed, entry)
            if entry.kind in (Kind.BUY, Kind.SELL):
                filled.append(entry.order_id)
        assert (replayed.holdings, replayed.seq) == (wallet.holdings, wallet.seq)
        assert len(filled) == len(set(filled))

    @property
    def caller(self):
        return self.exchange.caller(ALICE)

    async def entries(self):
        return [entry async for entry in self.exchange.reader.entries(ALICE)]

    def succeeds(self, awaitable):
        try:
            self.do(awaitable)
        except OrderClosed:
            return False
        return True

    def do(self, awaitable):
        return self.loop.run_until_complete(awaitable)


TestLifeOfOrders = LifeOfOrders.TestCase
TestLifeOfOrders.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
