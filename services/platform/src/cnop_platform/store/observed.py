"""A store whose calls are timed: one metric a call, and a log line with the request id for one that took long."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final

import structlog
from prometheus_client import Histogram

from cnop_platform.store.port import ConditionFailed, Item, Key, Page, Store, Write
from cnop_platform.system import monotonic

_SLOW_SECONDS: Final = 0.5

_log = structlog.get_logger()
_duration = Histogram(
    "cnop_store_call_duration_seconds",
    "Time from asking the store to its answer",
    ["call", "outcome"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
_CALLS: Final = ("get", "get_many", "query", "query_index", "transact")
for _call in _CALLS:
    _duration.labels(_call, "ok")


@contextmanager
def timed(call: str) -> Iterator[None]:
    """Measure one call, and log it when it took long."""
    began, outcome = monotonic(), "failed"
    try:
        yield
        outcome = "ok"
    except ConditionFailed:
        outcome = "conflict"
        raise
    finally:
        seconds = monotonic() - began
        _duration.labels(call, outcome).observe(seconds)
        if seconds > _SLOW_SECONDS:
            _log.warning("store_call_slow", call=call, outcome=outcome, duration_ms=round(seconds * 1000))


class ObservedStore:
    """`Store` around another one; `watch` is entered around each call, with its name."""

    def __init__(self, store: Store, *, watch: Callable[[str], AbstractContextManager[None]] = timed) -> None:
        self._store = store
        self._watch = watch

    async def get(self, key: Key) -> Item | None:
        """See `Store.get`."""
        with self._watch("get"):
            return await self._store.get(key)

    async def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        """See `Store.get_many`."""
        with self._watch("get_many"):
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
        with self._watch("query"):
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
        with self._watch("query_index"):
            return await self._store.query_index(pk, start=start, end=end, forward=forward, limit=limit, cursor=cursor)

    async def transact(self, writes: Sequence[Write]) -> None:
        """See `Store.transact`."""
        with self._watch("transact"):
            await self._store.transact(writes)

    def scan(self, *, prefix: str = "") -> AsyncIterator[Item]:
        """See `Store.scan`; it is an operator's walk, which nobody waits for."""
        return self._store.scan(prefix=prefix)

    async def ping(self) -> None:
        """See `Store.ping`."""
        await self._store.ping()

    async def close(self) -> None:
        """See `Store.close`."""
        await self._store.close()
