"""Coroutines that run for as long as their process does; one that crashes is started again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

import structlog

from cnop_platform.system import monotonic

Chore: TypeAlias = Callable[[], Awaitable[None]]

_log = structlog.get_logger()
_CANCEL_AGAIN_SECONDS: Final = 0.1
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 60.0


@asynccontextmanager
async def background(work: Sequence[Chore], *, crashed: set[str] | None = None) -> AsyncIterator[None]:
    """Run endless chores beside the body and cancel them after it.

    One that crashes is logged as an error and started again after a pause that doubles from a second to a minute;
    meanwhile its name is in `crashed`.
    """
    waiting = set() if crashed is None else crashed
    tasks = [asyncio.create_task(_keep_running(chore, waiting)) for chore in work]
    try:
        yield
    finally:
        await _cancel(tasks)


async def _keep_running(chore: Chore, crashed: set[str]) -> None:
    name = getattr(chore, "__qualname__", type(chore).__name__)
    pause = _FIRST_PAUSE_SECONDS
    while True:
        began = monotonic()
        try:
            await chore()
        except Exception:  # noqa: BLE001 - boundary: whatever ends a chore must neither end its process nor go unseen
            _log.exception("background_task_crashed", task=name)
        else:
            return
        if monotonic() - began > _LONGEST_PAUSE_SECONDS:
            pause = _FIRST_PAUSE_SECONDS
        crashed.add(name)
        await asyncio.sleep(pause)
        crashed.discard(name)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel tasks until they have ended: a client library may take a cancellation for a failed call and go on."""
    pending: Collection[asyncio.Task[None]] = tasks
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_CANCEL_AGAIN_SECONDS)
