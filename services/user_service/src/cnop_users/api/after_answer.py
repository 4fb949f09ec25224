"""Work that begins when its request has been answered, so that the answer tells nothing by the time it takes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import structlog

from cnop_core.errors import CnopError
from cnop_platform.request_context import RequestContext

_log = structlog.get_logger()
_MOST_WAITING: Final = 1_000

Work: TypeAlias = Callable[[str, RequestContext], Awaitable[None]]


class AfterAnswer:
    """A bounded queue of such work. What a crash loses, its sender asks for again."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._waiting: asyncio.Queue[tuple[str, RequestContext]] = asyncio.Queue(_MOST_WAITING)

    def add(self, text: str, context: RequestContext) -> None:
        """Queue one piece of work; when too much waits it is dropped and logged."""
        try:
            self._waiting.put_nowait((text, context))
        except asyncio.QueueFull:
            _log.warning("background_request_dropped")

    async def run(self) -> None:
        """Do what is queued until cancelled."""
        while True:
            text, context = await self._waiting.get()
            try:
                await self._work(text, context)
            except CnopError as error:
                _log.warning("background_request_failed", reason=type(error).__name__)
            except Exception:  # noqa: BLE001 - boundary: as in a handler, one that fails must not fail the next
                _log.exception("background_request_crashed")
