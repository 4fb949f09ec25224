"""Reads a user's orders, newest first."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from cnop_core.ids import AssetId, OrderId, UserId
from cnop_orders.application.codec import OrderCodec
from cnop_orders.application.keys import AFTER_ALL_IDS, order_key, partition
from cnop_orders.domain.errors import UnknownOrder
from cnop_orders.domain.lifecycle import Status
from cnop_orders.domain.order import Order, OrderType
from cnop_platform.store import InvalidCursor, Store

MAX_SCANNED: Final = 1_000
"""How many orders one page may look at; a filter that matches fewer comes back short, with a cursor."""
_CHUNK: Final = 100
_CURSOR: Final = re.compile(r"[A-Za-z0-9_]{10,50}", re.ASCII)


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders to show; None is any."""

    asset_id: AssetId | None = None
    order_type: OrderType | None = None
    status: Status | None = None

    def matches(self, order: Order) -> bool:
        """Tell whether the order is one of them."""
        return (
            self.asset_id in (None, order.asset_id)
            and self.order_type in (None, order.order_type)
            and self.status in (None, order.status)
        )


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Orders, newest first; `next_cursor` is None when there are no more."""

    orders: tuple[Order, ...]
    next_cursor: str | None


class OrderReader:
    """Reads orders; whose they are is in the key."""

    def __init__(self, store: Store, codec: OrderCodec) -> None:
        self._store = store
        self._codec = codec

    async def get(self, user_id: UserId, order_id: OrderId) -> Order:
        """Return one order. Raises `UnknownOrder`, also for somebody else's."""
        item = await self._store.get(order_key(user_id, order_id))
        if item is None:
            raise UnknownOrder
        return self._codec.read(item)

    async def find(self, user_id: UserId, order_id: OrderId) -> Order | None:
        """Return one order, or None."""
        item = await self._store.get(order_key(user_id, order_id))
        return self._codec.read(item) if item else None

    async def page(
        self, user_id: UserId, wanted: OrderFilter, *, limit: int, offset: int = 0, cursor: str | None = None
    ) -> OrderPage:
        """Return up to `limit` orders after skipping `offset` of those that match. Raises `InvalidCursor`."""
        found: list[Order] = []
        scanned, last = 0, cursor
        async for order in self._newest_first(user_id, below=_position(cursor), chunk=min(_CHUNK, offset + limit + 1)):
            if scanned == MAX_SCANNED:
                return OrderPage(tuple(found[offset:]), last)
            if wanted.matches(order):
                found.append(order)
            if len(found) > offset + limit:
                shown = tuple(found[offset : offset + limit])
                return OrderPage(shown, shown[-1].order_id)
            scanned, last = scanned + 1, order.order_id
        return OrderPage(tuple(found[offset:]), None)

    async def _newest_first(self, user_id: UserId, *, below: str | None, chunk: int) -> AsyncIterator[Order]:
        """Walk backwards from the order `below`, without it."""
        end = below or AFTER_ALL_IDS
        while True:
            page = await self._store.query(partition(user_id), end=end, forward=False, limit=chunk)
            for item in page.items:
                if item.key.sk != below:
                    yield self._codec.read(item)
            if page.cursor is None:
                return
            end = below = page.items[-1].key.sk
            chunk = _CHUNK


def _position(cursor: str | None) -> str | None:
    if cursor is not None and not _CURSOR.fullmatch(cursor):
        raise InvalidCursor("the cursor was not made by this query; start again without one")
    return cursor
