"""Decides what becomes of a new order: filled at once, come to rest, or cancelled because its price is not there."""

from dataclasses import dataclass
from datetime import datetime

from cnop_core.ids import OrderId, UserId
from cnop_core.money import PriceUnits
from cnop_ledger import Change, Stamp, Wallet, fill, place_hold, record
from cnop_orders.application.codec import OrderCodec
from cnop_orders.application.keys import expiry_key
from cnop_orders.application.requests import OrderRequest, quantity_range, read_ticket, require_tradable
from cnop_orders.domain.order import Order, TimeInForce
from cnop_orders.domain.terms import Terms, require_room, require_value_within, require_within_slippage
from cnop_orders.domain.ticket import Slippage, Ticket, check
from cnop_platform.catalogue import Asset
from cnop_platform.prices import PriceStale, Quote
from cnop_platform.store import Absent, Put, Write

_MARKER_GRACE_SECONDS = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Market:
    """What is known of the asset while a request is decided: its listing, its latest quote, the house's terms."""

    asset: Asset | None
    quote: Quote | None
    terms: Terms

    def price(self, now: datetime) -> PriceUnits | None:
        """Return the current price; None when the latest is too old to trade on."""
        quote = self.quote
        if quote is None or quote.age_seconds(now) > self.terms.quote_seconds:
            return None
        return quote.price

    def require_price(self, now: datetime) -> PriceUnits:
        """Return the current price. Raises `PriceStale`."""
        price = self.price(now)
        if price is None:
            raise PriceStale("there is no current price for this asset; try again in a moment")
        return price


@dataclass(frozen=True, slots=True)
class Placement:
    """A new order, and the change of the wallet that comes with it."""

    order: Order
    change: Change

    def writes(self, user_id: UserId, codec: OrderCodec) -> tuple[Write, ...]:
        """Return what commits together with the wallet."""
        put = codec.put(user_id, self.order, condition=Absent())
        if self.order.is_open and self.order.expires_ms is not None:
            return (put, _expiry_note(user_id, self.order, self.order.expires_ms))
        return (put,)


def place(request: OrderRequest, market: Market, *, order_id: OrderId, wallet: Wallet, stamp: Stamp) -> Placement:
    """Return the order as it will be, and its change of `wallet`. Raises whatever keeps it from being accepted."""
    asset = require_tradable(market.asset, request.asset_id)
    ticket = read_ticket(request, asset)
    check(ticket, quantities=quantity_range(asset), now_ms=stamp.at_ms)
    order = _new_order(ticket, asset, market.terms, order_id, stamp)
    if order.limit_price is None:
        price = market.require_price(stamp.now)
        return _filled(order, price, market.terms, ticket.slippage, wallet, stamp)
    require_value_within(market.terms, order.trade_at(order.limit_price).total)
    immediate = order.time_in_force is TimeInForce.IOC
    limit_price = market.require_price(stamp.now) if immediate else market.price(stamp.now)
    if limit_price is not None and order.crosses(limit_price):
        return _filled(order, limit_price, market.terms, None, wallet, stamp)
    if immediate:
        cancelled = order.cancelled(at_ms=stamp.at_ms)
        return Placement(cancelled, record(wallet, order_id=order_id, stamp=stamp))
    require_room(market.terms, wallet.open_orders)
    return Placement(order, place_hold(wallet, hold=order.hold, order_id=order_id, stamp=stamp))


def _new_order(ticket: Ticket, asset: Asset, terms: Terms, order_id: OrderId, stamp: Stamp) -> Order:
    return Order(
        order_id=order_id,
        order_type=ticket.order_type,
        asset_id=ticket.asset_id,
        scale=asset.scale,
        quantity=ticket.quantity,
        created_ms=stamp.at_ms,
        updated_ms=stamp.at_ms,
        fee_basis_points=terms.fee_basis_points,
        limit_price=ticket.limit_price,
        time_in_force=ticket.time_in_force,
        expires_ms=ticket.expires_ms,
        client_order_id=ticket.client_order_id,
    )


def _filled(
    order: Order, price: PriceUnits, terms: Terms, slippage: Slippage | None, wallet: Wallet, stamp: Stamp
) -> Placement:
    require_within_slippage(slippage, side=order.side, price=price)
    trade = order.trade_at(price)
    require_value_within(terms, trade.total)
    change = fill(wallet, trade=trade, order_id=order.order_id, stamp=stamp)
    return Placement(order.filled(trade, at_ms=stamp.at_ms), change)


def _expiry_note(user_id: UserId, order: Order, expires_ms: int) -> Put:
    """Note when the order ends. The engine removes the note; should it never run, the store does, long after."""
    return Put(expiry_key(user_id, order), {}, Absent(), expires_at=expires_ms // 1000 + _MARKER_GRACE_SECONDS)
