"""Figures as a reader sees them, worked out anew from what the API says: nothing is ever rounded up."""

import re
from decimal import ROUND_FLOOR, Decimal

_CENT = Decimal("0.01")
_ANYTHING_ELSE = re.compile(r"[^\d.+-]")


def dollars(amount: str | Decimal, *, signed: bool = False) -> str:
    """Give an amount as an American reads it; with `signed`, a gain says that it is one."""
    value = Decimal(amount).quantize(_CENT, ROUND_FLOOR)
    sign = "-" if value < 0 else "+" if signed and value > 0 else ""
    return f"{sign}${abs(value):,}"


def german_dollars(amount: str | Decimal) -> str:
    """Give an amount as a German reads it."""
    digits = f"{Decimal(amount).quantize(_CENT, ROUND_FLOOR):,}"
    return f"{digits.translate(str.maketrans(',.', '.,'))} $"


def percent(value: Decimal, *, signed: bool = False) -> str:
    """Give a percentage, for example 12.34%."""
    floored = value.quantize(_CENT, ROUND_FLOOR)
    return f"{'+' if signed and floored > 0 else ''}{floored}%"


def quantity(amount: str) -> str:
    """Give a quantity with the decimals that matter."""
    return f"{Decimal(amount).normalize():,f}"


def read(text: str) -> Decimal:
    """Take the number out of a figure that an American reads."""
    return Decimal(_ANYTHING_ELSE.sub("", text))
