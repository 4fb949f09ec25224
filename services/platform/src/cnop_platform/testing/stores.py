"""Pytest fixtures that give an empty store, and a wrapper that fails on demand.

Import the fixtures in a `conftest.py`: `from cnop_platform.testing.stores import memory_store, sqlite_store`.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest_asyncio

from cnop_platform.store import Item, Key, Page, Store, StoreUnavailable, Write
from cnop_platform.store.memory import MemoryStore
from cnop_platform.store.sqlite import SqliteStore

__all__ = ["UnreliableStore", "memory_store", "sqlite_store"]


@pytest_asyncio.fixture
async def memory_store() -> AsyncIterator[MemoryStore]:
    """Give an empty store that lives as long as the test."""
    store = MemoryStore()
    yield store
    await store.close()


@pytest_asyncio.fixture
async def sqlite_store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """Give an empty store in the test's own folder."""
    store = SqliteStore.open(tmp_path / "store.db")
    yield store
    await store.close()


class UnreliableStore:
    """A store whose next transactions fail when told to, before or after they took effect."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._refusals = 0
        self._lost_answers = 0
        self.transactions = 0
        """How many transactions were asked for, failed ones included."""

    def refuse_next(self, count: int = 1) -> None:
        """Let the next `count` transactions raise `StoreUnavailable` without effect."""
        self._refusals = count

    def lose_next_answer(self, count: int = 1) -> None:
        """Let the next `count` transactions take effect and raise `StoreUnavailable` all the same."""
        self._lost_answers = count

    async def transact(self, writes: Sequence[Write]) -> None:
        """See `Store.transact`."""
        self.transactions += 1
        if self._refusals:
            self._refusals -= 1
            raise StoreUnavailable("refused by the test")
        await self._store.transact(writes)
        if self._lost_answers:
            self._lost_answers -= 1
            raise StoreUnavailable("the answer was lost by the test")

    async def get(self, key: Key) -> Item | None:
        """See `Store.get`."""
        return await self._store.get(key)

    async def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        """See `Store.get_many`."""
        return await self._store.get_many(keys)

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
        return await self._store.query(
            pk, prefix=prefix, start=start, end=end, forward=forward, limit=limit, cursor=cursor
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
        """See `Store.query_index`."""
        return await self._store.query_index(pk, start=start, end=end, forward=forward, limit=limit, cursor=cursor)

    def scan(self, *, prefix: str = "") -> AsyncIterator[Item]:
        """See `Store.scan`."""
        return self._store.scan(prefix=prefix)

    async def ping(self) -> None:
        """See `Store.ping`."""
        await self._store.ping()

    async def close(self) -> None:
        """See `Store.close`."""
        await self._store.close()
