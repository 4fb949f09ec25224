"""Commands and keys for tests and benchmarks: the simplest use cases that move money through the whole ledger."""

import json
from collections.abc import Callable
from typing import Final

from cnop_core.ids import AssetId, OrderId, UserId
from cnop_ledger import (
    ChainKeys,
    Change,
    Command,
    DailyCaps,
    Decision,
    Idempotency,
    Origin,
    Response,
    Side,
    Snapshot,
    deposit,
    fill,
    price_trade,
    withdraw,
)
from cnop_platform.store import Absent, Json, Key, Put

KEYS: Final = ChainKeys(bytes(range(32)))
ORIGIN: Final = Origin(
    "usr_01JAAAAAAAAAAAAAAAAAAAAAAA", "ses_01JAAAAAAAAAAAAAAAAAAAAAAA", "req_01JAAAAAAAAAAAAAAAAAAAAAAA"
)
NO_CAPS: Final = DailyCaps(deposits=10**15, withdrawals=10**15)
BTC: Final = AssetId("BTC")


def deposit_command(user_id: UserId, amount: int, *, key: str | None = None, caps: DailyCaps = NO_CAPS) -> Command:
    """Build a deposit of `amount` cents, idempotent when there is a `key`."""
    return _cash_command(
        user_id,
        lambda seen: deposit(seen.wallet, amount=amount, caps=caps, stamp=seen.stamp),
        Idempotency("deposit", key, f"deposit {amount}") if key else None,
    )


def withdraw_command(user_id: UserId, amount: int, *, key: str | None = None, caps: DailyCaps = NO_CAPS) -> Command:
    """Build a withdrawal of `amount` cents, idempotent when there is a `key`."""
    return _cash_command(
        user_id,
        lambda seen: withdraw(seen.wallet, amount=amount, caps=caps, stamp=seen.stamp),
        Idempotency("withdraw", key, f"withdraw {amount}") if key else None,
    )


def market_command(
    user_id: UserId,
    order_id: OrderId,
    *,
    side: Side = Side.BUY,
    quantity: int = 100_000,
    price: int = 60_000_12345678,
    fee_basis_points: int = 10,
    key: str | None = None,
) -> Command:
    """Build a market order for bitcoin that commits an order item of a real one's size with its entry."""

    def decide(seen: Snapshot) -> Decision:
        trade = price_trade(
            side=side, asset_id=BTC, scale=8, quantity=quantity, price=price, fee_basis_points=fee_basis_points
        )
        change = fill(seen.wallet, trade=trade, order_id=order_id, stamp=seen.stamp)
        order: dict[str, Json] = {
            "order_type": f"market_{side}",
            "asset_id": BTC,
            "quantity": quantity,
            "price": price,
            "total_amount": trade.total,
            "fee": trade.fee,
            "status": "completed",
            "time_in_force": "IOC",
            "created_at": seen.stamp.at_ms,
            "completed_at": seen.stamp.at_ms,
            "transaction_id": seen.transaction_id,
        }
        return Decision(
            response=Response(201, json.dumps({"data": {"order_id": order_id, **order}})),
            change=change,
            writes=(Put(order_key(user_id, order_id), order, Absent()),),
        )

    return Command(user_id, ORIGIN, decide, idempotency=Idempotency("order", key, order_id) if key else None)


def order_key(user_id: UserId, order_id: OrderId) -> Key:
    """Return where `market_command` puts its order."""
    return Key(f"ORDERS#{user_id}", order_id)


def _cash_command(user_id: UserId, change_of: Callable[[Snapshot], Change], promise: Idempotency | None) -> Command:
    def decide(seen: Snapshot) -> Decision:
        change = change_of(seen)
        body = {"transaction_id": seen.transaction_id, "balance": change.wallet.cash.posted}
        return Decision(Response(201, json.dumps(body)), change)

    return Command(user_id, ORIGIN, decide, idempotency=promise)
