"""Numbers and times as providers write them."""

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from cnop_core.clock import from_rfc3339
from cnop_core.money import PRICE_SCALE, PriceUnits

_LONGEST = 40


class MalformedMessage(Exception):
    """A provider's message lacks something, or holds something that it should not; the text names the member."""


def decimal_member(message: Mapping[str, Any], name: str) -> Decimal:
    """Return a finite number given as text or as a JSON number. Raises `MalformedMessage`."""
    value = message.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal) or len(str(value)) > _LONGEST:
        raise MalformedMessage(name)
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise MalformedMessage(name) from None
    if not number.is_finite() or abs(number.adjusted()) > _LONGEST:
        raise MalformedMessage(name)
    return number


def price_member(message: Mapping[str, Any], name: str) -> PriceUnits:
    """Return a price, rounded to the eighth decimal. Raises `MalformedMessage`."""
    scaled = decimal_member(message, name).scaleb(PRICE_SCALE)
    return PriceUnits(int(scaled.to_integral_value(rounding=ROUND_HALF_EVEN)))


def time_member(message: Mapping[str, Any], name: str) -> datetime:
    """Return an RFC 3339 time. Raises `MalformedMessage`."""
    value = message.get(name)
    try:
        return from_rfc3339(value if isinstance(value, str) else "")
    except (ValueError, OverflowError):
        raise MalformedMessage(name) from None
