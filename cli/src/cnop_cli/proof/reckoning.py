"""Compares the books with what the clients were told, effect by effect."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from cnop_cli.proof.books import Books
from cnop_cli.proof.history import Call, Deposit, History, Place, Withdraw
from cnop_cli.proof.resolution import CASH_TYPES
from cnop_cli.proof.wallet_model import cents


@dataclass(slots=True)
class Reckoning:
    """What was acknowledged and is not there, and what is there more than once or though nobody asked for it."""

    acknowledged: int = 0
    applied: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)

    def add(self, other: "Reckoning") -> None:
        """Add the reckoning of another wallet."""
        self.acknowledged += other.acknowledged
        self.applied += other.applied
        self.lost += other.lost
        self.doubled += other.doubled


def reckon(history: History, books: Books) -> Reckoning:
    """Compare effects one by one: each acknowledged one is there, each that is there was asked for, and once."""
    told: dict[str, set[str]] = {}
    for call in history.calls:
        effect = _effect_of(call)
        if effect is not None:
            told.setdefault(call.key or f"call {call.number}", set()).add(effect)
    acknowledged = set().union(*told.values())
    keyless = Counter(
        f"{CASH_TYPES[type(call.action)]} {call.action.cents}"
        for call in history.calls
        if call.key is None and call.answer is None and isinstance(call.action, Deposit | Withdraw)
    )
    applied = _applied(books)
    result = Reckoning(len(acknowledged), sum(applied.values()))
    result.lost = sorted(acknowledged - applied.keys())
    result.doubled = [f"{key}: {sorted(effects)}" for key, effects in told.items() if len(effects) > 1]
    result.doubled += [f"{effect} {count} times" for effect, count in applied.items() if count > 1]
    result.doubled += _unasked(books, acknowledged, keyless)
    result.doubled += _wrong_trades(books)
    return result


def _effect_of(call: Call) -> str | None:
    """Give the id of the effect that a client was told of."""
    if call.answer is None or not call.answer.is_success:
        return None
    if isinstance(call.action, Deposit | Withdraw):
        return str(call.answer.body["transaction_id"])
    return str(call.answer.body["data"]["order_id"]) if isinstance(call.action, Place) else None


def _applied(books: Books) -> Counter[str]:
    cash = (str(item["transaction_id"]) for item in books.movements if item["reference"] is None)
    return Counter([*cash, *books.orders])


def _unasked(books: Books, acknowledged: set[str], keyless: Counter[str]) -> Iterable[str]:
    """Give effects that nobody was told of; those of requests without a key and an answer are fine, once each."""
    for item in books.movements:
        if item["reference"] is None and item["transaction_id"] not in acknowledged:
            what = f"{item['transaction_type']} {cents(item['amount'])}"
            keyless[what] -= 1
            if keyless[what] < 0:
                yield f"{item['transaction_id']}: a {what} cents that nobody asked for"
    for order_id in books.orders.keys() - acknowledged:
        yield f"{order_id}: an order that nobody was told of"


def _wrong_trades(books: Books) -> Iterable[str]:
    """Give orders whose trades are not one if they are completed, and none if they are not."""
    trades = Counter(str(item["reference"]) for item in books.movements if item["reference"] is not None)
    for order_id in books.orders.keys() | trades.keys():
        status = books.orders.get(order_id, {}).get("status", "unknown")
        if trades[order_id] != (status == "completed"):
            yield f"{order_id} is {status} and was traded {trades[order_id]} times"
