"""What a customer sent, still text, and how it becomes integers once the asset's scale is known."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from cnop_core.clock import epoch_ms, to_rfc3339
from cnop_core.errors import FieldError
from cnop_core.ids import AssetId
from cnop_core.money import PRICE_SCALE, InvalidAmount, PriceUnits, Units, parse_units
from cnop_orders.domain.errors import AssetUnavailable, InvalidOrder
from cnop_orders.domain.order import OrderType, TimeInForce
from cnop_orders.domain.ticket import QuantityRange, Ticket
from cnop_platform.catalogue import Asset

Sent = Mapping[str, object]
"""What a request said, by field; None where it said nothing."""


def request_hash(sent: Sent) -> str:
    """Return the SHA-256 of the canonical JSON of what was said.

    It is stored, and compared by later versions: what was not said is left out, so that a new field changes nothing for
    requests that do not use it, and the order of fields does not count.
    """
    said = {name: value for name, value in sent.items() if value is not None}
    return hashlib.sha256(_canonical.encode(said).encode()).hexdigest()


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return to_rfc3339(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")


_canonical: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_plain)


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """The body of a request for an order. Decimals are text that was checked to be a plain number."""

    order_type: OrderType
    asset_id: AssetId
    quantity: str
    price: str | None = None
    time_in_force: TimeInForce | None = None
    expires_at: datetime | None = None
    client_order_id: str | None = None
    max_slippage_bps: int | None = None
    reference_price: str | None = None

    def sent(self) -> Sent:
        """Return the fields under the names that tell this request from another one."""
        return asdict(self)


def require_tradable(asset: Asset | None, asset_id: AssetId) -> Asset:
    """Return the asset. Raises `AssetUnavailable` when there is none or it is not active."""
    if asset is None or not asset.is_active:
        raise AssetUnavailable(f"{asset_id} is not traded here now; see the asset list")
    return asset


def quantity_range(asset: Asset) -> QuantityRange:
    """Return what one order of the asset may be for."""
    return QuantityRange(asset.min_quantity, asset.max_quantity, asset.scale)


def read_ticket(request: OrderRequest, asset: Asset) -> Ticket:
    """Return the request in integers. Raises `InvalidOrder` for decimals beyond what the asset or a price has."""
    amounts = _Amounts()
    quantity = amounts.read("quantity", request.quantity, asset.scale)
    price = amounts.read("price", request.price, PRICE_SCALE)
    reference = amounts.read("reference_price", request.reference_price, PRICE_SCALE)
    amounts.require_sound()
    time_in_force = request.time_in_force
    if time_in_force is None and request.order_type.is_limit:
        time_in_force = TimeInForce.GTC
    return Ticket(
        order_type=request.order_type,
        asset_id=asset.asset_id,
        quantity=Units(quantity or 0),
        limit_price=None if price is None else PriceUnits(price),
        time_in_force=time_in_force,
        expires_ms=epoch_ms(request.expires_at) if request.expires_at else None,
        client_order_id=request.client_order_id,
        reference_price=None if reference is None else PriceUnits(reference),
        max_slippage_basis_points=request.max_slippage_bps,
    )


def read_amount(field: str, text: str, *, scale: int) -> int:
    """Return one decimal in smallest units. Raises `InvalidOrder`, which names the field."""
    amounts = _Amounts()
    value = amounts.read(field, text, scale)
    amounts.require_sound()
    return value or 0


class _Amounts:
    """Reads decimals and collects what is wrong with them."""

    def __init__(self) -> None:
        self._errors: list[FieldError] = []

    def read(self, field: str, text: str | None, scale: int) -> int | None:
        if text is None:
            return None
        try:
            return parse_units(text, scale=scale)
        except InvalidAmount as error:
            self._errors.append(FieldError(field, error.message))
            return None

    def require_sound(self) -> None:
        if self._errors:
            raise InvalidOrder(*self._errors)
