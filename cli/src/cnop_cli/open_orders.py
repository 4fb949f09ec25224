"""What the orders of a user hold and were filled for, read from the store: the other side of what the books say."""

from collections import Counter

from cnop_core.ids import AssetId, OrderId, UserId
from cnop_ledger import OpenHolds, Trade
from cnop_orders.application.codec import OrderCodec
from cnop_orders.application.keys import partition
from cnop_platform.store import Store

_PAGE = 500


class StoredOpenOrders:
    """The ledger's `OpenOrders` port over the store."""

    def __init__(self, store: Store, codec: OrderCodec) -> None:
        self._store = store
        self._codec = codec

    async def open_holds(self, user_id: UserId) -> OpenHolds:
        """Add up what the user's open orders hold, and list the others' trades.

        Raises:
            CorruptItem: an order is not as it was written.
        """
        units, orders, cursor = Counter[AssetId](), 0, None
        fills: dict[OrderId, Trade] = {}
        while True:
            page = await self._store.query(partition(user_id), limit=_PAGE, cursor=cursor)
            for order in map(self._codec.read, page.items):
                if order.is_open:
                    orders += 1
                    units[order.hold.asset_id] += order.hold.units
                elif trade := order.trade:
                    fills[order.order_id] = trade
            cursor = page.cursor
            if cursor is None:
                return OpenHolds(orders=orders, units=dict(units), fills=fills)
