"""Runs a service or a worker as a process: uvloop, clean stop on SIGTERM or SIGINT, one line on a bad setting."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final, NoReturn, TypeVar

import uvicorn
import uvloop
from pydantic import ValidationError
from pydantic_settings import BaseSettings
from starlette.types import ASGIApp

S = TypeVar("S", bound=BaseSettings)

_STOP_SECONDS: Final = 10
_START_FAILED: Final = 3
_KEEP_ALIVE_SECONDS: Final = 75
_BACKLOG: Final = 2048
_MAX_CONCURRENCY: Final = 2000


class _Server(uvicorn.Server):
    """A server that says when it begins to stop: what never ends by itself would hold it up."""

    def __init__(self, config: uvicorn.Config, *, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_stop()
        await super().shutdown(sockets)


def serve(app: ASGIApp, *, host: str, port: int, on_stop: Callable[[], None] = lambda: None) -> None:
    """Serve the app until it is told to stop; `on_stop` is called first then, to end open streams."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_STOP_SECONDS,
        backlog=_BACKLOG,
        limit_concurrency=_MAX_CONCURRENCY,
    )
    server = _Server(config, on_stop=on_stop)
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(_START_FAILED)


def run_worker(work: Callable[[], Awaitable[None]]) -> None:
    """Run a coroutine until it ends or the process is told to stop, then cancel it and wait for it."""

    async def supervise() -> None:
        task = asyncio.ensure_future(work())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(supervise())


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
