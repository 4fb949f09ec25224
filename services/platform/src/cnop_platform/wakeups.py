"""Wake-ups: "this user's wallet changed", told over Valkey to whoever streams it.

A wake-up carries no data and may be lost; what changed is read from the ledger, and listeners also look by themselves
from time to time. So an announcement is never waited for, and while Valkey is away nothing but speed is lost.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog
import valkey.asyncio as valkey

from cnop_core.ids import UserId
from cnop_platform import strict_json
from cnop_platform.cache import CacheError, Subscription

WALLET_CHANNEL: Final = "cnop:wallet:changed"
_BATCH_SECONDS: Final = 0.02
_MOST_PENDING: Final = 10_000

_log = structlog.get_logger()


class WalletBell:
    """Announces changed wallets, all of one batch in a single message."""

    def __init__(self, cache: valkey.Valkey) -> None:
        self._cache = cache
        self._pending: set[UserId] = set()
        self._rung = asyncio.Event()

    def ring(self, user_id: UserId) -> None:
        """Announce soon that the user's wallet changed; never waits, never fails."""
        if len(self._pending) < _MOST_PENDING:
            self._pending.add(user_id)
        self._rung.set()

    async def run(self) -> None:
        """Send announcements until cancelled."""
        while True:
            await self._rung.wait()
            await asyncio.sleep(_BATCH_SECONDS)
            self._rung.clear()
            changed, self._pending = self._pending, set()
            try:
                await self._cache.publish(WALLET_CHANNEL, strict_json.dumps(sorted(changed)))
            except CacheError as error:
                _log.warning("wallet_bell_failed", reason=type(error).__name__)


class WalletEar:
    """Hears announcements and wakes those in this process who listen for a user."""

    def __init__(self, cache: valkey.Valkey) -> None:
        self._listeners: dict[UserId, set[asyncio.Event]] = {}
        self._subscription = Subscription(cache, [WALLET_CHANNEL], handle=self._receive, on_connect=self._wake_all)

    @property
    def connected(self) -> bool:
        """Whether announcements arrive now; if not, listeners should look for themselves more often."""
        return self._subscription.connected

    async def run(self) -> None:
        """Listen until cancelled."""
        await self._subscription.run()

    @contextmanager
    def listening(self, user_id: UserId) -> Iterator[asyncio.Event]:
        """Give an event that is set whenever the user's wallet may have changed; the listener clears it."""
        event = asyncio.Event()
        self._listeners.setdefault(user_id, set()).add(event)
        try:
            yield event
        finally:
            listeners = self._listeners[user_id]
            listeners.discard(event)
            if not listeners:
                del self._listeners[user_id]

    def count(self, user_id: UserId) -> int:
        """Return how many listen for this user."""
        return len(self._listeners.get(user_id, ()))

    async def _receive(self, _channel: str, data: bytes) -> None:
        try:
            changed = strict_json.loads(data)
        except strict_json.InvalidJson:
            changed = None
        if not isinstance(changed, list):
            _log.warning("wallet_announcement_malformed")
            return
        for user_id in changed:
            if isinstance(user_id, str):
                self._wake(UserId(user_id))

    async def _wake_all(self) -> None:
        for user_id in self._listeners:
            self._wake(user_id)

    def _wake(self, user_id: UserId) -> None:
        for event in self._listeners.get(user_id, ()):
            event.set()
