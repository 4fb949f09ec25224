"""Serves HTTP: uvicorn on uvloop with every bound stated, and a clean stop on SIGTERM or SIGINT."""

import contextlib
import socket
import sys
from collections.abc import Callable
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from cnop_platform.tracing import traced_app

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
        traced_app(app),
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
