"""A lease in Valkey, so that of several replicas of a worker only one works. It saves work and guarantees nothing.

A process may pause past its lease, and while Valkey is away nobody can hold one: then every replica works. So what the
work writes must be right even when it is done twice at once.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import structlog
import valkey.asyncio as valkey

from cnop_platform.cache import CacheError
from cnop_platform.system import monotonic

_log = structlog.get_logger()
_RENEWALS: Final = 3

_CLAIM: Final = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_RELEASE: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


class Lease:
    """One replica's claim to do the work called `name`; `holder` must differ between replicas."""

    def __init__(
        self,
        cache: valkey.Valkey,
        *,
        name: str,
        holder: str,
        ttl_seconds: float = 5.0,
        elapsed: Callable[[], float] = monotonic,
    ) -> None:
        self._cache = cache
        self._key = f"cnop:lease:{name}"
        self._holder = holder
        self._ttl_seconds = ttl_seconds
        self._elapsed = elapsed
        self._may_work_until = float("-inf")
        self._may_work = False
        self._changed = asyncio.Condition()

    @property
    def may_work(self) -> bool:
        """Whether to work now: this replica holds the lease, or Valkey is away and nobody can."""
        return self._may_work and self._elapsed() < self._may_work_until

    async def run(self) -> None:
        """Claim and renew until cancelled, then let go, so that another replica takes over at once."""
        try:
            while True:
                await self._claim()
                await asyncio.sleep(self._ttl_seconds / _RENEWALS)
        finally:
            self._may_work = False
            with suppress(*CacheError):
                await self._script(_RELEASE)

    async def wait_until(self, *, may_work: bool) -> None:
        """Return when this replica may work, or when it no longer may."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._may_work == may_work)

    async def _claim(self) -> None:
        # Counted from before the call: Valkey starts counting later, so this side lets go first.
        started = self._elapsed()
        try:
            granted = bool(await self._script(_CLAIM, int(self._ttl_seconds * 1000)))
        except CacheError as error:
            _log.warning("lease_unknown", key=self._key, reason=type(error).__name__)
            granted = True
        self._may_work_until = started + self._ttl_seconds
        if granted != self._may_work:
            _log.info("lease_gained" if granted else "lease_lost", key=self._key)
            await self._set(granted)

    async def _script(self, text: str, *more: int) -> Any:
        return await self._cache.execute_command(  # type: ignore[no-untyped-call]  # untyped in valkey
            "EVAL", text, 1, self._key, self._holder, *more
        )

    async def _set(self, may_work: bool) -> None:
        self._may_work = may_work
        async with self._changed:
            self._changed.notify_all()
