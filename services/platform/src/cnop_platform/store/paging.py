"""Which items a query covers, and where a page of it ended.

A cursor holds a position and a fingerprint of the query that made it. It is not secret and needs no key: the partition
and the range always come from the caller's query, never from the cursor, so the worst a forged one does is to start
elsewhere in the same range. The fingerprint turns a cursor of another query, or a damaged one, into an error.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from cnop_platform.store.limits import MAX_SK_BYTES, is_storable, utf8_bytes
from cnop_platform.store.port import MAX_KEYS, MAX_PAGE, InvalidCursor, InvalidQuery, InvalidWrite, Item, Key

Position: TypeAlias = tuple[str, ...]
"""What orders an item: (sk,) in a partition; (index sk, pk, sk) in the index, where sort keys may repeat."""

_FINGERPRINT_BYTES: Final = 9
_MAX_CURSOR_LENGTH: Final = 12_000


@dataclass(frozen=True, slots=True)
class Span:
    """The part of one partition that a query covers, and its direction."""

    source: Literal["table", "index"]
    pk: str
    lower: str
    """Inclusive; empty for no bound, since it sorts before every sort key."""
    upper: str | None
    upper_inclusive: bool
    prefix: str
    forward: bool
    limit: int

    @property
    def is_empty(self) -> bool:
        """Whether no sort key can lie in the range."""
        if self.upper is None:
            return False
        return not self.upper or self.lower > self.upper or (self.lower == self.upper and not self.upper_inclusive)

    def covers(self, sort_key: str) -> bool:
        """Tell whether `sort_key` lies in the range."""
        if sort_key < self.lower:
            return False
        if self.upper is None:
            return True
        return sort_key <= self.upper if self.upper_inclusive else sort_key < self.upper

    def position(self, item: Item) -> Position:
        """Return where `item` stands in the order of this query."""
        if self.source == "table":
            return (item.key.sk,)
        if item.index is None:
            raise AssertionError("an item of the index has an index key")
        return (item.index.sk, item.key.pk, item.key.sk)

    def cursor_after(self, item: Item) -> str:
        """Return the cursor of a page whose last item is `item`."""
        return self.cursor_at(self.position(item))

    def cursor_at(self, position: Position) -> str:
        """Return the cursor of a page that ended at `position`."""
        payload = json.dumps(position, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._fingerprint(position) + payload).rstrip(b"=").decode()

    def after(self, cursor: str) -> Position:
        """Return the position that `cursor` stands for; one of another query raises `InvalidCursor`."""
        raw = _decode_base64(cursor)
        fingerprint, payload = raw[:_FINGERPRINT_BYTES], raw[_FINGERPRINT_BYTES:]
        position = _decode_position(payload, parts=1 if self.source == "table" else 3)
        if fingerprint != self._fingerprint(position) or not self._holds(position):
            raise _invalid_cursor()
        return position

    def _holds(self, position: Position) -> bool:
        return self.covers(position[0]) and all(is_storable(key) for key in self.keys_at(position))

    def keys_at(self, position: Position) -> tuple[Key, ...]:
        """Return the keys that make up a position: the item's, and before it the one in the index when that is read."""
        if self.source == "table":
            return (Key(self.pk, position[0]),)
        return (Key(self.pk, position[0]), Key(position[1], position[2]))

    def _fingerprint(self, position: Position) -> bytes:
        query = [self.source, self.pk, self.lower, self.upper, self.upper_inclusive, self.forward, *position]
        return hashlib.sha256(json.dumps(query).encode()).digest()[:_FINGERPRINT_BYTES]


def table_span(pk: str, *, prefix: str, start: str | None, end: str | None, forward: bool, limit: int) -> Span:
    """Describe a query of a partition; contradictory or unusable arguments raise `InvalidQuery`."""
    _check_limit(limit)
    _check_bounds(prefix, start, end)
    if prefix and (start is not None or end is not None):
        raise InvalidQuery("a query takes a prefix or a range, not both")
    if prefix:
        return Span("table", pk, prefix, prefix_end(prefix), False, prefix, forward, limit)
    return Span("table", pk, start or "", end, True, "", forward, limit)


def index_span(pk: str, *, start: str | None, end: str | None, forward: bool, limit: int) -> Span:
    """Describe a query of the index; unusable arguments raise `InvalidQuery`."""
    _check_limit(limit)
    _check_bounds(start, end)
    return Span("index", pk, start or "", end, True, "", forward, limit)


def check_keys(keys: Sequence[Key]) -> None:
    """Raise `InvalidQuery` for more keys than one read takes."""
    if len(keys) > MAX_KEYS:
        raise InvalidQuery(f"one read takes at most {MAX_KEYS} keys, not {len(keys)}")


def prefix_end(prefix: str) -> str | None:
    """Return the first text after all that start with `prefix`; None when there is none."""
    for length in range(len(prefix), 0, -1):
        following = ord(prefix[length - 1]) + 1
        if 0xD800 <= following <= 0xDFFF:
            following = 0xE000
        if following <= 0x10FFFF:
            return prefix[: length - 1] + chr(following)
    return None


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidQuery(f"a page has 1 to {MAX_PAGE} items, not {limit}")


def _check_bounds(*bounds: str | None) -> None:
    for bound in bounds:
        if bound is None:
            continue
        if not _has_utf8(bound):
            raise InvalidQuery("a bound with a lone surrogate has no UTF-8 form")
        if utf8_bytes(bound) > MAX_SK_BYTES:
            raise InvalidQuery(f"a bound has at most {MAX_SK_BYTES} bytes")


def _decode_base64(cursor: str) -> bytes:
    if len(cursor) > _MAX_CURSOR_LENGTH:
        raise _invalid_cursor()
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise _invalid_cursor() from error


def _decode_position(payload: bytes, *, parts: int) -> Position:
    try:
        position = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise _invalid_cursor() from error
    if not isinstance(position, list) or len(position) != parts:
        raise _invalid_cursor()
    if not all(isinstance(part, str) for part in position):
        raise _invalid_cursor()
    return tuple(position)


def _has_utf8(text: str) -> bool:
    try:
        utf8_bytes(text)
    except InvalidWrite:
        return False
    return True


def _invalid_cursor() -> InvalidCursor:
    return InvalidCursor("the cursor was not made by this query; start again without one")
