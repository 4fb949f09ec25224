"""Checks every invariant over a live store. It reads only, and commands may go on meanwhile.

A wallet is read first and its entries after it: those up to the wallet's `seq` are all there by then, and never change.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from cnop_core.clock import Clock, epoch_ms
from cnop_core.ids import AssetId, OrderId, UserId
from cnop_ledger.application.chain import ChainKeys
from cnop_ledger.application.codec import read_wallet
from cnop_ledger.application.keys import ANSWERS, ENTRIES, PREFIX, entry_sk, partition, wallet_key
from cnop_ledger.application.replay import Broken, Finding, Invariant, Replay
from cnop_ledger.application.runner import DAY_SECONDS
from cnop_ledger.application.signing import CorruptItem
from cnop_ledger.domain.entries import Account
from cnop_ledger.domain.errors import InvariantViolated
from cnop_ledger.domain.pricing import Trade
from cnop_ledger.domain.wallet import Wallet
from cnop_platform.store import Item, Store

_PAGE: Final = 500
_TRIES: Final = 20
_LAST_ENTRY: Final = ENTRIES + "~"
"""Sorts after every entry."""


@dataclass(frozen=True, slots=True)
class OpenHolds:
    """What the open orders of one user hold: how many there are, and smallest units per asset."""

    orders: int
    units: Mapping[AssetId, int]
    fills: Mapping[OrderId, Trade] | None = None
    """What the filled orders say of their trade; None where nobody asks them."""


class OpenOrders(Protocol):
    """Whoever keeps the orders."""

    async def open_holds(self, user_id: UserId) -> OpenHolds:
        """Return what the user's open orders hold, strongly consistent. Raises `CorruptItem`."""
        ...


