"""A store in memory, for unit tests of whoever uses the port. It keeps every promise except to survive its process."""

from bisect import bisect_left
from collections.abc import AsyncIterator, Mapping, Sequence

from cnop_platform.store.codec import decode_body, encode_body
from cnop_platform.store.limits import check_writes, is_storable
from cnop_platform.store.paging import Span, check_keys, index_span, table_span
from cnop_platform.store.port import (
    Absent,
    Anything,
    ConditionFailed,
    Delete,
    Item,
    Key,
    Page,
    Put,
    StoreUnavailable,
    Version,
    Write,
)


class MemoryStore:
    """`Store` in a dictionary. Bodies are copied in and out, so that no test changes what is stored by accident."""

    def __init__(self) -> None:
        self._items: dict[Key, tuple[Item, str]] = {}
        self._partitions: dict[str, list[str]] = {}
        self._closed = False

    async def get(self, key: Key) -> Item | None:
        """See `Store.get`."""
        self._require_open()
        return self._read(key) if key in self._items else None

    async def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        """See `Store.get_many`."""
        self._require_open()
        check_keys(keys)
        return {key: self._read(key) for key in keys if key in self._items}

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
        self._require_open()
        span = table_span(pk, prefix=prefix, start=start, end=end, forward=forward, limit=limit)
        keys = [Key(pk, sk) for sk in self._partitions.get(pk, ()) if span.covers(sk)]
        return self._page(span, [self._items[key][0] for key in keys], cursor)

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
        """See `Store.query_index`."""
        self._require_open()
        span = index_span(pk, start=start, end=end, forward=forward, limit=limit)
        indexed = [item for item, _ in self._items.values() if item.index and item.index.pk == pk]
        return self._page(span, [item for item in indexed if item.index and span.covers(item.index.sk)], cursor)

    async def transact(self, writes: Sequence[Write]) -> None:
        """See `Store.transact`."""
        self._require_open()
        check_writes(writes)
        failed = [(index, write.key) for index, write in enumerate(writes) if not self._holds(write)]
        if failed:
            raise ConditionFailed(failed)
        for write in writes:
            self._apply(write)

    async def scan(self, *, prefix: str = "") -> AsyncIterator[Item]:
        """See `Store.scan`."""
        self._require_open()
        for key in sorted(key for key in self._items if key.pk.startswith(prefix)):
            if key in self._items:
                yield self._read(key)

    async def ping(self) -> None:
        """See `Store.ping`."""
        self._require_open()

    async def close(self) -> None:
        """See `Store.close`."""
        self._closed = True

    def _require_open(self) -> None:
        if self._closed:
            raise StoreUnavailable("the store is closed")

    def _read(self, key: Key) -> Item:
        item, body = self._items[key]
        return Item(item.key, item.version, decode_body(body), item.expires_at, item.index)

    def _page(self, span: Span, items: list[Item], cursor: str | None) -> Page:
        after = span.after(cursor) if cursor is not None else None
        if not is_storable(Key(span.pk, "-")):
            return Page((), None)
        items.sort(key=span.position, reverse=not span.forward)
        if after is not None:
            items = [
                item for item in items if (span.position(item) > after) == span.forward and span.position(item) != after
            ]
        kept = tuple(self._read(item.key) for item in items[: span.limit])
        return Page(kept, span.cursor_after(kept[-1]) if len(items) > span.limit else None)

    def _holds(self, write: Write) -> bool:
        stored = self._items.get(write.key)
        if isinstance(write.condition, Anything):
            return True
        if isinstance(write.condition, Version):
            return stored is not None and stored[0].version == write.condition.number
        return stored is None

    def _apply(self, write: Write) -> None:
        if isinstance(write, Put):
            self._put(write)
        elif isinstance(write, Delete) and not isinstance(write.condition, Absent) and write.key in self._items:
            del self._items[write.key]
            self._partitions[write.key.pk].remove(write.key.sk)

    def _put(self, put: Put) -> None:
        stored = self._items.get(put.key)
        if stored is None:
            partition = self._partitions.setdefault(put.key.pk, [])
            partition.insert(bisect_left(partition, put.key.sk), put.key.sk)
        version = stored[0].version + 1 if stored else 1
        # The body lives beside the item, as text: an item handed out must not share it.
        self._items[put.key] = (Item(put.key, version, {}, put.expires_at, put.index), encode_body(put.body))
