"""The house's terms for one order, and how a price is held against them."""

from dataclasses import dataclass
from typing import Final

from cnop_core.money import Cents, PriceUnits, format_cents
from cnop_ledger.domain.pricing import Side
from cnop_orders.domain.errors import OrderLimit, OrderValueLimit, PriceMoved
from cnop_orders.domain.ticket import Slippage

_WHOLE_BASIS_POINTS: Final = 10_000
_HIGHEST_VALUE: Final = Cents(10_000_000)


@dataclass(frozen=True, slots=True)
class Terms:
    """What applies to every order; all of it are settings."""

    fee_basis_points: int = 0
    highest_value: Cents = _HIGHEST_VALUE
    open_orders: int = 100
    quote_seconds: int = 15
    """How old a price may be to trade on it."""


def require_value_within(terms: Terms, total: int) -> None:
    """Raise `OrderValueLimit` when an order is worth more than `terms` allow."""
    if total > terms.highest_value:
        raise OrderValueLimit(f"one order may be worth at most {format_cents(terms.highest_value)} USD")


def require_room(terms: Terms, open_orders: int) -> None:
    """Raise `OrderLimit` when one more open order would be too many."""
    if open_orders >= terms.open_orders:
        raise OrderLimit(f"there may be {terms.open_orders} open orders; cancel one first")


def require_within_slippage(slippage: Slippage | None, *, side: Side, price: PriceUnits) -> None:
    """Raise `PriceMoved` when `price` is worse than the reference by more than the bound; a better one is fine."""
    if slippage is None:
        return
    worse = price - slippage.reference if side is Side.BUY else slippage.reference - price
    if worse * _WHOLE_BASIS_POINTS > slippage.reference * slippage.basis_points:
        raise PriceMoved("the price moved beyond max_slippage_bps; look at the current price and decide again")
