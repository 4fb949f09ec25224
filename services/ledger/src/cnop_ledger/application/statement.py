"""A user's statement: one row of text per entry, ready for CSV or JSON."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

from cnop_core.clock import to_rfc3339
from cnop_core.ids import AssetId, UserId
from cnop_core.money import PRICE_SCALE, format_cents, format_units
from cnop_ledger.application.reads import LedgerReader
from cnop_ledger.domain.entries import Entry
from cnop_ledger.domain.pricing import USD
from cnop_ledger.domain.wallet import Wallet, advance


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One entry in decimal text; what does not apply is empty. Prices, totals, fees, gains and cash are USD."""

    seq: str
    time: str
    kind: str
    transaction_id: str
    order_id: str
    asset_id: str
    quantity: str
    """How much of the asset came in (negative: went out)."""
    asset_balance: str
    price: str
    total: str
    fee: str
    realized_pnl: str
    cash_change: str
    cash_balance: str
    held_asset_id: str
    held_change: str
    """By how much what is held of that asset changes."""
    actor: str
    source: str
    request_id: str


COLUMNS: Final = tuple(column.name for column in fields(StatementRow))


async def statement(
    reader: LedgerReader, user_id: UserId, *, since: datetime | None = None, until: datetime | None = None
) -> AsyncIterator[StatementRow]:
    """Walk over the rows of a user's entries made from `since` on and before `until`, oldest first."""
    wallet = Wallet(user_id)
    async for entry in reader.entries(user_id):
        wallet = advance(wallet, entry)
        if (since is None or entry.created_at >= since) and (until is None or entry.created_at < until):
            yield _row(entry, wallet)


def _row(entry: Entry, wallet: Wallet) -> StatementRow:
    trade, hold, origin = entry.trade, next(iter(entry.holds), None), entry.stamp.origin
    asset_id = trade.asset_id if trade else USD if entry.postings else None
    return StatementRow(
        seq=str(entry.seq),
        time=to_rfc3339(entry.created_at),
        kind=entry.kind.value,
        transaction_id=entry.transaction_id,
        order_id=entry.order_id or "",
        asset_id=asset_id or "",
        quantity=_units(wallet, asset_id, entry.posted_to_user(asset_id)) if asset_id else "",
        asset_balance=_units(wallet, asset_id, wallet.holding(asset_id).posted) if asset_id else "",
        price=format_units(trade.price, scale=PRICE_SCALE) if trade else "",
        total=format_cents(trade.total) if trade else "",
        fee=format_cents(trade.fee) if trade else "",
        realized_pnl=format_cents(entry.realized_pnl) if entry.realized_pnl is not None else "",
        cash_change=format_cents(entry.posted_to_user(USD)),
        cash_balance=format_cents(wallet.cash.posted),
        held_asset_id=hold.asset_id if hold else "",
        held_change=_units(wallet, hold.asset_id, hold.units) if hold else "",
        actor=origin.actor,
        source=origin.source,
        request_id=origin.request_id,
    )


def _units(wallet: Wallet, asset_id: AssetId, units: int) -> str:
    return format_units(units, scale=wallet.holding(asset_id).scale)
