"""Sends the letters that are due, for as long as the process lives."""

import asyncio
from typing import Final

import structlog

from cnop_core.errors import Unavailable
from cnop_users.application.outbox import Postman

_log = structlog.get_logger()
_PAUSE_SECONDS: Final = 1.0


class PostOffice:
    """Lets the postman go round every second; one that meets trouble goes again."""

    def __init__(self, postman: Postman) -> None:
        self._postman = postman

    async def run(self) -> None:
        """Send letters until cancelled."""
        while True:
            try:
                sent = await self._postman.round()
            except Unavailable as error:
                _log.warning("letters_wait", reason=type(error).__name__)
                sent = 0
            if not sent:
                await asyncio.sleep(_PAUSE_SECONDS)
