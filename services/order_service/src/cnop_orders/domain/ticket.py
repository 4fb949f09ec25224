"""What a customer asks for, before it is an order: which fields go together, and within which bounds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cnop_core.errors import FieldError
from cnop_core.ids import AssetId
from cnop_core.money import PRICE_SCALE, PriceUnits, Units, format_units
from cnop_orders.domain.errors import InvalidOrder
from cnop_orders.domain.order import OrderType, TimeInForce

HIGHEST_LIMIT: Final = PriceUnits(1_000_000 * 10**PRICE_SCALE)
MAX_SLIPPAGE_BASIS_POINTS: Final = 10_000
LONGEST_GTD_MS: Final = 365 * 86_400_000


@dataclass(frozen=True, slots=True)
class Slippage:
    """How far, in basis points of `reference`, the price of a market order may be worse than `reference`."""

    reference: PriceUnits
    basis_points: int


@dataclass(frozen=True, slots=True)
class Ticket:
    """A request to trade, in integers. `check` must pass before it becomes an order."""

    order_type: OrderType
    asset_id: AssetId
    quantity: Units
    limit_price: PriceUnits | None = None
    time_in_force: TimeInForce | None = None
    expires_ms: int | None = None
    client_order_id: str | None = None
    reference_price: PriceUnits | None = None
    max_slippage_basis_points: int | None = None

    @property
    def slippage(self) -> Slippage | None:
        """Return the bound on the price of a market order, if one was asked for."""
        if self.reference_price is None or self.max_slippage_basis_points is None:
            return None
        return Slippage(self.reference_price, self.max_slippage_basis_points)


@dataclass(frozen=True, slots=True)
class QuantityRange:
    """What one order of an asset may be for, in its smallest units."""

    lowest: int
    highest: int
    scale: int

    def problem(self, quantity: int) -> str | None:
        """Say what is wrong with `quantity`, or None."""
        if self.lowest <= quantity <= self.highest:
            return None
        low, high = (format_units(bound, scale=self.scale) for bound in (self.lowest, self.highest))
        return f"the quantity must be from {low} to {high}"


def check(ticket: Ticket, *, quantities: QuantityRange, now_ms: int) -> None:
    """Raise `InvalidOrder`, which names every violated field."""
    found = tuple(_problems(ticket, quantities, now_ms))
    if found:
        raise InvalidOrder(*found)


def price_problem(price: int) -> str | None:
    """Say what is wrong with a limit price, or None."""
    return None if 0 < price <= HIGHEST_LIMIT else "the price must be greater than 0 and at most 1,000,000"


def _problems(ticket: Ticket, quantities: QuantityRange, now_ms: int) -> Iterator[FieldError]:
    if problem := quantities.problem(ticket.quantity):
        yield FieldError("quantity", problem)
    if ticket.order_type.is_limit:
        yield from _limit_problems(ticket, now_ms)
    else:
        yield from _market_problems(ticket)


def _limit_problems(ticket: Ticket, now_ms: int) -> Iterator[FieldError]:
    if ticket.limit_price is None:
        yield FieldError("price", "a limit order needs a price")
    elif problem := price_problem(ticket.limit_price):
        yield FieldError("price", problem)
    if ticket.reference_price is not None or ticket.max_slippage_basis_points is not None:
        yield FieldError("max_slippage_bps", "only for market orders; a limit order's price is its bound")
    yield from _expiry_problems(ticket, now_ms)


def _expiry_problems(ticket: Ticket, now_ms: int) -> Iterator[FieldError]:
    if (ticket.time_in_force is TimeInForce.GTD) != (ticket.expires_ms is not None):
        yield FieldError("expires_at", "time_in_force GTD and expires_at go together")
    elif ticket.expires_ms is not None and not now_ms < ticket.expires_ms <= now_ms + LONGEST_GTD_MS:
        yield FieldError("expires_at", "expires_at must be in the future, at most one year ahead")


def _market_problems(ticket: Ticket) -> Iterator[FieldError]:
    if ticket.limit_price is not None:
        yield FieldError("price", "only for limit orders; a market order trades at the current price")
    if ticket.time_in_force is not None:
        yield FieldError("time_in_force", "only for limit orders")
    if ticket.expires_ms is not None:
        yield FieldError("expires_at", "only for limit orders")
    if (ticket.reference_price is None) != (ticket.max_slippage_basis_points is None):
        yield FieldError("reference_price", "max_slippage_bps and reference_price go together")
    elif ticket.reference_price == 0:
        yield FieldError("reference_price", "the reference price must be greater than 0")
    if not 0 <= (ticket.max_slippage_basis_points or 0) <= MAX_SLIPPAGE_BASIS_POINTS:
        yield FieldError("max_slippage_bps", "expected 0 to 10,000 basis points")
