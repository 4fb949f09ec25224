"""Fixed-point amounts: an integer count of the smallest unit, never a float, never a bare decimal.

USD has scale 2 (cents), a price has scale 8 (USD per whole asset), an asset states its own scale.
"""

import re
from typing import NewType

from cnop_core.errors import InvalidInput

Cents = NewType("Cents", int)
"""US cents."""
Units = NewType("Units", int)
"""Smallest units of an asset; how many make a whole one is the asset's `scale`."""
PriceUnits = NewType("PriceUnits", int)
"""USD per whole asset, times 10**8."""

USD_SCALE = 2
PRICE_SCALE = 8
_TEXT = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,18})?", re.ASCII)


class InvalidAmount(InvalidInput):
    """The text is not a plain decimal, or has more decimals than the unit allows."""


def parse_units(text: str, *, scale: int) -> int:
    """Turn `"12.5"` at scale 2 into 1250. Digits beyond `scale` must be zeros, else `InvalidAmount`."""
    if not _TEXT.fullmatch(text):
        raise InvalidAmount("expected a plain decimal number such as 12.50, without sign, exponent or separators")
    whole, _, fraction = text.partition(".")
    kept, excess = fraction[:scale], fraction[scale:]
    if excess.strip("0"):
        raise InvalidAmount(f"at most {scale} decimals are allowed")
    return int(whole + kept.ljust(scale, "0"))


def format_units(units: int, *, scale: int) -> str:
    """Turn 1250 at scale 2 into `"12.50"`; all decimals of the scale are shown."""
    sign, digits = ("-" if units < 0 else ""), str(abs(units)).rjust(scale + 1, "0")
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else f"{sign}{digits}"


def format_cents(cents: int) -> str:
    """Render cents as dollars: 1250 → `"12.50"`."""
    return format_units(cents, scale=USD_SCALE)


def divide_down(numerator: int, denominator: int) -> int:
    """Divide non-negative integers, rounding towards zero."""
    return numerator // denominator


def divide_up(numerator: int, denominator: int) -> int:
    """Divide non-negative integers, rounding away from zero."""
    return -(-numerator // denominator)


def divide_nearest(numerator: int, denominator: int) -> int:
    """Divide by a positive integer, rounding to the nearest integer, halves to the even one."""
    quotient, remainder = divmod(numerator, denominator)
    rounds_up = 2 * remainder > denominator or (2 * remainder == denominator and quotient % 2 == 1)
    return quotient + rounds_up


def _value_ratio(*, quantity: int, price: int, scale: int) -> tuple[int, int]:
    return quantity * price, 10 ** (scale + PRICE_SCALE - USD_SCALE)


def cost_up(*, quantity: int, price: int, scale: int) -> Cents:
    """Return what `quantity` costs a buyer, in cents, rounded up."""
    return Cents(divide_up(*_value_ratio(quantity=quantity, price=price, scale=scale)))


def proceeds_down(*, quantity: int, price: int, scale: int) -> Cents:
    """Return what `quantity` brings a seller, in cents, rounded down; also the market value of a holding."""
    return Cents(divide_down(*_value_ratio(quantity=quantity, price=price, scale=scale)))


def fee_up(*, amount: int, basis_points: int) -> Cents:
    """Return the fee on `amount` cents, rounded up to the cent (1 basis point = 0.01 %)."""
    return Cents(divide_up(amount * basis_points, 10_000))
