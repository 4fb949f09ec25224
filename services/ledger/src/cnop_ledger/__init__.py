"""The only code that moves money or assets: double-entry wallets, an authenticated history, one conditional commit."""

from cnop_ledger.application.audit_records import audit_record, money_records
from cnop_ledger.application.chain import ChainKeys, InvalidKey
from cnop_ledger.application.commands import (
    Command,
    Decision,
    Idempotency,
    KeyReused,
    Outcome,
    Response,
    Snapshot,
)
from cnop_ledger.application.keys import ORDERS_PREFIX
from cnop_ledger.application.reads import HistoryPage, LedgerReader, entry_mac
from cnop_ledger.application.replay import Finding, Invariant
from cnop_ledger.application.runner import Bounds, Ledger
from cnop_ledger.application.settlement import Stats
from cnop_ledger.application.signing import CorruptItem, read_signed, signed_put
from cnop_ledger.application.statement import COLUMNS as STATEMENT_COLUMNS
from cnop_ledger.application.statement import StatementRow, statement
from cnop_ledger.application.verify import OpenHolds, OpenOrders, Report, verify
from cnop_ledger.domain.entries import CASH_KINDS, Account, Amount, Balance, Entry, Kind, Origin, Posting, Stamp
from cnop_ledger.domain.errors import (
    DailyLimit,
    InsufficientAsset,
    InsufficientFunds,
    InvariantViolated,
    TotalTooSmall,
)
from cnop_ledger.domain.movements import (
    Change,
    DailyCaps,
    amend_hold,
    deposit,
    fill,
    hold_for,
    place_hold,
    realized_pnl,
    record,
    release_hold,
    withdraw,
)
from cnop_ledger.domain.pricing import USD, Side, Trade, price_trade
from cnop_ledger.domain.wallet import DayTotals, Holding, Wallet

__all__ = [
    "CASH_KINDS",
    "ORDERS_PREFIX",
    "STATEMENT_COLUMNS",
    "USD",
    "Account",
    "Amount",
    "Balance",
    "Bounds",
    "ChainKeys",
    "Change",
    "Command",
    "CorruptItem",
    "DailyCaps",
    "DailyLimit",
    "DayTotals",
    "Decision",
    "Entry",
    "Finding",
    "HistoryPage",
    "Holding",
    "Idempotency",
    "InsufficientAsset",
    "InsufficientFunds",
    "InvalidKey",
    "Invariant",
    "InvariantViolated",
    "KeyReused",
    "Kind",
    "Ledger",
    "LedgerReader",
    "OpenHolds",
    "OpenOrders",
    "Origin",
    "Outcome",
    "Posting",
    "Report",
    "Response",
    "Side",
    "Snapshot",
    "Stamp",
    "StatementRow",
    "Stats",
    "TotalTooSmall",
    "Trade",
    "Wallet",
    "amend_hold",
    "audit_record",
    "deposit",
    "entry_mac",
    "fill",
    "hold_for",
    "money_records",
    "place_hold",
    "price_trade",
    "read_signed",
    "realized_pnl",
    "record",
    "release_hold",
    "signed_put",
    "statement",
    "verify",
    "withdraw",
]
