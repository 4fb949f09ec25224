"""Finishes erasures, and keeps store and register together: at the start, perhaps after a restore, and every hour."""

import asyncio
from typing import Final

import structlog

from cnop_core.errors import Conflict, Unavailable
from cnop_platform.request_context import RequestContext
from cnop_users.application.erasure import Erasure

_log = structlog.get_logger()
_PAUSE_SECONDS: Final = 3600.0
_RETRY_SECONDS: Final = 10.0
_CONTEXT: Final = RequestContext(
    request_id="erasure-register", client_address="127.0.0.1", user_agent="user_service", via_gateway=False
)


class ErasureKeeper:
    """Finishes what was interrupted, and erases again whom a restored backup brought back."""

    def __init__(self, erasure: Erasure) -> None:
        self._erasure = erasure

    async def once(self) -> bool:
        """Do so now; tell whether all of it could be done."""
        try:
            again = await self._erasure.reconcile(context=_CONTEXT)
        except (Conflict, Unavailable) as error:
            _log.warning("erasures_not_compared", reason=type(error).__name__)
            return False
        if again:
            _log.warning("erased_again_after_restore", people=again)
        return True

    async def run(self) -> None:
        """Do so again and again until cancelled."""
        while True:
            complete = await self.once()
            await asyncio.sleep(_PAUSE_SECONDS if complete else _RETRY_SECONDS)
