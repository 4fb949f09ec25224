"""Histories written by hand: `H().deposit(...)` records one request with its times and what its client was told."""

from collections.abc import Mapping
from typing import Any

import pytest

from cnop_cli.proof.history import (
    Action,
    Answer,
    Call,
    Cancel,
    Deposit,
    Fill,
    Place,
    ReadBalance,
    ReadHolding,
    ReadOrder,
    Replace,
    Withdraw,
)
from cnop_cli.proof.linearizability import Violation, explain
from cnop_cli.proof.wallet_model import State, WalletModel

COIN = 10**8
DOLLARS = 10**8
"""A price in units of 10^-8."""


class H:
    """A history in the making. Times are (began, ended); an end of None is an unknown outcome."""

    def __init__(self, **rules: Any) -> None:
        self.calls: list[Call] = []
        self.rules = rules

    def call(self, action: Action, times: tuple[float, float | None], answer: Answer | None, key: str | None) -> "H":
        began, ended = times
        told = answer if ended is not None else None
        self.calls.append(Call(len(self.calls), action, began, key=key, ended=ended, answer=told))
        return self

    def deposit(
        self,
        cents: int,
        times: tuple[float, float | None],
        balance: int = 0,
        *,
        key: str | None = None,
        transaction_id: str = "txn",
    ) -> "H":
        return self.call(Deposit(cents), times, cash(balance, transaction_id), key)

    def withdraw(
        self, cents: int, times: tuple[float, float | None], balance: int = 0, *, key: str | None = None
    ) -> "H":
        return self.call(Withdraw(cents), times, cash(balance, "txn"), key)

    def refused(self, action: Action, times: tuple[float, float], code: str, status: int = 422) -> "H":
        return self.call(action, times, Answer(status, {}, code), None)

    def balance(self, current: int, times: tuple[float, float], *, held: int = 0) -> "H":
        names = {"current_balance": current, "available_balance": current - held, "held_balance": held}
        return self.call(
            ReadBalance(), times, Answer(200, {name: dollars(value) for name, value in names.items()}), None
        )

    def holding(self, asset_id: str, quantity: int, times: tuple[float, float], *, held: int = 0) -> "H":
        data = {"quantity": coins(quantity), "available": coins(quantity - held)}
        return self.call(ReadHolding(asset_id), times, Answer(200, {"data": data}), None)

    def place(self, asked: Place, times: tuple[float, float], *, key: str | None = None, **document: Any) -> "H":
        answer = Answer(201, {"data": order(asked, **document)}, text=str(document))
        return self.call(asked, times, answer, key)

    def cancel(self, order_id: str, times: tuple[float, float | None]) -> "H":
        return self.call(Cancel(order_id), times, Answer(200, {"data": {"status": "cancelled"}}), None)

    def replace(self, order_id: str, quantity: int, limit: int, times: tuple[float, float]) -> "H":
        return self.call(Replace(order_id, quantity, limit), times, Answer(200, {"data": {}}), None)

    def order(self, asked: Place, times: tuple[float, float], **document: Any) -> "H":
        seen = order(asked, **document)
        return self.call(ReadOrder(seen["order_id"]), times, Answer(200, {"data": seen}), None)

    def fill(self, asked: Place, began: float, **document: Any) -> "H":
        """The engine fills an order some time after `began`."""
        return self.call(Fill(order(asked, status="completed", **document)), (began, None), None, None)

    def verdict(self) -> Violation[State] | None:
        keys = [call.key for call in self.calls if call.key]
        shared = frozenset(key for key in keys if keys.count(key) > 1)
        return explain(self.calls, initial=State(), outcomes=WalletModel(shared=shared, **self.rules).outcomes)


def dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def coins(units: int) -> str:
    return f"{units // COIN}.{units % COIN:08}"


def cash(balance: int, transaction_id: str) -> Answer:
    body = {"balance": dollars(balance), "transaction_id": transaction_id}
    return Answer(201, body, text=f"{balance} {transaction_id}")


def order(
    asked: Place,
    *,
    order_id: str = "ord_1",
    status: str,
    price: int | None = None,
    total: int | None = None,
    fee: int = 0,
    quantity: int | None = None,
    limit: int | None = None,
) -> Mapping[str, Any]:
    limit = limit if limit is not None else asked.limit
    return {
        "order_id": order_id,
        "order_type": asked.order_type,
        "asset_id": asked.asset_id,
        "quantity": coins(quantity or asked.quantity),
        "limit_price": coins(limit) if limit is not None else None,
        "status": status,
        "executed_price": coins(price) if price is not None else None,
        "total_amount": dollars(total) if total is not None else None,
        "fee": dollars(fee),
    }


@pytest.fixture
def history() -> H:
    return H()
