"""One wallet as a state machine: what each request may have done, given what its client was told.

Written from the API's contract and on purpose with nothing of the ledger in it, so that the two can disagree.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NamedTuple

from cnop_cli.proof.history import (
    NO_EFFECT,
    Answer,
    Call,
    Cancel,
    Deposit,
    Expire,
    Fill,
    Place,
    ReadBalance,
    ReadHolding,
    ReadOrder,
    Replace,
    Withdraw,
)

_UNIT: Final = 10**8
_CENT: Final = 100
# A quantity times a price is in units of 10^-16 dollars.
_TO_CENTS: Final = _UNIT * _UNIT // _CENT


class OpenOrder(NamedTuple):
    """An order that rests."""

    order_id: str
    is_buy: bool
    asset_id: str
    quantity: int
    limit: int
    expires_at: float | None


class State(NamedTuple):
    """What a wallet is at one moment; equal states have equal futures."""

    cash: int = 0
    assets: frozenset[tuple[str, int]] = frozenset()
    open: frozenset[OpenOrder] = frozenset()
    closed: frozenset[tuple[str, str]] = frozenset()
    """Order id and final status."""
    done: frozenset[tuple[str, str]] = frozenset()
    """Idempotency key and the answer that it is replayed with."""

    def quantity(self, asset_id: str) -> int | None:
        return next((units for name, units in self.assets if name == asset_id), None)

    def order(self, order_id: str) -> OpenOrder | None:
        return next((order for order in self.open if order.order_id == order_id), None)

    def status(self, order_id: str) -> str | None:
        """Give the status of a closed order."""
        return next((status for name, status in self.closed if name == order_id), None)

    def with_asset(self, asset_id: str, change: int) -> "State":
        before = self.quantity(asset_id)
        rest = self.assets - {(asset_id, before or 0)}
        return self._replace(assets=rest | {(asset_id, (before or 0) + change)})

    def close(self, order: OpenOrder, status: str) -> "State":
        return self._replace(open=self.open - {order}, closed=self.closed | {(order.order_id, status)})


def units(text: Any) -> int:
    """Read a decimal text in units of 10^-8."""
    return int(Decimal(str(text)) * _UNIT)


def cents(text: Any) -> int:
    """Read a decimal text in cents."""
    return int(Decimal(str(text)) * _CENT)


@dataclass(frozen=True, slots=True)
class WalletModel:
    """The rules of one wallet, and what is known about it otherwise."""

    fee_basis_points: int = 0
    highest: Mapping[str, int] = field(default_factory=dict)
    """The highest price that was seen of each asset."""
    balances: Mapping[str, int] = field(default_factory=dict)
    """The cash that the trade of an order left, by order."""
    shared: frozenset[str] = frozenset()
    """The keys that were sent more than once."""

    def outcomes(self, state: State, call: Call) -> list[State]:
        """Give the states that `call` may lead to if it takes its effect now; none, if it cannot have been now."""
        answer = call.answer or call.expected
        replayed = self._replayed(state, call, answer)
        if replayed is not None:
            return replayed
        if answer is not None and not answer.is_success:
            return [state] if answer.code in NO_EFFECT or self._is_refusal(state, call, answer) else []
        after = self._effect(state, call, answer)
        if after is None:
            return []
        if call.key in self.shared and answer is not None:
            after = after._replace(done=after.done | {(call.key, answer.text)})
        return [after]

    def _replayed(self, state: State, call: Call, answer: Answer | None) -> list[State] | None:
        """Give what a key that has had its effect leads to: the same answer again, and nothing else."""
        if call.key not in self.shared:
            return None
        first = next((text for key, text in state.done if key == call.key), None)
        if first is None:
            return None
        if answer is None or (answer.is_success and answer.text == first):
            return [state]
        return [state] if answer.code in NO_EFFECT else []

    def _effect(  # noqa: PLR0911 - one for each action
        self, state: State, call: Call, answer: Answer | None
    ) -> State | None:
        match call.action:
            case Deposit(cents=amount):
                return self._cash(state, amount, answer)
            case Withdraw(cents=amount):
                return self._cash(state, -amount, answer) if self.available(state) >= amount else None
            case Place():
                return self._place(state, call.action, answer.body["data"]) if answer else None
            case Cancel(order_id=order_id):
                order = state.order(order_id)
                return state.close(order, "cancelled") if order else None
            case Replace():
                return self._replace(state, call.action)
            case Fill(document=document):
                return self._fill_resting(state, document)
            case Expire(order_id=order_id):
                order = state.order(order_id)
                return state.close(order, "expired") if order else None
            case _:
                return state if answer and self._is_seen(state, call, answer.body) else None

    def _cash(self, state: State, change: int, answer: Answer | None) -> State | None:
        after = state._replace(cash=state.cash + change)
        return after if answer is None or cents(answer.body["balance"]) == after.cash else None

    def available(self, state: State) -> int:
        """Give the cash that no open order holds."""
        return state.cash - sum(self.cost(order.quantity, order.limit) for order in state.open if order.is_buy)

    def available_asset(self, state: State, asset_id: str) -> int:
        """Give the quantity of an asset that no open order holds."""
        held = sum(order.quantity for order in state.open if not order.is_buy and order.asset_id == asset_id)
        return (state.quantity(asset_id) or 0) - held

    def cost(self, quantity: int, price: int) -> int:
        """Give the cents that a buyer pays, fee included; everything rounds up to the cent."""
        total = -(-quantity * price // _TO_CENTS)
        return total + self.fee(total)

    def fee(self, total: int) -> int:
        return -(-total * self.fee_basis_points // 10_000)

    def _covers(self, state: State, *, is_buy: bool, asset_id: str, quantity: int, price: int) -> bool:
        if is_buy:
            return self.available(state) >= self.cost(quantity, price)
        return self.available_asset(state, asset_id) >= quantity

    # Orders.

    def _place(self, state: State, asked: Place, document: Mapping[str, Any]) -> State | None:
        same = (document["order_type"], document["asset_id"], units(document["quantity"])) == (
            asked.order_type,
            asked.asset_id,
            asked.quantity,
        )
        if not same or state.order(document["order_id"]) or state.status(document["order_id"]):
            return None
        if document["status"] == "completed":
            after = self._trade(state, document, limit=asked.limit)
            return after and after._replace(closed=after.closed | {(document["order_id"], "completed")})
        if asked.limit is None or (document["status"] == "cancelled") != (asked.time_in_force == "IOC"):
            return None
        if document["status"] == "cancelled":
            return state._replace(closed=state.closed | {(document["order_id"], "cancelled")})
        if not self._covers(
            state, is_buy=asked.is_buy, asset_id=asked.asset_id, quantity=asked.quantity, price=asked.limit
        ):
            return None
        order = OpenOrder(
            document["order_id"], asked.is_buy, asked.asset_id, asked.quantity, asked.limit, asked.expires_at
        )
        return state._replace(open=state.open | {order})

    def _trade(self, state: State, document: Mapping[str, Any], *, limit: int | None) -> State | None:
        """Exchange cash for an asset or back, if the price is within the limit, the sums are right and covered."""
        quantity, price = units(document["quantity"]), units(document["executed_price"])
        is_buy, asset_id = document["order_type"].endswith("buy"), document["asset_id"]
        total = -(-quantity * price // _TO_CENTS) if is_buy else quantity * price // _TO_CENTS
        fee = self.fee(total)
        if limit is not None and (price > limit if is_buy else price < limit):
            return None
        if (cents(document["total_amount"]), cents(document["fee"])) != (total, fee):
            return None
        if not self._covers(state, is_buy=is_buy, asset_id=asset_id, quantity=quantity, price=price):
            return None
        cash = state.cash + (-(total + fee) if is_buy else total - fee)
        if self.balances.get(document["order_id"], cash) != cash:
            return None
        return state._replace(cash=cash).with_asset(asset_id, quantity if is_buy else -quantity)

    def _fill_resting(self, state: State, document: Mapping[str, Any]) -> State | None:
        order = state.order(document["order_id"])
        if order is None or (order.quantity, order.limit) != (
            units(document["quantity"]),
            units(document["limit_price"]),
        ):
            return None
        return self._trade(state.close(order, "completed"), document, limit=order.limit)

    def _replace(self, state: State, asked: Replace) -> State | None:
        order = state.order(asked.order_id)
        if order is None:
            return None
        without = state._replace(open=state.open - {order})
        renewed = order._replace(quantity=asked.quantity, limit=asked.limit)
        covered = self._covers(
            without, is_buy=order.is_buy, asset_id=order.asset_id, quantity=renewed.quantity, price=renewed.limit
        )
        return without._replace(open=without.open | {renewed}) if covered else None

    # Refusals and reads: true at that moment, or not.

    def _is_refusal(  # noqa: PLR0911 - one for each refusal
        self, state: State, call: Call, answer: Answer
    ) -> bool:
        match call.action, answer.code:
            case Withdraw(cents=amount), "INSUFFICIENT_FUNDS":
                return self.available(state) < amount
            case Place() as asked, "INSUFFICIENT_FUNDS" | "INSUFFICIENT_ASSET":
                price = asked.limit if asked.limit is not None else self.highest.get(asked.asset_id, 0)
                return not self._covers(
                    state, is_buy=asked.is_buy, asset_id=asked.asset_id, quantity=asked.quantity, price=price
                )
            case Place(expires_at=float(expires_at)), "VALIDATION_ERROR":
                return expires_at <= call.ended_at
            case Replace() as asked, "INSUFFICIENT_FUNDS" | "INSUFFICIENT_ASSET":
                return state.order(asked.order_id) is not None and self._replace(state, asked) is None
            case (Cancel() | Replace()) as asked, "ORDER_CLOSED":
                # An order whose time is over is closed for its owner before the engine has freed what it holds.
                order = state.order(asked.order_id)
                return state.status(asked.order_id) is not None or (order is not None and _is_overdue(order, call))
            case (Cancel() | Replace() | ReadOrder()) as asked, "NOT_FOUND":
                return state.order(asked.order_id) is None and state.status(asked.order_id) is None
            case ReadHolding(asset_id=asset_id), "NOT_FOUND":
                return state.quantity(asset_id) is None
        return False

    def _is_seen(self, state: State, call: Call, body: Mapping[str, Any]) -> bool:
        match call.action:
            case ReadBalance():
                seen = (cents(body["current_balance"]), cents(body["available_balance"]), cents(body["held_balance"]))
                available = self.available(state)
                return seen == (state.cash, available, state.cash - available)
            case ReadHolding(asset_id=asset_id):
                seen_units = (units(body["data"]["quantity"]), units(body["data"]["available"]))
                return seen_units == (state.quantity(asset_id), self.available_asset(state, asset_id))
            case ReadOrder(order_id=order_id):
                return _is_order_seen(state, order_id, body["data"])
        return False


def _is_order_seen(state: State, order_id: str, document: Mapping[str, Any]) -> bool:
    order = state.order(order_id)
    if order is None:
        return state.status(order_id) == str(document["status"])
    terms = (document["status"], units(document["quantity"]), units(document["limit_price"]))
    return terms == ("pending", order.quantity, order.limit)


def _is_overdue(order: OpenOrder, call: Call) -> bool:
    return order.expires_at is not None and order.expires_at <= call.ended_at
