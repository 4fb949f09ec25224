"""Completes a history with what the books show at the end: what became of unknown outcomes, and what the engine did.

Everything that moved cash is in the books with the balance after it. So an effect whose answer got lost is known by
what it did, and the checker need not try out whether it happened; that it fits there is still to be shown.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import inf
from typing import Any, Final

from cnop_cli.proof.books import Books
from cnop_cli.proof.history import Answer, Call, Deposit, Expire, Fill, History, Place, Withdraw
from cnop_cli.proof.wallet_model import cents

CASH_TYPES: Final[dict[type, str]] = {Deposit: "deposit", Withdraw: "withdrawal"}


def resolve(history: History, books: Books) -> list[Call]:
    """Give the calls as the checker takes them.

    A request that was repeated under its key until it succeeded took effect at some time from its first try to that
    answer. What was not, and left no trace in the books, had no effect that anybody could see, and is left out.
    """
    began: dict[str, float] = {}
    for call in history.calls:
        if call.answer is None and call.key is not None:
            began.setdefault(call.key, call.began)
    acknowledged = {call.answer.body.get("transaction_id") for call in history.calls if call.answer}
    unclaimed = [item for item in books.movements if item["transaction_id"] not in acknowledged]
    kept: list[Call] = []
    for call in sorted(history.calls, key=_end):
        if call.answer is not None:
            first = began.pop(call.key, call.began) if call.key and call.answer.is_success else call.began
            kept.append(replace(call, began=min(first, call.began)))
        elif call.key is None and (expected := _claim(call, unclaimed)):
            kept.append(replace(call, expected=expected))
    return [*kept, *engine_calls(history, books.orders)]


def _end(call: Call) -> float:
    return inf if call.ended is None else call.ended


def _claim(call: Call, unclaimed: list[Mapping[str, Any]]) -> Answer | None:
    """Give what a request without a key did: the movement of its kind and amount that nobody was told of."""
    if not isinstance(call.action, Deposit | Withdraw):
        return None
    wanted = (CASH_TYPES[type(call.action)], call.action.cents)
    for item in unclaimed:
        if (item["transaction_type"], cents(item["amount"])) == wanted:
            unclaimed.remove(item)
            return Answer(201, {"balance": item["balance_after"], "transaction_id": item["transaction_id"]})
    return None


def engine_calls(history: History, documents: Mapping[str, Mapping[str, Any]]) -> list[Call]:
    """Give what the engine must have done, from orders that came to rest and the orders as they are at the end."""
    found: list[Call] = []
    for call in history.calls:
        placed = call.answer.body.get("data", {}) if call.answer and isinstance(call.action, Place) else {}
        document = documents.get(placed.get("order_id", ""))
        if document is None or placed["status"] != "pending":
            continue
        act = _act(document)
        if act is not None and all(act != known.action for known in found):
            began = min(other.began for other in history.calls if other.key == call.key)
            found.append(Call(-1 - len(found), act, began, door="engine"))
    return found


def _act(document: Mapping[str, Any]) -> Fill | Expire | None:
    """Give what ended an order that rested, unless its owner did."""
    if document["status"] == "completed":
        return Fill(document)
    return Expire(document["order_id"]) if document["status"] == "expired" else None


def balances_after(books: Books) -> dict[str, int]:
    """Give for each traded order the cash in cents that its trade left."""
    return {
        str(item["reference"]): cents(item["balance_after"])
        for item in books.movements
        if item["reference"] is not None
    }
