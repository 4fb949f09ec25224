"""Market figures beside the price: display values, kept as the digits of a JSON number from source to reader."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from cnop_core.clock import from_rfc3339, to_rfc3339
from cnop_core.money import divide_nearest, format_units

NUMBERS: Final = (
    "market_cap",
    "market_cap_rank",
    "total_volume_24h",
    "price_change_24h",
    "price_change_percentage_24h",
    "price_change_percentage_7d",
    "price_change_percentage_30d",
    "high_24h",
    "low_24h",
    "circulating_supply",
    "total_supply",
    "max_supply",
    "ath",
    "ath_change_percentage",
    "atl",
    "atl_change_percentage",
)
TIMES: Final = ("ath_date", "atl_date")
PERCENT_SCALE: Final = 4
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,29})(\.[0-9]{1,30})?", re.ASCII)

Figures = Mapping[str, str]
"""Figure name → JSON number text, or RFC 3339 text for `TIMES`. What is unknown is left out."""


def number_text(units: int, *, scale: int) -> str:
    """Render a fixed-point value as a JSON number without trailing zeros: 1250 at scale 2 → `12.5`."""
    text = format_units(units, scale=scale)
    return text.rstrip("0").rstrip(".") if scale else text


def percent_text(*, now: int, before: int) -> str:
    """Render by how many percent `now` lies above `before` (> 0), to four decimals."""
    return number_text(divide_nearest((now - before) * 100 * 10**PERCENT_SCALE, before), scale=PERCENT_SCALE)


def clean_figures(values: Mapping[str, Any]) -> Figures:
    """Return what of `values` are well-formed figures; numbers may be text, integers or decimals."""
    found: dict[str, str] = {}
    for name in NUMBERS:
        text = _plain(values.get(name))
        if _NUMBER.fullmatch(text):
            found[name] = text
    for name in TIMES:
        try:
            found[name] = to_rfc3339(from_rfc3339(str(values.get(name))))
        except (ValueError, OverflowError):
            continue
    return found


def _plain(value: Any) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)
