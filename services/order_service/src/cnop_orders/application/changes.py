"""Decides what may still happen to an open limit order: cancel, replace, and, for the engine, fill and expire."""

from dataclasses import dataclass
from typing import Final

from cnop_core.errors import FieldError
from cnop_core.ids import OrderId
from cnop_core.money import PRICE_SCALE, PriceUnits, Units
from cnop_ledger import Decision, Response, Snapshot, amend_hold, fill, release_hold
from cnop_orders.application.codec import OrderCodec
from cnop_orders.application.keys import expiry_key, owner_of
from cnop_orders.application.placement import Market
from cnop_orders.application.render import data_json, order_document
from cnop_orders.application.requests import Sent, quantity_range, read_amount, require_tradable
from cnop_orders.domain.errors import InvalidOrder, OrderClosed, UnknownOrder
from cnop_orders.domain.order import Order
from cnop_orders.domain.terms import require_value_within
from cnop_orders.domain.ticket import price_problem
from cnop_platform.catalogue import asset_from_item, asset_key
from cnop_platform.store import Delete, Item, Key, Put, Version

_NO_ANSWER: Final = Response(200, "{}")
NOTHING_TO_DO: Final = Decision(_NO_ANSWER)


@dataclass(frozen=True, slots=True)
class NewTerms:
    """What shall change of an open order, as the customer wrote it; None stays as it is."""

    price: str | None
    quantity: str | None

    def sent(self, order_id: OrderId) -> Sent:
        """Return the fields of the request for them."""
        return {"order_id": order_id, "price": self.price, "quantity": self.quantity}

    def applied_to(self, order: Order, limit_price: PriceUnits, market: Market) -> tuple[Units, PriceUnits]:
        """Return the order's quantity and limit afterwards. Raises `InvalidOrder`, `AssetUnavailable`."""
        asset = require_tradable(market.asset, order.asset_id)
        quantity: int = order.quantity
        if self.quantity is not None:
            quantity = read_amount("quantity", self.quantity, scale=order.scale)
            _refuse("quantity", quantity_range(asset).problem(quantity))
        if self.price is not None:
            limit_price = PriceUnits(read_amount("price", self.price, scale=PRICE_SCALE))
            _refuse("price", price_problem(limit_price))
        return Units(quantity), limit_price


def cancel(key: Key, snapshot: Snapshot, codec: OrderCodec) -> Decision:
    """Close the order and free what it holds. Raises `UnknownOrder`, `OrderClosed`.

    One whose time is over is closed already for its owner; the engine, which notices within a second, frees its hold.
    """
    item, order = _require(key, snapshot, codec)
    closed = order.cancelled(at_ms=snapshot.stamp.at_ms)
    return _released(item, order, closed, snapshot, codec)


def replace(key: Key, snapshot: Snapshot, codec: OrderCodec, *, terms: NewTerms, market: Market) -> Decision:
    """Give the order a new price, quantity or both, and adjust what it holds.

    It keeps its id and expiry, and rests: should it cross now, the engine fills it.
    Raises `UnknownOrder`, `OrderClosed`, `InvalidOrder`, `AssetUnavailable`, and what the ledger refuses.
    """
    at_ms = snapshot.stamp.at_ms
    item, order = _require(key, snapshot, codec)
    if order.limit_price is None or not order.is_open:
        raise OrderClosed(f"the order is {order.status.value} and no longer open")
    quantity, limit_price = terms.applied_to(order, order.limit_price, market)
    renewed = order.replaced(quantity=quantity, limit_price=limit_price, at_ms=at_ms)
    require_value_within(market.terms, renewed.trade_at(limit_price).total)
    change = amend_hold(
        snapshot.wallet, held=order.hold, hold=renewed.hold, order_id=order.order_id, stamp=snapshot.stamp
    )
    return Decision(_response(renewed), change, (_put(codec, item, renewed),))


def fill_resting(key: Key, snapshot: Snapshot, codec: OrderCodec, *, market: Market) -> Decision:
    """Fill the order at the current price, if it is still open, not past its expiry, and the price crosses.

    `snapshot` has the asset as it is listed now, since `market` may know it from before it was delisted.
    """
    item, price = snapshot.items.get(key), market.price(snapshot.now)
    if item is None or price is None or not _is_traded(market, snapshot):
        return NOTHING_TO_DO
    order = codec.read(item)
    if not _is_fillable(order, price, snapshot.stamp.at_ms):
        return NOTHING_TO_DO
    trade = order.trade_at(price)
    filled = order.filled(trade, at_ms=snapshot.stamp.at_ms)
    change = fill(snapshot.wallet, trade=trade, order_id=order.order_id, stamp=snapshot.stamp, held=order.hold)
    return Decision(_NO_ANSWER, change, (_put(codec, item, filled),))


def expire(key: Key, snapshot: Snapshot, codec: OrderCodec) -> Decision:
    """Close the order and free what it holds, if it is still open and its time is over."""
    item = snapshot.items.get(key)
    if item is None:
        return NOTHING_TO_DO
    order = codec.read(item)
    if not order.is_open or not order.is_past_expiry(snapshot.stamp.at_ms):
        return NOTHING_TO_DO
    closed = order.expired(at_ms=snapshot.stamp.at_ms)
    decision = _released(item, order, closed, snapshot, codec)
    note = Delete(expiry_key(owner_of(key), order))
    return Decision(decision.response, decision.change, (*decision.writes, note))


def withdraw(key: Key, snapshot: Snapshot, codec: OrderCodec) -> Decision:
    """Cancel the order on the house's part, if it is still open: its asset is no longer traded."""
    item, at_ms = snapshot.items.get(key), snapshot.stamp.at_ms
    order = codec.read(item) if item else None
    if item is None or order is None or not order.is_open or order.is_past_expiry(at_ms):
        return NOTHING_TO_DO
    return _released(item, order, order.cancelled(at_ms=at_ms), snapshot, codec)


def _require(key: Key, snapshot: Snapshot, codec: OrderCodec) -> tuple[Item, Order]:
    """Return the order as its owner sees it: expired from its last moment on, whether the engine was there or not."""
    item, at_ms = snapshot.items.get(key), snapshot.stamp.at_ms
    if item is None:
        raise UnknownOrder
    order = codec.read(item)
    if order.is_open and order.is_past_expiry(at_ms):
        order = order.expired(at_ms=at_ms)
    return item, order


def _is_traded(market: Market, snapshot: Snapshot) -> bool:
    listed = snapshot.items.get(asset_key(market.asset.asset_id)) if market.asset else None
    return listed is not None and asset_from_item(listed).is_active


def _is_fillable(order: Order, price: PriceUnits, at_ms: int) -> bool:
    return order.is_open and not order.is_past_expiry(at_ms) and order.crosses(price)


def _released(item: Item, order: Order, closed: Order, snapshot: Snapshot, codec: OrderCodec) -> Decision:
    change = release_hold(snapshot.wallet, held=order.hold, order_id=order.order_id, stamp=snapshot.stamp)
    return Decision(_response(closed), change, (_put(codec, item, closed),))


def _refuse(field: str, problem: str | None) -> None:
    if problem:
        raise InvalidOrder(FieldError(field, problem))


def _put(codec: OrderCodec, item: Item, order: Order) -> Put:
    return codec.put(owner_of(item.key), order, condition=Version(item.version))


def _response(order: Order) -> Response:
    return Response(200, data_json(order_document(order)))
