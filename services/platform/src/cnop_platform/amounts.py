"""Decimal amounts in request bodies: a string or a JSON number, kept digit for digit until the use case scales it."""

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

_PLAIN = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,18})?", re.ASCII)


def _as_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError("expected a decimal number, as a string or a JSON number")
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    if not _PLAIN.fullmatch(text):
        raise ValueError(
            "expected a plain, non-negative decimal number with at most 15 digits before the point and 18 after it"
        )
    return text


DecimalText = Annotated[
    str,
    BeforeValidator(_as_text),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^[0-9]{1,15}(\.[0-9]{1,18})?$"},
                {"type": "number", "minimum": 0},
            ],
            "examples": ["12.50"],
        },
        mode="validation",
    ),
]
"""A validated decimal, still text: `parse_units` turns it into integer units."""
