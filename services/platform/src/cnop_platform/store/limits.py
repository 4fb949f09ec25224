"""What any adapter accepts: DynamoDB's limits, enforced alike, so that a test on one store speaks for the other.

Sizes follow "DynamoDB item sizes and formats" in the Amazon DynamoDB developer guide.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from cnop_platform.store.port import (
    MAX_ITEM_BYTES,
    MAX_TRANSACTION_BYTES,
    MAX_WRITES,
    Absent,
    Anything,
    Check,
    Delete,
    InvalidWrite,
    Key,
    Put,
    Version,
    Write,
)

MAX_PK_BYTES: Final = 2048
MAX_SK_BYTES: Final = 1024
MAX_DEPTH: Final = 30
_NUMBER_BOUND: Final = 10**38
_COUNTER_BOUND: Final = 2**63
_FIXED_BYTES: Final = len("pkskversionbody") + 11
"""The names that every item has, and a version of up to 20 digits."""
_INDEX_BYTES: Final = len("gsi1pkgsi1sk")
_EXPIRY_BYTES: Final = len("expires_at") + 11


def check_writes(writes: Sequence[Write]) -> None:
    """Raise `InvalidWrite` unless every adapter could apply `writes` as one transaction."""
    if not 1 <= len(writes) <= MAX_WRITES:
        raise InvalidWrite(f"a transaction has 1 to {MAX_WRITES} writes, not {len(writes)}")
    for write in writes:
        if not isinstance(write, Put | Delete | Check):
            raise InvalidWrite(f"expected a Put, Delete or Check, not {type(write).__name__}")
    if len({write.key for write in writes}) != len(writes):
        raise InvalidWrite("a transaction writes each key once; these keys repeat")
    total = sum(_write_bytes(write) for write in writes)
    if total > MAX_TRANSACTION_BYTES:
        raise InvalidWrite(f"a transaction has at most {MAX_TRANSACTION_BYTES} bytes, not {total}")


def item_bytes(put: Put) -> int:
    """Return how large the item is in DynamoDB, in bytes; the numbers in it are counted a little too large."""
    size = _FIXED_BYTES + _key_bytes(put.key) + _value_bytes(put.body, MAX_DEPTH)
    if put.index is not None:
        size += _INDEX_BYTES + _key_bytes(put.index)
    return size if put.expires_at is None else size + _EXPIRY_BYTES


def is_storable(key: Key) -> bool:
    """Tell whether an item could exist at `key`; a read elsewhere finds nothing and need not ask."""
    try:
        _key_bytes(key)
    except InvalidWrite:
        return False
    return True


def utf8_bytes(text: str) -> int:
    """Return the length of `text` in UTF-8; a lone surrogate raises `InvalidWrite`."""
    if text.isascii():
        return len(text)
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        raise InvalidWrite("text with a lone surrogate has no UTF-8 form and cannot be stored") from error


def _write_bytes(write: Write) -> int:
    _check_condition(write.condition)
    if not isinstance(write, Put):
        return _key_bytes(write.key)
    _check_expiry(write.expires_at)
    if not isinstance(write.body, Mapping):
        raise InvalidWrite(f"a body is a mapping, not {type(write.body).__name__}")
    size = item_bytes(write)
    if size > MAX_ITEM_BYTES:
        raise InvalidWrite(f"an item has at most {MAX_ITEM_BYTES} bytes, not {size} as at {write.key.pk}")
    return size


def _check_condition(condition: object) -> None:
    if isinstance(condition, Version):
        number = condition.number
        if type(number) is not int or not 0 <= number < _COUNTER_BOUND:
            raise InvalidWrite("a version is an integer from 0 to 2**63 - 1")
    elif not isinstance(condition, Anything | Absent):
        raise InvalidWrite(f"expected a condition, not {type(condition).__name__}")


def _check_expiry(expires_at: object) -> None:
    if expires_at is None:
        return
    if type(expires_at) is not int or not 0 <= expires_at < _COUNTER_BOUND:
        raise InvalidWrite("expires_at is whole seconds since 1970")


def _key_bytes(key: Key) -> int:
    pk, sk = utf8_bytes(key.pk), utf8_bytes(key.sk)
    if not 1 <= pk <= MAX_PK_BYTES or not 1 <= sk <= MAX_SK_BYTES:
        raise InvalidWrite(f"a key has 1 to {MAX_PK_BYTES} bytes of pk and 1 to {MAX_SK_BYTES} bytes of sk")
    return pk + sk


def _value_bytes(value: object, levels_left: int) -> int:
    # This runs for every value that is written. Naming `dict` before `Mapping` spares nearly all of the slow check.
    if isinstance(value, str):
        return utf8_bytes(value)
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, int):
        return _integer_bytes(value)
    if levels_left == 0:
        raise InvalidWrite(f"a body nests at most {MAX_DEPTH} levels")
    if isinstance(value, dict | Mapping):
        return _mapping_bytes(value, levels_left - 1)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return 3 + sum([1 + _value_bytes(part, levels_left - 1) for part in value])
    raise InvalidWrite(f"a body holds text, integers, booleans, null, lists and mappings, not {type(value).__name__}")


def _mapping_bytes(mapping: Mapping[object, object], levels_left: int) -> int:
    size = 3
    for name, value in mapping.items():
        if not isinstance(name, str) or not name:
            raise InvalidWrite("a name in a body is a non-empty text")
        size += 1 + utf8_bytes(name) + _value_bytes(value, levels_left)
    return size


def _integer_bytes(value: int) -> int:
    if not -_NUMBER_BOUND < value < _NUMBER_BOUND:
        raise InvalidWrite("an integer in a body has at most 38 digits")
    # Two decimal digits a byte plus one; bit_length gives the digits without making a text of them.
    return value.bit_length() // 6 + 3
