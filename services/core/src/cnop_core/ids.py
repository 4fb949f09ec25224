"""Typed identifiers, and prefixed ULIDs: sortable by creation time, 80 random bits."""

from collections.abc import Callable
from datetime import datetime
from typing import NewType

from cnop_core.clock import epoch_ms, from_epoch_ms

UserId = NewType("UserId", str)
OrderId = NewType("OrderId", str)
AssetId = NewType("AssetId", str)
TransactionId = NewType("TransactionId", str)
SessionId = NewType("SessionId", str)
TokenId = NewType("TokenId", str)

Entropy = Callable[[int], bytes]
"""Returns that many unpredictable bytes."""

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID_LENGTH = 26


def ulid(*, now: datetime, entropy: Entropy) -> str:
    """Return a 26-character ULID: 48 bits of milliseconds, then 80 random bits (github.com/ulid/spec)."""
    value = (epoch_ms(now) << 80) | int.from_bytes(entropy(10), "big")
    return "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(5 * (_ULID_LENGTH - 1), -1, -5))


def ulid_time(text: str) -> datetime:
    """Return the creation time in a ULID, UTC. Raises `ValueError` when the text is not one."""
    if len(text) != _ULID_LENGTH or not set(text) <= set(_CROCKFORD):
        raise ValueError("expected 26 characters of Crockford's base 32")
    value = 0
    for character in text:
        value = value * 32 + _CROCKFORD.index(character)
    return from_epoch_ms(value >> 80)


def prefixed_id(prefix: str, *, now: datetime, entropy: Entropy) -> str:
    """Return `<prefix>_<ulid>`, for example `ord_01J…`."""
    return f"{prefix}_{ulid(now=now, entropy=entropy)}"
