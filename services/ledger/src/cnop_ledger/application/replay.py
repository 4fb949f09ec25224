"""Replays one wallet from its entries, and names the first thing that is not as the ledger would have left it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from cnop_core.ids import AssetId, OrderId, UserId
from cnop_ledger.application.chain import ChainKeys
from cnop_ledger.application.codec import read_entry
from cnop_ledger.application.keys import entry_sk
from cnop_ledger.application.signing import CorruptItem
from cnop_ledger.domain.entries import Account, Entry
from cnop_ledger.domain.errors import InvariantViolated
from cnop_ledger.domain.movements import realized_pnl
from cnop_ledger.domain.pricing import Trade, total_of
from cnop_ledger.domain.wallet import Wallet, advance
from cnop_platform.store import Item

_COMPARED: Final = ("holdings", "today", "open_orders", "counts", "seq", "head", "created_ms", "updated_ms")


class Invariant(StrEnum):
    """What must always hold, in the words of the report."""

    BALANCED = "postings sum to zero"
    COVERED = "posted >= held >= 0"
    SUM_OF_ENTRIES = "the wallet is the sum of its entries"
    NO_GAP = "no gap in seq"
    CHAIN = "the chain verifies"
    HOLDS = "holds are the sum of open orders"
    ORDERS = "orders are as they were written"
    FILLS = "an order is filled once, as it says itself"
    ONE_EFFECT = "one effect per idempotency key"
    PRICED = "totals and gains follow from quantity and price"


@dataclass(frozen=True, slots=True)
class Finding:
    """The first thing found broken in a wallet; `seq` is the entry concerned, None for the wallet itself."""

    user_id: UserId
    seq: int | None
    invariant: Invariant
    detail: str


class Broken(Exception):
    """Carries a finding out of a check."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.detail)
        self.finding = finding


@dataclass(slots=True)
class Replay:
    """A wallet rebuilt from nothing, entry by entry."""

    user_id: UserId
    keys: ChainKeys
    retention_seconds: int
    wallet: Wallet = field(init=False)
    effects: dict[str, Entry] = field(default_factory=dict)
    """The last entry that each idempotency key caused."""
    system: dict[tuple[Account, AssetId], int] = field(default_factory=dict)
    """What the system accounts got from this wallet."""
    fills: dict[OrderId, Trade] = field(default_factory=dict)
    """The trade of each order that was filled."""

    def __post_init__(self) -> None:
        self.wallet = Wallet(self.user_id)

    def apply(self, item: Item) -> None:
        """Add the next stored entry. Raises `Broken`."""
        seq = self.wallet.seq + 1
        if item.key.sk != entry_sk(seq):
            raise self.broken(seq, Invariant.NO_GAP, f"expected entry {seq}, found {item.key.sk}")
        try:
            entry = read_entry(self.user_id, item, self.keys)
        except CorruptItem as error:
            raise self.broken(seq, Invariant.CHAIN, error.message) from error
        if entry.seq != seq or entry.seal is None or entry.seal.previous != self.wallet.head:
            raise self.broken(seq, Invariant.CHAIN, "the entry does not follow its predecessor")
        self._apply(entry)

    def compare(self, stored: Wallet) -> None:
        """Check that `stored` is what the entries add up to. Raises `Broken`."""
        differing = [name for name in _COMPARED if getattr(stored, name) != getattr(self.wallet, name)]
        if differing:
            detail = f"the stored wallet differs from its entries in: {', '.join(differing)}"
            raise self.broken(None, Invariant.SUM_OF_ENTRIES, detail)

    def broken(self, seq: int | None, invariant: Invariant, detail: str) -> Broken:
        """Build the exception that reports a finding in this wallet."""
        return Broken(Finding(self.user_id, seq, invariant, detail))

    def _apply(self, entry: Entry) -> None:
        if entry.imbalance():
            raise self.broken(entry.seq, Invariant.BALANCED, f"off by {_amounts(entry.imbalance())}")
        try:
            wallet = advance(self.wallet, entry)
        except InvariantViolated as error:
            raise self.broken(entry.seq, Invariant.COVERED, error.message) from error
        after = {asset_id: wallet.holdings[asset_id].balance for asset_id in entry.changes()}
        if after != entry.after:
            raise self.broken(entry.seq, Invariant.SUM_OF_ENTRIES, "the balances it states do not follow from it")
        self._check_price(entry)
        self._check_fill(entry)
        self._check_effect(entry)
        self._add_up(entry)
        self.wallet = wallet

    def _check_price(self, entry: Entry) -> None:
        trade = entry.trade
        if trade is None:
            return
        total = total_of(side=trade.side, quantity=trade.quantity, price=trade.price, scale=trade.scale)
        if trade.total != total:
            raise self.broken(entry.seq, Invariant.PRICED, f"the total should be {total} cents")
        if entry.realized_pnl != realized_pnl(self.wallet, trade):
            raise self.broken(entry.seq, Invariant.PRICED, "the realized gain does not follow from average cost")

    def _check_fill(self, entry: Entry) -> None:
        if entry.trade is None or entry.order_id is None:
            return
        if entry.order_id in self.fills:
            raise self.broken(entry.seq, Invariant.FILLS, f"{entry.order_id} was filled before")
        self.fills[entry.order_id] = entry.trade

    def _check_effect(self, entry: Entry) -> None:
        ref = entry.idempotency_ref
        if ref is None:
            return
        earlier = self.effects.get(ref)
        if earlier and entry.stamp.at_ms < earlier.stamp.at_ms + self.retention_seconds * 1000:
            detail = f"the key of entry {earlier.seq} took effect again within its retention"
            raise self.broken(entry.seq, Invariant.ONE_EFFECT, detail)
        self.effects[ref] = entry

    def _add_up(self, entry: Entry) -> None:
        for account, asset_id, amount in entry.postings:
            self.system[account, asset_id] = self.system.get((account, asset_id), 0) + amount


def _amounts(amounts: Mapping[AssetId, int]) -> str:
    return ", ".join(f"{amount} {asset_id}" for asset_id, amount in amounts.items())
