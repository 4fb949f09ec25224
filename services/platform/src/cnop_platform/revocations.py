"""Ended sessions, and tokens that ended before their session, known at once in every process.

The truth is an item per ended session or token in the store, kept as long as such a token could live. Each process
holds them all in memory: loaded after every (re)connection, then announced over Valkey by the user service, whose
replicas also send a heartbeat every second. Without heartbeats (Valkey away, a publisher silent) the store is asked
for each request. What ended lately is also read from the store every two seconds whatever the heartbeats say: a
replica that is cut off from Valkey may end a session while others are heard. So a revocation never depends on Valkey.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
import valkey.asyncio as valkey

from cnop_core.clock import Clock, to_rfc3339
from cnop_core.errors import CnopError
from cnop_core.ids import SessionId, TokenId
from cnop_platform import strict_json
from cnop_platform.cache import CacheError, Subscription
from cnop_platform.chores import background
from cnop_platform.store import Key, Page, Put, Store
from cnop_platform.system import monotonic

REVOCATION_CHANNEL: Final = "cnop:revocations"
HEARTBEAT_CHANNEL: Final = "cnop:heartbeat"
_PARTITION: Final = "REVOKED"
_BY_TIME: Final = "REVOKED-AT"
_HEARTBEAT_SECONDS: Final = 1.0
_SILENCE_SECONDS: Final = 2.0
_TIDY_SECONDS: Final = 2.0
_BEHIND_SECONDS: Final = 6.0
_OVERLAP: Final = timedelta(seconds=60)
"""How far clocks may differ and the store's index may lag behind: each reading looks back that much further."""
_LEEWAY_SECONDS: Final = 60

_log = structlog.get_logger()


def revocation_put(ended: SessionId | TokenId, *, ended_at: datetime, token_expires_at: int) -> Put:
    """Return the write that ends a session or token; it matters until `token_expires_at` (epoch seconds)."""
    return Put(
        Key(_PARTITION, ended),
        {"expires_at": token_expires_at + _LEEWAY_SECONDS},
        expires_at=token_expires_at + _LEEWAY_SECONDS,
        index=Key(_BY_TIME, f"{to_rfc3339(ended_at)}#{ended}"),
    )


class RevocationView:
    """What one process knows about ended sessions."""

    def __init__(
        self, *, store: Store, cache: valkey.Valkey, clock: Clock, elapsed: Callable[[], float] = monotonic
    ) -> None:
        self._store = store
        self._clock = clock
        self._elapsed = elapsed
        self._ended: dict[str, int] = {}
        self._publishers: dict[str, float] = {}
        self._read_until = clock.now()
        self._read_at = elapsed()
        self._subscription = Subscription(
            cache, [REVOCATION_CHANNEL, HEARTBEAT_CHANNEL], handle=self._receive, on_connect=self._load
        )

    async def run(self) -> None:
        """Keep the view current until cancelled."""
        async with background([self._tidy]):
            await self._subscription.run()

    @property
    def is_current(self) -> bool:
        """Whether memory alone can be trusted: connected, every known publisher heard of, the store read lately."""
        now = self._elapsed()
        heard = self._publishers.values()
        return (
            self._subscription.connected
            and bool(heard)
            and all(now - at <= _SILENCE_SECONDS for at in heard)
            and now - self._read_at <= _BEHIND_SECONDS
        )

    async def is_ended(self, *held: SessionId | TokenId) -> bool:
        """Tell whether one of these was ended, asking the store when memory may be behind."""
        if any(each in self._ended for each in held):
            return True
        if self.is_current:
            return False
        return bool(await self._store.get_many([Key(_PARTITION, each) for each in held]))

    def add(self, ended: SessionId | TokenId, *, expires_at: int) -> None:
        """Make the view know of an end that this process itself just wrote."""
        self._ended[ended] = expires_at

    async def _load(self) -> None:
        """Read every ended session, strongly consistent."""
        began = self._clock.now()
        cursor = None
        while True:
            page = await self._store.query(_PARTITION, limit=1000, cursor=cursor)
            cursor = self._learn(page)
            if cursor is None:
                break
        self._was_read(until=began)

    async def _catch_up(self) -> None:
        """Read what ended since the last reading: one small query, also when it finds nothing."""
        began = self._clock.now()
        since = to_rfc3339(self._read_until - _OVERLAP)
        cursor = None
        while True:
            page = await self._store.query_index(_BY_TIME, start=since, limit=1000, cursor=cursor)
            cursor = self._learn(page)
            if cursor is None:
                break
        self._was_read(until=began)

    def _learn(self, page: Page) -> str | None:
        self._ended.update((item.key.sk, item.expires_at or 0) for item in page.items)
        return page.cursor

    def _was_read(self, *, until: datetime) -> None:
        self._read_until, self._read_at = until, self._elapsed()

    async def _receive(self, channel: str, data: bytes) -> None:
        try:
            message = strict_json.loads(data)
            if channel == HEARTBEAT_CHANNEL:
                self._publishers[str(message["publisher"])] = self._elapsed()
            else:
                self._ended.update((str(sid), int(expires_at)) for sid, expires_at in message["sessions"].items())
        except (ValueError, KeyError, TypeError, AttributeError):
            _log.warning("revocation_message_malformed", channel=channel)

    async def _tidy(self) -> None:
        while True:
            await asyncio.sleep(_TIDY_SECONDS)
            now = int(self._clock.now().timestamp())
            self._ended = {sid: at for sid, at in self._ended.items() if at > now}
            try:
                await self._catch_up()
                await self._forget_silent_publishers()
            except CnopError as error:
                _log.warning("revocations_not_read_again", reason=type(error).__name__)

    async def _forget_silent_publishers(self) -> None:
        oldest = self._elapsed() - _SILENCE_SECONDS
        silent = [name for name, at in self._publishers.items() if at < oldest]
        if silent and self._subscription.connected:
            # A publisher may have died between its commit and its announcement: read what it left in the store.
            await self._load()
            for name in silent:
                self._publishers.pop(name, None)


class RevocationPublisher:
    """Announces ended sessions; holds its heartbeat back while an announcement is still unsent."""

    def __init__(self, *, cache: valkey.Valkey, name: str) -> None:
        self._cache = cache
        self._name = name
        self._unsent: dict[str, int] = {}

    async def announce(self, sessions: Sequence[SessionId | TokenId], *, expires_at: int) -> None:
        """Tell every process at once; while Valkey is away it returns quickly and the store speaks instead."""
        self._unsent.update(dict.fromkeys(sessions, expires_at))
        await self._flush()

    async def run(self) -> None:
        """Send heartbeats until cancelled."""
        while True:
            if await self._flush():
                await self._publish(HEARTBEAT_CHANNEL, {"publisher": self._name})
            await asyncio.sleep(_HEARTBEAT_SECONDS)

    async def _flush(self) -> bool:
        pending = dict(self._unsent)
        if pending and not await self._publish(REVOCATION_CHANNEL, {"sessions": pending}):
            return False
        for session_id in pending:
            self._unsent.pop(session_id, None)
        return not self._unsent

    async def _publish(self, channel: str, message: dict[str, object]) -> bool:
        try:
            await self._cache.publish(channel, strict_json.dumps(message))
        except CacheError as error:
            _log.warning("revocation_publish_failed", channel=channel, reason=type(error).__name__)
            return False
        return True
