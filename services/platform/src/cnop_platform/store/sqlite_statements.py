"""Writes and queries as SQL. Only the shape of a statement is chosen here; every value is a parameter."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, TypeAlias, cast

from cnop_platform.store.codec import decode_body, encode_body
from cnop_platform.store.paging import Position, Span
from cnop_platform.store.port import Absent, Check, Condition, Delete, Item, Key, Put, Version, Write

Row: TypeAlias = tuple[str, str, int, str, int | None, str | None, str | None]

COLUMNS: Final = "pk, sk, version, body, expires_at, gsi1pk, gsi1sk"
GET: Final = f"SELECT {COLUMNS} FROM items WHERE pk = ? AND sk = ?"

_INSERT: Final = f"INSERT INTO items ({COLUMNS}) VALUES (?, ?, 1, ?, ?, ?, ?) ON CONFLICT (pk, sk) DO "
_PUT: Final = _INSERT + (
    "UPDATE SET version = version + 1, body = excluded.body, expires_at = excluded.expires_at, "
    "gsi1pk = excluded.gsi1pk, gsi1sk = excluded.gsi1sk"
)
_PUT_ABSENT: Final = _INSERT + "NOTHING"
_PUT_VERSION: Final = (
    "UPDATE items SET version = version + 1, body = ?, expires_at = ?, gsi1pk = ?, gsi1sk = ? "
    "WHERE pk = ? AND sk = ? AND version = ?"
)
_DELETE: Final = "DELETE FROM items WHERE pk = ? AND sk = ?"
_DELETE_VERSION: Final = f"{_DELETE} AND version = ?"
_EXISTS: Final = "SELECT 1 FROM items WHERE pk = ? AND sk = ?"
_EXISTS_VERSION: Final = f"{_EXISTS} AND version = ?"


class Holds(Enum):
    """When the condition of a write held, read off its statement's outcome."""

    ALWAYS = auto()
    ROW_CHANGED = auto()
    ROW_FOUND = auto()
    NO_ROW_FOUND = auto()


@dataclass(frozen=True, slots=True)
class Statement:
    """One write, ready to be executed."""

    key: Key
    sql: str
    parameters: tuple[object, ...]
    holds: Holds

    def execute(self, cursor: sqlite3.Cursor) -> bool:
        """Execute the write and tell whether its condition held."""
        cursor.execute(self.sql, self.parameters)
        if self.holds is Holds.ALWAYS:
            return True
        if self.holds is Holds.ROW_CHANGED:
            return cursor.rowcount == 1
        return bool(cursor.fetchall()) == (self.holds is Holds.ROW_FOUND)


def compile_write(write: Write) -> Statement:
    """Turn one checked write into its statement."""
    if isinstance(write, Put):
        return _compile_put(write)
    if isinstance(write, Delete) and not isinstance(write.condition, Absent):
        return _compile_delete(write.key, write.condition)
    # Deleting what must be absent changes nothing: it is the same as checking.
    return _compile_check(write)


def compile_query(span: Span, *, after: Position | None, limit: int) -> tuple[str, tuple[object, ...]]:
    """Return the statement that reads the next `limit` items of `span`, and its parameters."""
    partition, order = ("pk", ("sk",)) if span.source == "table" else ("gsi1pk", ("gsi1sk", "pk", "sk"))
    terms, parameters = [f"{partition} = ?", f"{order[0]} >= ?"], [span.pk, span.lower]
    if span.upper is not None:
        terms.append(f"{order[0]} {'<=' if span.upper_inclusive else '<'} ?")
        parameters.append(span.upper)
    if after is not None:
        terms.append(f"({', '.join(order)}) {'>' if span.forward else '<'} ({', '.join('?' * len(order))})")
        parameters.extend(after)
    direction = "ASC" if span.forward else "DESC"
    ordering = ", ".join(f"{column} {direction}" for column in order)
    sql = f"SELECT {COLUMNS} FROM items WHERE {' AND '.join(terms)} ORDER BY {ordering} LIMIT ?"
    return sql, (*parameters, limit)


def to_item(row: Row) -> Item:
    """Build the item of a row."""
    pk, sk, version, body, expires_at, index_pk, index_sk = row
    index = None if index_pk is None or index_sk is None else Key(index_pk, index_sk)
    return Item(Key(pk, sk), version, decode_body(body), expires_at, index)


def to_items(rows: Sequence[object]) -> tuple[Item, ...]:
    """Build the items of rows as the driver returns them."""
    return tuple(to_item(cast(Row, row)) for row in rows)


def _compile_put(put: Put) -> Statement:
    index_pk, index_sk = put.index or (None, None)
    content = (encode_body(put.body), put.expires_at, index_pk, index_sk)
    if isinstance(put.condition, Version):
        return Statement(put.key, _PUT_VERSION, (*content, *put.key, put.condition.number), Holds.ROW_CHANGED)
    if isinstance(put.condition, Absent):
        return Statement(put.key, _PUT_ABSENT, (*put.key, *content), Holds.ROW_CHANGED)
    return Statement(put.key, _PUT, (*put.key, *content), Holds.ALWAYS)


def _compile_delete(key: Key, condition: Condition) -> Statement:
    if isinstance(condition, Version):
        return Statement(key, _DELETE_VERSION, (*key, condition.number), Holds.ROW_CHANGED)
    return Statement(key, _DELETE, tuple(key), Holds.ALWAYS)


def _compile_check(write: Check | Delete) -> Statement:
    if isinstance(write.condition, Version):
        return Statement(write.key, _EXISTS_VERSION, (*write.key, write.condition.number), Holds.ROW_FOUND)
    return Statement(write.key, _EXISTS, tuple(write.key), Holds.NO_ROW_FOUND)
