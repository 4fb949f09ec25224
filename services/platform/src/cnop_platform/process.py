"""What any process of the platform begins with: its settings, and for a worker its loop and its end."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, TypeVar

import uvloop
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from cnop_platform.metrics import serve_metrics

S = TypeVar("S", bound=BaseSettings)


def run_worker(work: Callable[[], Awaitable[None]], *, host: str = "127.0.0.1", port: int = 0) -> None:
    """Run a coroutine until it ends or the process is told to stop, then cancel it and wait for it.

    Metrics are served on `port` meanwhile, unless it is 0.
    """

    async def supervise() -> None:
        task = asyncio.ensure_future(work())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    stop_serving = serve_metrics(host=host, port=port)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(supervise())
    finally:
        stop_serving()


def read_settings(kind: type[S]) -> S:
    """Return the settings of this environment; a missing or wrong one ends the process with a line that names it."""
    from_environment: dict[str, Any] = {}
    try:
        return kind(**from_environment)
    except ValidationError as error:
        explain_settings(error)


def explain_settings(error: ValidationError) -> NoReturn:
    """Name the settings that are missing or wrong, without their values, and end the process."""
    found = "; ".join(
        f"CNOP_{str(each['loc'][0]).upper() if each['loc'] else '?'}: {each['msg']}" for each in error.errors()
    )
    sys.exit(f"settings: {found}")
