"""An entry: one immutable event of one wallet, with balanced postings, and who caused it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from cnop_core.clock import from_epoch_ms
from cnop_core.ids import AssetId, OrderId, TransactionId, UserId
from cnop_ledger.domain.pricing import Trade


class Account(StrEnum):
    """The owner's side of a posting, or one of the system accounts that every movement comes from or goes to."""

    USER = "user"
    EXTERNAL = "external"
    MARKET = "market"
    FEES = "fees"


class Kind(StrEnum):
    """What happened."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    BUY = "buy"
    SELL = "sell"
    HOLD = "hold"
    """An order came to rest; what it may need is set aside."""
    RELEASE = "release"
    """A resting order ended unfilled; what it held is free again."""
    AMEND = "amend"
    """A resting order was replaced; its hold grew, shrank or stayed."""
    RECORD = "record"
    """An order came and went without moving anything."""


CASH_KINDS: Final = frozenset({Kind.DEPOSIT, Kind.WITHDRAWAL, Kind.BUY, Kind.SELL})
"""The kinds that move cash."""


class Posting(NamedTuple):
    """`amount` smallest units of an asset added to an account (negative: taken from it)."""

    account: Account
    asset_id: AssetId
    amount: int


class Amount(NamedTuple):
    """Smallest units of an asset: what is held, or by how much a hold changes."""

    asset_id: AssetId
    units: int


class Balance(NamedTuple):
    """What a wallet has of one asset, and how much of that is held."""

    posted: int
    held: int


@dataclass(frozen=True, slots=True)
class Origin:
    """Who caused a command, from where, in which request: opaque ids, never names or addresses.

    `source` is the session, whose addresses are in the audit trail for as long as that keeps them; empty for a worker.
    Entries of before ADR 15 hold the client's address there.
    """

    actor: str
    source: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the runner gives to every entry: its transaction id, its origin and its time."""

    transaction_id: TransactionId
    origin: Origin
    at_ms: int

    @property
    def now(self) -> datetime:
        """The time of the decision, UTC, whole milliseconds."""
        return from_epoch_ms(self.at_ms)


@dataclass(frozen=True, slots=True)
class Seal:
    """The entry's place in the chain: the MAC of its predecessor, and its own under the key of that id."""

    previous: str
    key_id: str
    mac: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of a wallet. `seq` counts from 1 without gaps."""

    user_id: UserId
    seq: int
    kind: Kind
    stamp: Stamp
    postings: tuple[Posting, ...] = ()
    holds: tuple[Amount, ...] = ()
    """By how much what is held of an asset changes."""
    after: Mapping[AssetId, Balance] = field(default_factory=dict)
    """The balances of every asset that the entry touches, once it is applied."""
    trade: Trade | None = None
    realized_pnl: int | None = None
    """Cents gained (negative: lost) by a sale against average cost, after fees."""
    order_id: OrderId | None = None
    idempotency_ref: str | None = None
    seal: Seal | None = None

    @property
    def transaction_id(self) -> TransactionId:
        """The public id of the event."""
        return self.stamp.transaction_id

    @property
    def created_at(self) -> datetime:
        """When the event was decided, UTC."""
        return self.stamp.now

    @property
    def mac(self) -> str:
        """Its own MAC, which the next entry refers to; empty before it is sealed."""
        return self.seal.mac if self.seal else ""

    def changes(self) -> Mapping[AssetId, Balance]:
        """Return by how much the owner's balances change, for every asset that the entry touches."""
        return changes_of(self.postings, self.holds)

    def posted_to_user(self, asset_id: AssetId) -> int:
        """Return by how much the owner's balance of `asset_id` changes."""
        return sum(p.amount for p in self.postings if p.account is Account.USER and p.asset_id == asset_id)

    def imbalance(self) -> Mapping[AssetId, int]:
        """Return the assets whose postings do not sum to zero, with their sums; empty for a sound entry."""
        sums: dict[AssetId, int] = {}
        for posting in self.postings:
            sums[posting.asset_id] = sums.get(posting.asset_id, 0) + posting.amount
        return {asset_id: total for asset_id, total in sums.items() if total}


def changes_of(postings: Iterable[Posting], holds: Iterable[Amount]) -> Mapping[AssetId, Balance]:
    """Return what `postings` and `holds` do to their owner's balances, for every asset that they name."""
    changes: dict[AssetId, Balance] = {}
    for account, asset_id, amount in postings:
        posted, held = changes.get(asset_id, _NOTHING)
        changes[asset_id] = Balance(posted + amount if account is Account.USER else posted, held)
    for asset_id, units in holds:
        posted, held = changes.get(asset_id, _NOTHING)
        changes[asset_id] = Balance(posted, held + units)
    return changes


_NOTHING: Final = Balance(0, 0)
