"""How orders look from outside. Here and not in the API, because an answer is stored with its order for replay."""

import json
from typing import Final

from cnop_core.clock import from_epoch_ms, to_rfc3339
from cnop_core.money import PRICE_SCALE, format_cents, format_units
from cnop_orders.domain.order import Order

Document = dict[str, object]
_encoder: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def order_document(order: Order) -> Document:
    """Return an order as the API shows it; `price` is the executed one, else the limit."""
    created_at = time_text(order.created_ms)
    limit_price, executed_price = price_text(order.limit_price), price_text(order.executed_price)
    return {
        "order_id": order.order_id,
        "order_type": order.order_type.value,
        "asset_id": order.asset_id,
        "quantity": format_units(order.quantity, scale=order.scale),
        "price": executed_price or limit_price,
        "status": order.status.value,
        "time_in_force": order.time_in_force.value if order.time_in_force else None,
        "limit_price": limit_price,
        "executed_price": executed_price,
        "total_amount": cents_text(order.total),
        "fee": cents_text(order.fee),
        "client_order_id": order.client_order_id,
        "created_at": created_at,
        "updated_at": created_at if order.updated_ms == order.created_ms else time_text(order.updated_ms),
        "completed_at": time_text(order.completed_ms),
        "expires_at": time_text(order.expires_ms),
    }


def data_json(data: object) -> str:
    """Render `{"data": …}` as compact JSON."""
    return _encoder.encode({"data": data})


def price_text(price: int | None) -> str | None:
    """Render a price with all of its decimals."""
    return None if price is None else format_units(price, scale=PRICE_SCALE)


def cents_text(cents: int | None) -> str | None:
    """Render cents as dollars."""
    return None if cents is None else format_cents(cents)


def time_text(at_ms: int | None) -> str | None:
    """Render a time as RFC 3339 with milliseconds."""
    return None if at_ms is None else to_rfc3339(from_epoch_ms(at_ms))
