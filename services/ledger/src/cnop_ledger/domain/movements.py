"""Every way in which a wallet may change: each function returns the new wallet and its entry, or raises."""

from collections.abc import Iterable
from dataclasses import dataclass

from cnop_core.ids import AssetId, OrderId
from cnop_core.money import InvalidAmount, format_cents, format_units
from cnop_ledger.domain.entries import Account, Amount, Balance, Entry, Kind, Posting, Stamp, changes_of
from cnop_ledger.domain.errors import DailyLimit, InsufficientAsset, InsufficientFunds, InvariantViolated
from cnop_ledger.domain.pricing import USD, Side, Trade, cost_basis
from cnop_ledger.domain.wallet import Wallet, advance


@dataclass(frozen=True, slots=True)
class Change:
    """A wallet after one more entry, and that entry."""

    wallet: Wallet
    entry: Entry


@dataclass(frozen=True, slots=True)
class DailyCaps:
    """How many cents may come in and go out on one UTC day."""

    deposits: int = 1_000_000
    withdrawals: int = 500_000


def deposit(wallet: Wallet, *, amount: int, caps: DailyCaps, stamp: Stamp) -> Change:
    """Bring `amount` cents in from outside. Raises `DailyLimit`."""
    _require_positive(amount)
    _require_within_cap("deposits", wallet.today.on_day_of(stamp.at_ms).deposited + amount, caps.deposits)
    return _post(wallet, Kind.DEPOSIT, stamp, postings=_moved(USD, amount, Account.EXTERNAL))


def withdraw(wallet: Wallet, *, amount: int, caps: DailyCaps, stamp: Stamp) -> Change:
    """Pay `amount` cents out. Raises `InsufficientFunds`, `DailyLimit`."""
    _require_positive(amount)
    _require_available(wallet, USD, amount)
    _require_within_cap("withdrawals", wallet.today.on_day_of(stamp.at_ms).withdrawn + amount, caps.withdrawals)
    return _post(wallet, Kind.WITHDRAWAL, stamp, postings=_moved(USD, -amount, Account.EXTERNAL))


def fill(wallet: Wallet, *, trade: Trade, order_id: OrderId, stamp: Stamp, held: Amount | None = None) -> Change:
    """Exchange cash and asset with the market, the fee going to `fees`; `held`, the order's own hold, ends with it.

    Raises `InsufficientFunds`, `InsufficientAsset`.
    """
    bought = trade.quantity if trade.side is Side.BUY else -trade.quantity
    paid = -trade.total if trade.side is Side.BUY else trade.total
    postings = [
        *_moved(trade.asset_id, bought, Account.MARKET),
        Posting(Account.USER, USD, paid - trade.fee),
        Posting(Account.MARKET, USD, -paid),
        Posting(Account.FEES, USD, trade.fee),
    ]
    return _post(
        wallet,
        Kind.BUY if trade.side is Side.BUY else Kind.SELL,
        stamp,
        postings=postings,
        holds=[_released(wallet, held)] if held else [],
        trade=trade,
        order_id=order_id,
        gained=realized_pnl(wallet, trade),
    )


def realized_pnl(wallet: Wallet, trade: Trade) -> int | None:
    """Return the cents that a sale from `wallet` gains over average cost, after its fee; None for a purchase."""
    if trade.side is Side.BUY:
        return None
    average_cost = wallet.holding(trade.asset_id).average_cost
    return trade.cash - cost_basis(quantity=trade.quantity, average_cost=average_cost, scale=trade.scale)


def hold_for(trade: Trade) -> Amount:
    """Return what a resting order sets aside: cash with the fee for a buy at its limit, the asset for a sell."""
    return Amount(USD, trade.cash) if trade.side is Side.BUY else Amount(trade.asset_id, trade.quantity)


def place_hold(wallet: Wallet, *, hold: Amount, order_id: OrderId, stamp: Stamp) -> Change:
    """Set `hold` aside for an order that comes to rest. Raises `InsufficientFunds`, `InsufficientAsset`."""
    _require_positive(hold.units)
    return _post(wallet, Kind.HOLD, stamp, holds=[hold], order_id=order_id)


def amend_hold(wallet: Wallet, *, held: Amount, hold: Amount, order_id: OrderId, stamp: Stamp) -> Change:
    """Replace an order's hold by one of the same asset. Raises `InsufficientFunds`, `InsufficientAsset`."""
    _require_positive(hold.units)
    if hold.asset_id != held.asset_id:
        raise InvariantViolated("an order holds one asset for as long as it rests")
    _released(wallet, held)
    difference = Amount(hold.asset_id, hold.units - held.units)
    return _post(wallet, Kind.AMEND, stamp, holds=[difference], order_id=order_id)


def release_hold(wallet: Wallet, *, held: Amount, order_id: OrderId, stamp: Stamp) -> Change:
    """Free what an order held, for one that was cancelled or expired."""
    return _post(wallet, Kind.RELEASE, stamp, holds=[_released(wallet, held)], order_id=order_id)


def record(wallet: Wallet, *, order_id: OrderId, stamp: Stamp) -> Change:
    """Note an order that came and went without moving anything, such as an IOC order that did not cross."""
    return _post(wallet, Kind.RECORD, stamp, order_id=order_id)


def _post(
    wallet: Wallet,
    kind: Kind,
    stamp: Stamp,
    *,
    postings: Iterable[Posting] = (),
    holds: Iterable[Amount] = (),
    trade: Trade | None = None,
    order_id: OrderId | None = None,
    gained: int | None = None,
) -> Change:
    moving = tuple(posting for posting in postings if posting.amount)
    holding = tuple(change for change in holds if change.units)
    changes = changes_of(moving, holding)
    for asset_id, change in changes.items():
        _require_available(wallet, asset_id, change.held - change.posted)
    entry = Entry(
        user_id=wallet.user_id,
        seq=wallet.seq + 1,
        kind=kind,
        stamp=stamp,
        postings=moving,
        holds=holding,
        after={asset_id: _after(wallet, asset_id, change) for asset_id, change in changes.items()},
        trade=trade,
        realized_pnl=gained,
        order_id=order_id,
    )
    return Change(advance(wallet, entry), entry)


def _after(wallet: Wallet, asset_id: AssetId, change: Balance) -> Balance:
    before = wallet.holding(asset_id)
    return Balance(before.posted + change.posted, before.held + change.held)


def _moved(asset_id: AssetId, amount: int, other_side: Account) -> list[Posting]:
    return [Posting(Account.USER, asset_id, amount), Posting(other_side, asset_id, -amount)]


def _released(wallet: Wallet, held: Amount) -> Amount:
    if not 0 < held.units <= wallet.holding(held.asset_id).held:
        raise InvariantViolated("an order cannot release more than the wallet holds")
    return Amount(held.asset_id, -held.units)


def _require_positive(amount: int) -> None:
    if amount <= 0:
        raise InvalidAmount("the amount must be greater than zero")


def _require_available(wallet: Wallet, asset_id: AssetId, needed: int) -> None:
    holding = wallet.holding(asset_id)
    if needed <= 0 or holding.available >= needed:
        return
    available = format_units(holding.available, scale=holding.scale)
    message = f"{available} {asset_id} is available, which does not cover the amount needed"
    raise InsufficientFunds(message) if asset_id == USD else InsufficientAsset(message)


def _require_within_cap(what: str, total: int, cap: int) -> None:
    if total > cap:
        raise DailyLimit(f"{what} are limited to {format_cents(cap)} USD a day (UTC); choose less or wait for tomorrow")