@dataclass(slots=True)
class Report:
    """What was checked so far, and what was found."""

    found: int = 0
    """Wallets there are to check."""
    wallets: int = 0
    entries: int = 0
    unsettled: int = 0
    """Wallets that changed too fast to compare their holds with their orders."""
    findings: list[Finding] = field(default_factory=list)
    accounts: dict[tuple[Account, AssetId], int] = field(default_factory=dict)
    """Smallest units that each account has of each asset, over all sound wallets."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


async def verify(
    store: Store,
    keys: ChainKeys,
    *,
    clock: Clock,
    open_orders: OpenOrders | None = None,
    retention_seconds: int = DAY_SECONDS,
) -> AsyncIterator[Report]:
    """Check all wallets; the one report is given out, further filled, after each wallet and at the end.

    `retention_seconds` is that of the ledger's `Bounds`.
    """
    report = Report()
    users = await _users(store)
    report.found = len(users)
    for user_id in users:
        check = _WalletCheck(store, keys, user_id, clock, retention_seconds)
        try:
            replay = await check.run()
            report.unsettled += not await check.holds_match(open_orders)
            for account, units in replay.system.items():
                report.accounts[account] = report.accounts.get(account, 0) + units
        except Broken as broken:
            report.findings.append(broken.finding)
        report.wallets += 1
        report.entries += check.replay.wallet.seq
        yield report
    yield report


async def _users(store: Store) -> list[UserId]:
    """List whoever has a wallet or any entry, each once, in the order of the store."""
    users: dict[UserId, None] = {}
    async for item in store.scan(prefix=PREFIX):
        users[UserId(item.key.pk.removeprefix(PREFIX))] = None
    return list(users)


class _WalletCheck:
    def __init__(self, store: Store, keys: ChainKeys, user_id: UserId, clock: Clock, retention_seconds: int) -> None:
        self._store = store
        self._keys = keys
        self._user_id = user_id
        self._clock = clock
        self._retention_seconds = retention_seconds
        self.replay = Replay(user_id, keys, retention_seconds)

    async def run(self) -> Replay:
        """Rebuild the wallet from its entries and compare. Raises `Broken`."""
        item = await self._store.get(wallet_key(self._user_id))
        try:
            wallet = self._decode(item)
        except Broken:
            # Where the entries are broken too, the first broken one tells more than the wallet.
            await self._apply_entries(_LAST_ENTRY)
            raise
        await self._apply_entries(entry_sk(wallet.seq))
        if self.replay.wallet.seq < wallet.seq:
            raise self._broken(self.replay.wallet.seq + 1, Invariant.NO_GAP, "the entry is missing")
        self.replay.compare(wallet)
        await self._check_nothing_beyond(wallet.seq)
        await self._check_answers()
        return self.replay

    async def holds_match(self, open_orders: OpenOrders | None) -> bool:
        """Compare holds with open orders; False when the wallet would not keep still. Raises `Broken`."""
        if open_orders is None:
            return True
        for _ in range(_TRIES):
            before = await self._store.get(wallet_key(self._user_id))
            try:
                orders = await open_orders.open_holds(self._user_id)
            except CorruptItem as error:
                raise self._broken(None, Invariant.ORDERS, error.message) from error
            after = await self._store.get(wallet_key(self._user_id))
            if _version(before) == _version(after):
                wallet = self._decode(after)
                self._compare_holds(wallet, orders)
                self._compare_fills(wallet, orders)
                return True
        return False

    def _compare_holds(self, wallet: Wallet, orders: OpenHolds) -> None:
        held = {asset_id: holding.held for asset_id, holding in wallet.holdings.items() if holding.held}
        ordered = {asset_id: units for asset_id, units in orders.units.items() if units}
        if held != ordered or wallet.open_orders != orders.orders:
            detail = f"the wallet holds {held} for {wallet.open_orders} orders; {orders.orders} are open, for {ordered}"
            raise self._broken(None, Invariant.HOLDS, detail)

    def _compare_fills(self, wallet: Wallet, orders: OpenHolds) -> None:
        """Compare what was booked with what the orders say; those filled since the entries were read say more."""
        if orders.fills is None:
            return
        said, booked = orders.fills, self.replay.fills
        if wallet.seq > self.replay.wallet.seq:
            said = {order_id: trade for order_id, trade in said.items() if order_id in booked}
        for order_id in sorted(said.keys() | booked.keys()):
            if said.get(order_id) != booked.get(order_id):
                detail = f"{order_id} says {_figures(said.get(order_id))}, booked was {_figures(booked.get(order_id))}"
                raise self._broken(None, Invariant.FILLS, detail)

    async def _apply_entries(self, last: str) -> None:
        cursor = None
        while True:
            page = await self._store.query(
                partition(self._user_id), start=ENTRIES, end=last, limit=_PAGE, cursor=cursor
            )
            for item in page.items:
                self.replay.apply(item)
            cursor = page.cursor
            if cursor is None:
                return

    async def _check_nothing_beyond(self, last: int) -> None:
        page = await self._store.query(partition(self._user_id), start=entry_sk(last + 1), end=_LAST_ENTRY, limit=1)
        if not page.items:
            return
        moved_on = self._decode(await self._store.get(wallet_key(self._user_id))).seq > last
        if not moved_on:
            raise self._broken(last + 1, Invariant.SUM_OF_ENTRIES, "there is an entry that the wallet knows nothing of")

    async def _check_answers(self) -> None:
        """Each kept answer belongs to the entry that it names, and each recent idempotent entry has one."""
        now_ms = epoch_ms(self._clock.now())
        answers: dict[str, Item] = {}
        cursor = None
        while True:
            page = await self._store.query(partition(self._user_id), prefix=ANSWERS, limit=_PAGE, cursor=cursor)
            answers |= {item.key.sk.removeprefix(ANSWERS): item for item in page.items}
            cursor = page.cursor
            if cursor is None:
                break
        for ref, answer in answers.items():
            self._check_answer(ref, answer)
        for ref, entry in self.replay.effects.items():
            if ref not in answers and entry.stamp.at_ms + self._retention_seconds * 1000 > now_ms:
                raise self._broken(entry.seq, Invariant.ONE_EFFECT, "its idempotency record is missing")

    def _check_answer(self, ref: str, answer: Item) -> None:
        seq, effect = answer.body.get("seq"), self.replay.effects.get(ref)
        is_newer = isinstance(seq, int) and seq > self.replay.wallet.seq
        if not is_newer and (effect is None or effect.seq != seq):
            raise self._broken(
                None, Invariant.ONE_EFFECT, f"an idempotency record names entry {seq}, which is not its own"
            )

    def _decode(self, item: Item | None) -> Wallet:
        try:
            return read_wallet(self._user_id, item, self._keys)
        except CorruptItem as error:
            raise self._broken(None, Invariant.CHAIN, error.message) from error
        except InvariantViolated as error:
            raise self._broken(None, Invariant.COVERED, error.message) from error

    def _broken(self, seq: int | None, invariant: Invariant, detail: str) -> Broken:
        return self.replay.broken(seq, invariant, detail)


def _figures(trade: Trade | None) -> str:
    if trade is None:
        return "nothing"
    return f"{trade.side.value} {trade.quantity} {trade.asset_id} at {trade.price}, fee {trade.fee}"


def _version(item: Item | None) -> int:
    return item.version if item else 0
