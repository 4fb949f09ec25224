"""What a use case hands to the ledger, and what it gets back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from cnop_core.errors import Conflict
from cnop_core.ids import TransactionId, UserId
from cnop_ledger.domain.entries import Entry, Origin, Stamp
from cnop_ledger.domain.movements import Change
from cnop_ledger.domain.wallet import Wallet
from cnop_platform.store import Item, Key, Write

MAX_READS: Final = 20
MAX_EXTRA_WRITES: Final = 20


class KeyReused(Conflict):
    """The idempotency key was used before, for another request."""


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A client's promise that equal keys mean the same request; scoped to the user and `operation`."""

    operation: str
    key: str
    request_hash: str
    """Whatever tells one request body from another, for example a SHA-256 of its canonical form."""


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a command: a 2xx status and the JSON text that a repetition gets byte for byte."""

    status: int
    body: str

    def __post_init__(self) -> None:
        if not 200 <= self.status < 300:
            raise ValueError("a refusal is an exception, not a response")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a decision may look at. The wallet is current, or the decision will not be committed."""

    wallet: Wallet
    items: Mapping[Key, Item]
    """Those of `Command.reads` that exist."""
    stamp: Stamp

    @property
    def transaction_id(self) -> TransactionId:
        """The id that the entry of this command will have; the same on every attempt."""
        return self.stamp.transaction_id

    @property
    def now(self) -> datetime:
        """The time of this attempt, UTC, whole milliseconds."""
        return self.stamp.now


@dataclass(frozen=True, slots=True)
class Decision:
    """What shall happen: the change of the wallet, the other items that commit with it, and the answer.

    Without a change nothing is written at all: the command found nothing to do, and its answer is not kept for replay.
    """

    response: Response
    change: Change | None = None
    writes: tuple[Write, ...] = ()

    def __post_init__(self) -> None:
        if self.writes and not self.change:
            raise ValueError(
                "items are written together with an entry; `movements.record` makes one that moves nothing"
            )
        if len(self.writes) > MAX_EXTRA_WRITES:
            raise ValueError(f"a decision writes at most {MAX_EXTRA_WRITES} items beside the wallet's own")


Decide: TypeAlias = Callable[[Snapshot], Decision]
"""Pure, since it may be called several times, on a conflict or in another group. Raises a `CnopError` to refuse."""


@dataclass(frozen=True, slots=True)
class Command:
    """One intention towards one wallet."""

    user_id: UserId
    origin: Origin
    decide: Decide
    reads: tuple[Key, ...] = ()
    """Further items the decision depends on; to be safe against races it must put a condition on those it relies on."""
    idempotency: Idempotency | None = None

    def __post_init__(self) -> None:
        if len(self.reads) > MAX_READS:
            raise ValueError(f"a command reads at most {MAX_READS} items beside the wallet's own")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command that was not refused."""

    response: Response
    entry: Entry | None = None
    """The entry it made; None for a replay, or when there was nothing to do."""
    replayed: bool = False
