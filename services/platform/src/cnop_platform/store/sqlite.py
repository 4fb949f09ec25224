"""The embedded store: one SQLite file, shared safely by the processes of one machine.

Reads take a connection of their own. In WAL mode a read never waits for a commit, so a point read runs right where it
is asked for: a few microseconds, where a hop to a thread costs a hundred. A large page and a scan run in a thread, so
that they hold up nobody else.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from cnop_platform.store.limits import check_writes, is_storable
from cnop_platform.store.paging import Position, Span, check_keys, index_span, prefix_end, table_span
from cnop_platform.store.port import Item, Key, Page, StoreUnavailable, Write
from cnop_platform.store.sqlite_schema import connect, create
from cnop_platform.store.sqlite_statements import COLUMNS, GET, compile_query, compile_write, to_items
from cnop_platform.store.sqlite_sweeper import Sweeper
from cnop_platform.store.sqlite_writer import Writer

_BUSY_TIMEOUT_SECONDS: Final = 5.0
_INLINE_ITEMS: Final = 100
"""Pages up to this size are read on the event loop: about a millisecond at most."""
_SCAN_ITEMS: Final = 500


class Reader:
    """A read connection that several threads may ask in turn."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path, busy_timeout_seconds=_BUSY_TIMEOUT_SECONDS, read_only=True)
        self._lock = threading.Lock()

    def read(self, sql: str, parameters: Sequence[object]) -> tuple[Item, ...]:
        """Return the items of a statement, as of one instant."""
        try:
            with self._lock:
                # fetchall also ends the read transaction, so that it cannot keep the log from being checkpointed.
                rows = self._connection.execute(sql, tuple(parameters)).fetchall()
        except sqlite3.Error as error:
            raise StoreUnavailable(f"the store could not read: {error}") from error
        return to_items(rows)

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._connection.close()


class SqliteStore:
    """`Store` on a SQLite file. Make one with `open`, inside or outside of an event loop."""

    def __init__(self, path: Path, *, write_timeout_seconds: float, now_seconds: Callable[[], float]) -> None:
        create(path, busy_timeout_seconds=_BUSY_TIMEOUT_SECONDS)
        self._writer = Writer(path, timeout_seconds=write_timeout_seconds)
        self._inline = Reader(path)
        self._bulk = Reader(path)
        self._sweeper = Sweeper(self._writer, self._bulk.read, now_seconds=now_seconds)
        self._closed = False

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        write_timeout_seconds: float = 5.0,
        now_seconds: Callable[[], float] = time.time,
    ) -> "SqliteStore":
        """Open the store at `path`; a missing one is created, with mode 0600. Raises `StoreUnavailable`.

        A transaction waits up to `write_timeout_seconds` for other processes. `now_seconds` gives the epoch time.
        """
        return cls(Path(path), write_timeout_seconds=write_timeout_seconds, now_seconds=now_seconds)

    async def get(self, key: Key) -> Item | None:
        """See `Store.get`."""
        if not is_storable(key):
            return None
        found = self._inline.read(GET, key)
        return found[0] if found else None

    async def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        """See `Store.get_many`."""
        check_keys(keys)
        return {item.key: item for key in keys if is_storable(key) for item in self._inline.read(GET, key)}

    async def query(
        self,
        pk: str,
        *,
        prefix: str = "",
        start: str | None = None,
        end: str | None = None,
        forward: bool = True,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        """See `Store.query`."""
        return await self._page(
            table_span(pk, prefix=prefix, start=start, end=end, forward=forward, limit=limit), cursor
        )

    async def query_index(
        self,
        pk: str,
        *,
        start: str | None = None,
        end: str | None = None,
        forward: bool = True,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        """See `Store.query_index`; here it is strongly consistent."""
        return await self._page(index_span(pk, start=start, end=end, forward=forward, limit=limit), cursor)

    async def transact(self, writes: Sequence[Write]) -> None:
        """See `Store.transact`."""
        self._sweeper.start()
        check_writes(writes)
        await self._writer.commit([compile_write(write) for write in writes])

    async def scan(self, *, prefix: str = "") -> AsyncIterator[Item]:
        """See `Store.scan`."""
        upper = prefix_end(prefix)
        bound, bound_parameter = ("", ()) if upper is None else (" AND pk < ?", (upper,))
        sql = f"SELECT {COLUMNS} FROM items WHERE (pk, sk) > (?, ?){bound} ORDER BY pk, sk LIMIT ?"
        last = Key(prefix, "")
        while True:
            items = await asyncio.to_thread(self._bulk.read, sql, (*last, *bound_parameter, _SCAN_ITEMS))
            for item in items:
                yield item
            if len(items) < _SCAN_ITEMS:
                return
            last = items[-1].key

    async def ping(self) -> None:
        """See `Store.ping`."""
        self._inline.read(GET, ("PING", "PING"))

    async def close(self) -> None:
        """See `Store.close`. Closing twice is fine."""
        if self._closed:
            return
        self._closed = True
        await self._sweeper.stop()
        await asyncio.to_thread(self._writer.close)
        self._inline.close()
        self._bulk.close()

    async def _page(self, span: Span, cursor: str | None) -> Page:
        after = span.after(cursor) if cursor is not None else None
        if span.is_empty or not is_storable(Key(span.pk, "-")):
            return Page((), None)
        # One more than asked for tells whether there is a next page.
        items = await self._read_span(span, after)
        if len(items) <= span.limit:
            return Page(items, None)
        kept = items[: span.limit]
        return Page(kept, span.cursor_after(kept[-1]))

    async def _read_span(self, span: Span, after: Position | None) -> tuple[Item, ...]:
        sql, parameters = compile_query(span, after=after, limit=span.limit + 1)
        if span.limit <= _INLINE_ITEMS:
            return self._inline.read(sql, parameters)
        return await asyncio.to_thread(self._bulk.read, sql, parameters)
