"""What services and workers alike work with: store, Valkey, clock, and coroutines that run in the background."""

import asyncio
from collections.abc import AsyncIterator, Collection, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
import valkey.asyncio as valkey

from cnop_core.clock import Clock
from cnop_platform.cache import CacheError, connect
from cnop_platform.health import Health
from cnop_platform.settings import CommonSettings
from cnop_platform.store import Store
from cnop_platform.store.observed import ObservedStore, timed
from cnop_platform.store.open import open_store
from cnop_platform.system import SystemClock
from cnop_platform.tracing import traced_calls

_log = structlog.get_logger()
_CANCEL_AGAIN_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Infrastructure:
    """What workers and services alike have."""

    store: Store
    cache: valkey.Valkey
    clock: Clock

    def health(self) -> Health:
        """Return probes: without the store nothing works, without Valkey it works less well."""

        async def store_answers() -> bool:
            await self.store.ping()
            return True

        async def cache_answers() -> bool:
            return bool(await self.cache.ping())

        return Health(required={"store": store_answers}, optional={"valkey": cache_answers})


@asynccontextmanager
async def infrastructure(settings: CommonSettings) -> AsyncIterator[Infrastructure]:
    """Connect store and Valkey, and close them afterwards."""
    watch = traced_calls(timed, system=urlsplit(settings.store).scheme)
    store = ObservedStore(await open_store(settings.store), watch=watch)
    cache = connect(settings.valkey_url.get_secret_value())
    try:
        yield Infrastructure(store=store, cache=cache, clock=SystemClock())
    finally:
        try:
            await cache.aclose()
        except CacheError:
            _log.warning("valkey_close_failed", host=urlsplit(settings.valkey_url.get_secret_value()).hostname)
        await store.close()


@asynccontextmanager
async def background(work: Sequence[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Run endless coroutines beside the body and cancel them after it; one that crashes is logged as an error."""
    tasks = [asyncio.create_task(each) for each in work]
    for task in tasks:
        task.add_done_callback(_report_crash)
    try:
        yield
    finally:
        await _cancel(tasks)


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel tasks until they have ended: a client library may take a cancellation for a failed call and go on."""
    pending: Collection[asyncio.Task[None]] = tasks
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_CANCEL_AGAIN_SECONDS)


def _report_crash(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("background_task_crashed", exc_info=error)
