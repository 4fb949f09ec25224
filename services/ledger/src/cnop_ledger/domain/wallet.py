"""A wallet: everything one user holds, and the one function by which an entry changes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from cnop_core.clock import from_epoch_ms
from cnop_core.ids import AssetId, UserId
from cnop_core.money import USD_SCALE, PriceUnits
from cnop_ledger.domain.entries import Balance, Entry, Kind
from cnop_ledger.domain.errors import InvariantViolated
from cnop_ledger.domain.pricing import USD, Side, merged_average

_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Holding:
    """What a wallet has of one asset, in smallest units of `scale` decimals. Always `posted` ≥ `held` ≥ 0."""

    posted: int
    held: int
    scale: int
    average_cost: PriceUnits
    """USD times 10^8 per whole asset, fees included; 0 for cash and when nothing is left."""
    created_ms: int
    updated_ms: int

    def __post_init__(self) -> None:
        if not self.posted >= self.held >= 0:
            raise InvariantViolated("a holding must satisfy posted >= held >= 0")

    @property
    def available(self) -> int:
        """What is not held."""
        return self.posted - self.held

    @property
    def balance(self) -> Balance:
        """The two figures that entries repeat."""
        return Balance(self.posted, self.held)

    @property
    def created_at(self) -> datetime:
        """When the wallet first got the asset, UTC."""
        return from_epoch_ms(self.created_ms)

    @property
    def updated_at(self) -> datetime:
        """When the holding last changed, UTC."""
        return from_epoch_ms(self.updated_ms)


@dataclass(frozen=True, slots=True)
class DayTotals:
    """Cents deposited and withdrawn on one UTC day, counted in days since 1970."""

    day: int = 0
    deposited: int = 0
    withdrawn: int = 0

    def on_day_of(self, at_ms: int) -> "DayTotals":
        """Return the totals to count against at `at_ms`.

        A clock that is behind the last entry counts against the later day, so that skew never gives a second allowance.
        """
        day = at_ms // _DAY_MS
        return self if day <= self.day else DayTotals(day=day)

    def plus(self, entry: Entry) -> "DayTotals":
        """Add a deposit or withdrawal; other kinds change nothing."""
        if entry.kind not in (Kind.DEPOSIT, Kind.WITHDRAWAL):
            return self
        moved, today = entry.posted_to_user(USD), self.on_day_of(entry.stamp.at_ms)
        return replace(today, deposited=today.deposited + max(moved, 0), withdrawn=today.withdrawn + max(-moved, 0))


@dataclass(frozen=True, slots=True)
class Wallet:
    """Everything one user holds. It is the sum of its entries, of which `seq` is the last and `head` that one's MAC."""

    user_id: UserId
    holdings: Mapping[AssetId, Holding] = field(default_factory=dict)
    today: DayTotals = DayTotals()
    open_orders: int = 0
    counts: Mapping[Kind, int] = field(default_factory=dict)
    """How many entries of each kind there are."""
    seq: int = 0
    head: str = ""
    created_ms: int = 0
    updated_ms: int = 0
    version: int = 0
    """The stored item's version that this was read at; 0 when there is none yet."""

    def holding(self, asset_id: AssetId) -> Holding:
        """Return the holding of `asset_id`, an empty one when there was never any."""
        scale = USD_SCALE if asset_id == USD else 0
        return self.holdings.get(asset_id) or Holding(0, 0, scale, PriceUnits(0), self.updated_ms, self.updated_ms)

    @property
    def cash(self) -> Holding:
        """The holding of US dollars, in cents."""
        return self.holding(USD)

    @property
    def updated_at(self) -> datetime | None:
        """When the last entry was made, UTC; None for a wallet without any."""
        return from_epoch_ms(self.updated_ms) if self.seq else None


def advance(wallet: Wallet, entry: Entry) -> Wallet:
    """Return `wallet` with `entry` applied: the only way a wallet changes, and how `verify` replays it.

    Raises `InvariantViolated` when the entry does not follow, is unbalanced, or would leave a holding overdrawn.
    """
    if entry.user_id != wallet.user_id or entry.seq != wallet.seq + 1:
        raise InvariantViolated("an entry must follow its predecessor in the same wallet")
    if entry.imbalance():
        raise InvariantViolated("the postings of an entry must sum to zero for each asset")
    open_orders = wallet.open_orders + _open_orders_change(entry)
    if open_orders < 0:
        raise InvariantViolated("no more orders can end than were open")
    at_ms, holdings = entry.stamp.at_ms, dict(wallet.holdings)
    for asset_id, change in entry.changes().items():
        holdings[asset_id] = _changed(wallet.holdings.get(asset_id), entry, asset_id, change)
    return Wallet(
        user_id=wallet.user_id,
        holdings=holdings,
        today=wallet.today.plus(entry),
        open_orders=open_orders,
        counts={**wallet.counts, entry.kind: wallet.counts.get(entry.kind, 0) + 1},
        seq=entry.seq,
        head=entry.mac,
        created_ms=wallet.created_ms if wallet.seq else at_ms,
        updated_ms=at_ms,
        version=wallet.version,
    )


def _changed(before: Holding | None, entry: Entry, asset_id: AssetId, change: Balance) -> Holding:
    return Holding(
        posted=(before.posted if before else 0) + change.posted,
        held=(before.held if before else 0) + change.held,
        scale=_scale(before, entry, asset_id),
        average_cost=_average_cost(before, entry, asset_id),
        created_ms=before.created_ms if before else entry.stamp.at_ms,
        updated_ms=entry.stamp.at_ms,
    )


def _scale(before: Holding | None, entry: Entry, asset_id: AssetId) -> int:
    if asset_id == USD:
        return USD_SCALE
    traded = entry.trade.scale if entry.trade else None
    known = before.scale if before else traded
    if known is None or traded not in (None, known):
        raise InvariantViolated("the scale of an asset never changes")
    return known


def _average_cost(before: Holding | None, entry: Entry, asset_id: AssetId) -> PriceUnits:
    """Merge a purchase in; a sale leaves the average as it is, until nothing is left."""
    known, trade = before.average_cost if before else PriceUnits(0), entry.trade
    if trade is None or asset_id != trade.asset_id:
        return known
    posted = before.posted if before else 0
    if trade.side is Side.SELL:
        return known if posted > trade.quantity else PriceUnits(0)
    return merged_average(posted=posted, average_cost=known, bought=trade.quantity, cost=trade.cash, scale=trade.scale)


def _open_orders_change(entry: Entry) -> int:
    if entry.kind is Kind.HOLD:
        return 1
    ends_order = entry.kind is Kind.RELEASE or (entry.trade is not None and bool(entry.holds))
    return -1 if ends_order else 0
