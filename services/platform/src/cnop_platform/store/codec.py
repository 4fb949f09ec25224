"""Bodies as JSON text: compact, exact integers, no floats, names in sorted order."""

import json
from collections.abc import Mapping, Sequence
from typing import NoReturn, cast

from cnop_platform.store.port import Body


def _plain(value: object) -> object:
    """Turn any other mapping or sequence into what the JSON encoder knows: `dict` and `list`."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"a stored body holds the number {text}, which is no integer")


_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, sort_keys=True, default=_plain)
_decoder = json.JSONDecoder(parse_float=_refuse, parse_constant=_refuse)


def encode_body(body: Body) -> str:
    """Render a body that `limits.check_writes` accepted."""
    return _encoder.encode(body)


def decode_body(text: str) -> Body:
    """Return a new body, shared with nobody."""
    return cast(Body, _decoder.decode(text))
