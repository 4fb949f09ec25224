"""Waiting for another process, in a process that may itself be too busy to look."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

_LOOKS: Final = 50


@asynccontextmanager
async def patience(seconds: float) -> AsyncIterator[None]:
    """Wait no longer than `seconds`; raises `TimeoutError`, as `asyncio.timeout` does.

    A busy event loop sees answers late that came in time, and must not take the one who sent them for absent. So the
    wait ends only when the loop has had fifty chances to look: a turn of the loop that lasts long counts as one.
    """
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle
    async with asyncio.timeout(None) as limit:

        def look(left: int) -> None:
            nonlocal timer
            if left:
                timer = loop.call_later(seconds / _LOOKS, look, left - 1)
            else:
                limit.reschedule(loop.time())

        timer = loop.call_later(seconds / _LOOKS, look, _LOOKS - 1)
        try:
            yield
        finally:
            timer.cancel()
