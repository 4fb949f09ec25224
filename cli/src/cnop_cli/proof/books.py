"""The books as they stand at the end, compared with what the clients were told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cnop_cli.proof.customers import Customer
from cnop_cli.proof.doors import now
from cnop_cli.proof.history import Answer, ReadBalance, ReadHolding, ReadOrder
from cnop_cli.proof.load import ASSETS


@dataclass(frozen=True, slots=True)
class Books:
    """What a wallet's owner can read about it at the end."""

    movements: tuple[Mapping[str, Any], ...]
    orders: Mapping[str, Mapping[str, Any]]


async def close_books(customer: Customer) -> Books:
    """Let a wallet come to rest and read all of it; the reads become part of its history."""
    await customer.settle()
    await customer.withdraw_orders()
    movements = tuple([item async for item in customer.pages("/balance/transactions?limit=100", "transactions")])
    began = now()
    orders = {order["order_id"]: order async for order in customer.pages("/orders?limit=100", "data")}
    for order_id, document in orders.items():
        call = customer.history.begin(ReadOrder(order_id), at=began, door="list")
        call.ended, call.answer = now(), Answer(200, {"data": document})
    await customer.ask(ReadBalance())
    for asset_id in ASSETS:
        await customer.ask(ReadHolding(asset_id))
    return Books(movements, orders)
