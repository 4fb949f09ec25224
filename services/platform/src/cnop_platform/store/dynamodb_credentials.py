"""AWS credentials from botocore's chain: environment, profile, web identity (IRSA), Pod Identity, instance role.

botocore blocks while it asks another service, so that happens in a thread, and ahead of time: a request waits for new
credentials only when the old ones are about to expire.
"""

import asyncio
import logging
import time
from typing import Any, Final

from aiodynamo.credentials import Credentials, Key
from aiodynamo.http.types import HttpImplementation
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

_SOON_SECONDS: Final = 15 * 60
"""With less left than this, new credentials are fetched beside the requests."""
_NOW_SECONDS: Final = 60
"""With less left than this, a request waits for new ones."""
_WAIT_SECONDS: Final = 2.0
_PAUSE_AFTER_FAILURE_SECONDS: Final = 10.0

_log = logging.getLogger(__name__)


class BotocoreCredentials(Credentials):
    """Gives aiodynamo the keys that botocore finds."""

    def __init__(self) -> None:
        self._source: Any = None
        self._key: Key | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self._not_before = 0.0

    async def get_key(self, http: HttpImplementation) -> Key | None:  # noqa: ARG002 - botocore has its own
        """Return a key that is valid now, or None when the chain finds none. Raises `TimeoutError`."""
        if self._key is None or self._expires_within(_NOW_SECONDS):
            async with asyncio.timeout(_WAIT_SECONDS):
                await asyncio.shield(self._refresh())
        elif self._expires_within(_SOON_SECONDS) and time.monotonic() >= self._not_before:
            self._refresh()
        return self._key

    def invalidate(self) -> bool:
        """Forget the key, since DynamoDB said that it expired; the next request walks the chain anew."""
        self._source = self._key = None
        return True

    def is_disabled(self) -> bool:
        """Return False: whether the chain finds something can change."""
        return False

    def _expires_within(self, seconds: int) -> bool:
        needed = getattr(self._source, "refresh_needed", None)
        return needed is not None and bool(needed(seconds))

    def _refresh(self) -> "asyncio.Task[None]":
        """Return the one refresh that all waiting requests share."""
        if self._refreshing is None:
            self._refreshing = asyncio.get_running_loop().create_task(self._load_in_thread(), name="aws-credentials")
            self._refreshing.add_done_callback(self._forget_refresh)
        return self._refreshing

    async def _load_in_thread(self) -> None:
        self._not_before = time.monotonic() + _PAUSE_AFTER_FAILURE_SECONDS
        try:
            self._source, self._key = await asyncio.to_thread(_load, self._source)
        except (BotoCoreError, ClientError, OSError, ValueError) as error:
            _log.warning("aws_credentials_unavailable", extra={"reason": str(error)})

    def _forget_refresh(self, _done: "asyncio.Task[None]") -> None:
        self._refreshing = None


def _load(source: Any) -> tuple[Any, Key | None]:
    source = source or Session().get_credentials()
    if source is None:
        return None, None
    frozen = source.get_frozen_credentials()
    return source, Key(id=frozen.access_key, secret=frozen.secret_key, token=frozen.token)
