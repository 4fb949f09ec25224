"""Where orders live: a partition for each user, and the open limit orders of an asset in the index, by price."""

from typing import Final

from cnop_core.ids import AssetId, OrderId, UserId
from cnop_ledger import ORDERS_PREFIX, Side
from cnop_orders.domain.order import Order
from cnop_platform.store import Key

PREFIX: Final = ORDERS_PREFIX
_PRICE_DIGITS: Final = 20
_TIME_DIGITS: Final = 13
_SHARDS: Final = 4
AFTER_ALL_IDS: Final = "~"
"""Sorts after every order id."""


def partition(user_id: UserId) -> str:
    """Return the pk of a user's orders."""
    return PREFIX + user_id


def order_key(user_id: UserId, order_id: OrderId) -> Key:
    """Return where an order is; ids are ULIDs, so that the order of keys is the order of time."""
    return Key(partition(user_id), order_id)


def owner_of(key: Key) -> UserId:
    """Return whose order is at `key`."""
    return UserId(key.pk.removeprefix(PREFIX))


def open_partition(asset_id: AssetId, side: Side) -> str:
    """Return the index partition of the open limit orders on one side of one asset."""
    return f"OPEN#{asset_id}#{side.value}"


def price_text(price: int) -> str:
    """Return a price, padded, so that text order is numeric order."""
    return f"{price:0{_PRICE_DIGITS}}"


def open_index(order: Order) -> Key | None:
    """Return where an open limit order appears in the index; None for any other."""
    if order.limit_price is None or not order.is_open:
        return None
    return Key(open_partition(order.asset_id, order.side), f"{price_text(order.limit_price)}#{order.order_id}")


def expiry_partitions() -> tuple[str, ...]:
    """Return the partitions of what is to expire; more than one, so that none of them is hot."""
    return tuple(f"EXPIRING#{shard}" for shard in range(_SHARDS))


def expiry_key(user_id: UserId, order: Order) -> Key:
    """Return where it is noted when a `GTD` order expires."""
    if order.expires_ms is None:
        raise ValueError("only a GTD order expires")
    shard = ord(order.order_id[-1]) % _SHARDS
    return Key(f"EXPIRING#{shard}", f"{time_text(order.expires_ms)}#{user_id}#{order.order_id}")


def time_text(at_ms: int) -> str:
    """Return a time in milliseconds, padded, so that text order is the order of time."""
    return f"{at_ms:0{_TIME_DIGITS}}"


def noted_order(key: Key) -> tuple[UserId, OrderId]:
    """Return whose order, and which, is noted at `key`."""
    _, user_id, order_id = key.sk.split("#")
    return UserId(user_id), OrderId(order_id)
