"""What the open orders of a user hold, read from the store: the other side of what the wallet says it holds."""

from collections import Counter

from cnop_core.ids import AssetId, UserId
from cnop_ledger import OpenHolds
from cnop_orders.application.codec import decode_order
from cnop_orders.application.keys import partition
from cnop_platform.store import Store

_PAGE = 500


class StoredOpenOrders:
    """The ledger's `OpenOrders` port over the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def open_holds(self, user_id: UserId) -> OpenHolds:
        """Add up what the user's open orders hold. Raises `CorruptItem` for an order that cannot be read."""
        units, orders, cursor = Counter[AssetId](), 0, None
        while True:
            page = await self._store.query(partition(user_id), limit=_PAGE, cursor=cursor)
            for order in map(decode_order, page.items):
                if order.is_open:
                    orders += 1
                    units[order.hold.asset_id] += order.hold.units
            cursor = page.cursor
            if cursor is None:
                return OpenHolds(orders=orders, units=dict(units))
