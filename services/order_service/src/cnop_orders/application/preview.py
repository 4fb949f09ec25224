"""What placing an order would do, as a document."""

from cnop_core.clock import to_rfc3339
from cnop_core.money import format_cents, format_units
from cnop_orders.application.placement import Market, Placement
from cnop_orders.application.render import Document, price_text


def preview_document(placement: Placement, market: Market) -> Document:
    """Render a placement that did not happen. Balances are what would be available afterwards."""
    order, after = placement.order, placement.change.wallet
    price = order.executed_price or order.limit_price
    if price is None:
        raise AssertionError("an order that was accepted has an executed or a limit price")
    trade, quote = order.trade_at(price), market.quote
    return {
        "order_type": order.order_type.value,
        "asset_id": order.asset_id,
        "quantity": format_units(order.quantity, scale=order.scale),
        "status": order.status.value,
        "price": price_text(price),
        "market_price": price_text(quote.price) if quote else None,
        "price_as_of": to_rfc3339(quote.as_of) if quote else None,
        "total_amount": format_cents(trade.total),
        "fee": format_cents(trade.fee),
        "cost": format_cents(trade.cash),
        "available_balance": format_cents(after.cash.available),
        "available_quantity": format_units(after.holding(order.asset_id).available, scale=order.scale),
    }
