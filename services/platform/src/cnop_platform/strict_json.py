"""JSON as an order platform needs it: decimals keep every digit; duplicate keys and NaN are errors (RFC 7493)."""

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

MAX_DEPTH = 32
_MOST_DIGITS = 1_000
_MAYBE_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class InvalidJson(ValueError):
    """The text is not acceptable JSON; the message names what is wrong, never the content."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidJson("an object names the same key twice")
    return found


def _refuse_constant(_name: str) -> NoReturn:
    raise InvalidJson("NaN and Infinity are not numbers in JSON")


def _decimal(text: str) -> Decimal:
    """Read a number with a fraction or exponent, but none that would fill memory when written out, as 1e999999999."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise InvalidJson("a number is out of range") from None
    if abs(value.adjusted()) > _MOST_DIGITS or len(text) > _MOST_DIGITS:
        raise InvalidJson("a number is out of range")
    return value


def loads(text: str | bytes) -> Any:
    """Parse JSON with numbers that have a fraction or exponent as `Decimal`. Raises `InvalidJson`."""
    try:
        text = text if isinstance(text, str) else text.decode()
        value = json.loads(text, parse_float=_decimal, parse_constant=_refuse_constant, object_pairs_hook=_unique)
    except InvalidJson:
        raise
    except (ValueError, RecursionError):
        raise InvalidJson("the text is not valid JSON") from None
    if _MAYBE_SURROGATE.search(text):
        _require_unicode(value)
    return value


def _require_unicode(value: Any) -> None:
    """Refuse half of a surrogate pair, which no encoding, store or log can carry."""
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InvalidJson("a text holds half of a surrogate pair") from None
    elif isinstance(value, list):
        for each in value:
            _require_unicode(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            _require_unicode(name)
            _require_unicode(each)


def dumps(value: Any) -> str:
    """Render compact JSON with sorted keys, so that equal values give equal text."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False, allow_nan=False)
