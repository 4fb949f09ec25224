"""What services and workers alike work with: store, Valkey, clock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Infrastructure:
    """What workers and services alike have."""

    store: Store
    cache: valkey.Valkey
    clock: Clock
    crashed: set[str] = field(default_factory=set)
    """The chores that crashed and wait to be started again."""

    def health(self) -> Health:
        """Return probes: without the store nothing works, without Valkey or a chore it works less well."""

        async def store_answers() -> bool:
            await self.store.ping()
            return True

        async def cache_answers() -> bool:
            return bool(await self.cache.ping())

        async def chores_run() -> bool:
            return not self.crashed

        return Health(required={"store": store_answers}, optional={"valkey": cache_answers, "chores": chores_run})


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
