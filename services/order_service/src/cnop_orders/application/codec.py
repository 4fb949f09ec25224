"""Orders as signed store bodies; what is None is left out."""

from typing import Any, Final

from cnop_core.ids import AssetId, OrderId, UserId
from cnop_core.money import Cents, PriceUnits, Units
from cnop_ledger import ChainKeys, CorruptItem, read_signed, signed_put
from cnop_orders.application.keys import PREFIX, open_index, order_key, owner_of
from cnop_orders.domain.lifecycle import Status
from cnop_orders.domain.order import Order, OrderType, TimeInForce
from cnop_platform.store import Condition, Item, Json, Put, Store, Version

FORMAT: Final = 1


class OrderCodec:
    """Writes orders signed with the ledger's key, and reads none that are not: the ledger books what they say."""

    def __init__(self, keys: ChainKeys) -> None:
        self._keys = keys

    def put(self, user_id: UserId, order: Order, *, condition: Condition) -> Put:
        """Return the write that stores an order; it is in the index for as long as it is an open limit order."""
        key, index = order_key(user_id, order.order_id), open_index(order)
        return signed_put(key, encode_order(order), self._keys, condition, index=index)[0]

    def read(self, item: Item) -> Order:
        """Read an order from its stored item. Raises `CorruptItem` when no order service wrote it there."""
        order_id = OrderId(item.key.sk)
        what = f"the order {order_id} of {owner_of(item.key)}"
        return read_signed(item, self._keys, lambda content: _order(order_id, content), what=what)

    def adopt(self, item: Item) -> Put | None:
        """Return the write that signs an order of before orders were signed; None when it is signed already.

        Raises `CorruptItem` when it cannot be read.
        """
        if "mac" in item.body:
            return None
        order_id, owner = OrderId(item.key.sk), owner_of(item.key)
        try:
            order = _order(order_id, item.body)
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptItem(f"the order {order_id} of {owner} cannot be read ({error})") from error
        return self.put(owner, order, condition=Version(item.version))


async def sign_orders(store: Store, codec: OrderCodec) -> int:
    """Sign every order of before orders were signed, as it stands; return how many there were.

    Raises:
        CorruptItem: one of them cannot be read.
        ConditionFailed: one of them changed meanwhile; those before it are signed.
    """
    signed = 0
    async for item in store.scan(prefix=PREFIX):
        if put := codec.adopt(item):
            await store.transact([put])
            signed += 1
    return signed


def encode_order(order: Order) -> dict[str, Json]:
    """Return what is signed of an order; its id is the item's key, which is signed too."""
    body: dict[str, Json] = {
        "v": FORMAT,
        "type": order.order_type.value,
        "asset": order.asset_id,
        "scale": order.scale,
        "qty": order.quantity,
        "status": order.status.value,
        "at": [order.created_ms, order.updated_ms],
    }
    optional: dict[str, Json] = {
        "bps": order.fee_basis_points or None,
        "limit": order.limit_price,
        "tif": order.time_in_force.value if order.time_in_force else None,
        "until": order.expires_ms,
        "client": order.client_order_id,
        "price": order.executed_price,
        "total": order.total,
        "fee": order.fee,
        "done": order.completed_ms,
    }
    body.update((name, value) for name, value in optional.items() if value is not None)
    return body


def _order(order_id: OrderId, body: Any) -> Order:
    if body["v"] != FORMAT:
        raise ValueError("unknown format")
    created_ms, updated_ms = body["at"]
    return Order(
        order_id=order_id,
        order_type=OrderType(body["type"]),
        asset_id=AssetId(body["asset"]),
        scale=body["scale"],
        quantity=Units(body["qty"]),
        created_ms=created_ms,
        updated_ms=updated_ms,
        fee_basis_points=body.get("bps", 0),
        limit_price=_price(body.get("limit")),
        time_in_force=TimeInForce(body["tif"]) if "tif" in body else None,
        expires_ms=body.get("until"),
        client_order_id=body.get("client"),
        status=Status(body["status"]),
        executed_price=_price(body.get("price")),
        total=Cents(body["total"]) if "total" in body else None,
        fee=Cents(body["fee"]) if "fee" in body else None,
        completed_ms=body.get("done"),
    )


def _price(units: int | None) -> PriceUnits | None:
    return None if units is None else PriceUnits(units)
