"""What clients asked for, when, and what they were told: the record that the checkers judge.

Money is in cents, quantities and prices are in units of 10^-8, as integers.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias


@dataclass(frozen=True, slots=True)
class Deposit:
    """Bring cash in."""

    cents: int


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Pay cash out."""

    cents: int


@dataclass(frozen=True, slots=True)
class Place:
    """Place an order; `limit` belongs to limit orders, `expires_at` (seconds since the epoch) to `GTD` ones."""

    order_type: str
    asset_id: str
    quantity: int
    limit: int | None = None
    time_in_force: str | None = None
    expires_at: float | None = None

    @property
    def is_buy(self) -> bool:
        return self.order_type.endswith("buy")


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel an open limit order."""

    order_id: str


@dataclass(frozen=True, slots=True)
class Replace:
    """Give an open limit order another price and quantity."""

    order_id: str
    quantity: int
    limit: int


@dataclass(frozen=True, slots=True)
class ReadBalance:
    """Read the cash balance."""


@dataclass(frozen=True, slots=True)
class ReadHolding:
    """Read how much of an asset there is."""

    asset_id: str


@dataclass(frozen=True, slots=True)
class ReadOrder:
    """Read one order."""

    order_id: str


@dataclass(frozen=True, slots=True)
class Fill:
    """The engine's own act, known from the order as it was read at the end: it fills a resting order."""

    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Expire:
    """The engine's own act: it ends an order whose time is over."""

    order_id: str


Action: TypeAlias = (
    Deposit | Withdraw | Place | Cancel | Replace | ReadBalance | ReadHolding | ReadOrder | Fill | Expire
)
READS: Final = (ReadBalance, ReadHolding, ReadOrder)

# Refusals that promise that nothing happened, whatever was asked for.
NO_EFFECT: Final = frozenset({"RATE_001", "PRICE_STALE", "PRICE_MOVED", "AUTH_003"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the stable code of a refusal, the body and its exact text."""

    status: int
    body: Mapping[str, Any]
    code: str = ""
    text: str = ""

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


@dataclass(slots=True, eq=False)
class Call:
    """One request. Without an answer its outcome is unknown: it may have taken effect, may still, or never will.

    `began` and `ended` are monotonic seconds of the one process that records. `key` is the idempotency key.
    """

    number: int
    action: Action
    began: float
    key: str | None = None
    door: str = ""
    ended: float | None = None
    answer: Answer | None = None
    ended_at: float = 0.0
    """When it ended, in seconds since the epoch."""
    expected: Answer | None = None
    """For an unknown outcome: what the books show that it did."""

    def __str__(self) -> str:
        told = f"{self.answer.status} {self.answer.code} {dict(self.answer.body)}" if self.answer else "unknown"
        ended = f"{self.ended:.4f}" if self.ended is not None else "…"
        key = f" key {self.key}" if self.key else ""
        return f"#{self.number} [{self.began:.4f}, {ended}] {self.door} {self.action}{key} -> {told}"


@dataclass(slots=True)
class History:
    """All calls on one wallet, in the order in which they began."""

    calls: list[Call] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def begin(self, action: Action, *, at: float, key: str | None = None, door: str = "") -> Call:
        """Record that a request is being sent."""
        call = Call(next(self._numbers), action, at, key=key, door=door)
        self.calls.append(call)
        return call

    def doubtful(self) -> list[Call]:
        """Give, for each key with an unknown outcome and no success, one of its calls."""
        sure = {call.key for call in self.calls if call.answer is not None and call.answer.is_success}
        return list(
            {
                call.key: call
                for call in self.calls
                if call.key is not None and call.answer is None and call.key not in sure
            }.values()
        )
