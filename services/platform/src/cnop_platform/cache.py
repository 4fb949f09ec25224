"""Valkey: fast, shared, and never the truth. Every use states what happens while it is away."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
import valkey.asyncio as valkey
from valkey.asyncio.client import PubSub
from valkey.exceptions import ValkeyError

from cnop_core.errors import CnopError

_log = structlog.get_logger()
_TIMEOUT_SECONDS: Final = 1.0
_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 2.0
_POLL_SECONDS: Final = 0.5

CacheError = (ValkeyError, OSError, asyncio.TimeoutError)
"""What a call raises while Valkey is away."""

_TLS: Final[dict[str, Any]] = {
    "ssl_cert_reqs": "required",
    # The client's own default believes any certificate that some authority signed, whoever it was issued to.
    "ssl_check_hostname": True,
    "ssl_min_version": ssl.TLSVersion.TLSv1_2,
}

Handler = Callable[[str, bytes], Awaitable[None]]


def connect(url: str) -> valkey.Valkey:
    """Return a client that fails within a second instead of waiting; nothing connects before the first call.

    `valkeys://` is TLS, by a certificate that names the host, of an authority of the system or of `?ssl_ca_certs=FILE`.
    """
    client: valkey.Valkey = valkey.Valkey.from_url(
        url,
        socket_timeout=_TIMEOUT_SECONDS,
        socket_connect_timeout=_TIMEOUT_SECONDS,
        health_check_interval=5,
        max_connections=50,
        **(_TLS if urlsplit(url).scheme == "valkeys" else {}),
    )
    return client


class Subscription:
    """Listens to channels for as long as the process lives, reconnecting with back-off.

    `on_connect` runs after each (re)subscription, before any message is handled, so that what was missed can be
    loaded from the store without a gap. When it or `handle` raises an expected failure (the store is away), the
    subscription starts over, so it never ends by itself. `connected` tells whether messages arrive now.
    """

    def __init__(
        self,
        client: valkey.Valkey,
        channels: Sequence[str],
        *,
        handle: Handler,
        on_connect: Callable[[], Awaitable[None]],
    ) -> None:
        self._client = client
        self._channels = tuple(channels)
        self._handle = handle
        self._on_connect = on_connect
        self.connected = False

    async def run(self) -> None:
        """Listen until cancelled."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                async with self._subscribed() as pubsub:
                    await self._on_connect()
                    self.connected, pause = True, _FIRST_PAUSE_SECONDS
                    await self._listen(pubsub)
            except (*CacheError, CnopError) as error:
                if _is_cancelled():
                    # A driver that closes a connection may report the cancellation as a lost connection.
                    raise asyncio.CancelledError from error
                _log.warning("subscription_lost", channels=self._channels, reason=type(error).__name__)
            finally:
                self.connected = False
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    @asynccontextmanager
    async def _subscribed(self) -> AsyncIterator[PubSub]:
        pubsub = self._client.pubsub(ignore_subscribe_messages=True)
        try:
            await pubsub.subscribe(*self._channels)
            yield pubsub
        finally:
            await pubsub.aclose()  # type: ignore[no-untyped-call]  # untyped in valkey

    async def _listen(self, pubsub: PubSub) -> None:
        while True:
            message = await pubsub.get_message(timeout=_POLL_SECONDS)
            if message is not None and message["type"] == "message":
                await self._handle(message["channel"].decode(), message["data"])


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
