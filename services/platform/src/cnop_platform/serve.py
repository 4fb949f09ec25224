"""Serves HTTP: uvicorn on uvloop with every bound stated, and a clean stop on SIGTERM or SIGINT."""

import asyncio
import contextlib
import gc
import socket
import sys
from collections.abc import Callable
from typing import Any, Final

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from cnop_platform.mutual_tls import MutualTls, names_of
from cnop_platform.ops_port import Ops, ops_server
from cnop_platform.tracing import traced_app

_log = structlog.get_logger()
_STOP_SECONDS: Final = 10
_START_FAILED: Final = 3
_KEEP_ALIVE_SECONDS: Final = 75
_BACKLOG: Final = 2048
_MAX_CONCURRENCY: Final = 2000
_DRAIN_SECONDS: Final = 1.0
_DRAIN_LOOKS: Final = 50
# A request allocates far more than it leaves behind; the default of 700 has the collector look for cycles in each.
_COLLECT_AFTER: Final = 20_000


class _Server(uvicorn.Server):
    """A server that says when it begins to stop, and then lets its clients go to another replica in peace.

    Beside its own port it serves the one for operations, and keeps its certificates current.
    """

    def __init__(
        self, config: uvicorn.Config, *, on_stop: Callable[[], None], ops: Ops | None, tls: MutualTls | None
    ) -> None:
        super().__init__(config)
        self._on_stop = on_stop
        self._ops = ops
        self._tls = tls
        self._watching: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._tls is not None:
            self._watching = asyncio.create_task(self._tls.watch())
        if self._ops is not None and self.started:
            await self._ops.open()
        # What was made until now stays: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_COLLECT_AFTER)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Streams never end by themselves and would hold it up.
        self._on_stop()
        await self._drain()
        if self._watching is not None:
            self._watching.cancel()
        await super().shutdown(sockets)
        if self._ops is not None:
            await self._ops.close()

    async def _drain(self) -> None:
        """Take no new connection, and let each that is open carry one more answer, which closes it.

        One that were closed without a word could have the next request on its way already.
        """
        self.server_state.default_headers.append((b"connection", b"close"))
        for server in self.servers:
            server.close()
        for _ in range(_DRAIN_LOOKS):
            if not self.server_state.connections:
                return
            await asyncio.sleep(_DRAIN_SECONDS / _DRAIN_LOOKS)


def serving_only(callers: frozenset[str]) -> type[HttpToolsProtocol]:
    """Return the protocol that hangs up on whoever is none of the callers, before a request is read.

    The name that the caller's certificate proves is `caller` in the request's state.
    """

    class CallerCheck(HttpToolsProtocol):
        refused = False

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            known = sorted(names_of(transport.get_extra_info("peercert")) & callers)
            if known:
                self.app_state = {**self.app_state, "caller": known[0]}
                return
            self.refused = True
            _log.warning("caller_refused", client_address=self.client[0] if self.client else "unknown")
            transport.abort()

        def data_received(self, data: bytes) -> None:
            if not self.refused:
                super().data_received(data)

    return CallerCheck


def serve(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    on_stop: Callable[[], None] = lambda: None,
    tls: MutualTls | None = None,
    ops_port: int = 0,
) -> None:
    """Serve the app until it is told to stop; `on_stop` is called first then, to end open streams.

    With `tls` only its callers are served; with `ops_port` health and metrics answer there too, without TLS.
    """
    bounds: dict[str, Any] = {
        "host": host,
        "loop": "uvloop",
        "ws": "none",
        "access_log": False,
        "log_config": None,
        "server_header": False,
        "proxy_headers": False,
        "timeout_keep_alive": _KEEP_ALIVE_SECONDS,
        "timeout_graceful_shutdown": _STOP_SECONDS,
    }
    config = uvicorn.Config(
        traced_app(app),
        port=port,
        http=serving_only(tls.callers) if tls else "httptools",
        ssl_context_factory=(lambda _config, _default: tls.server) if tls else None,
        backlog=_BACKLOG,
        limit_concurrency=_MAX_CONCURRENCY,
        **bounds,
    )
    ops = ops_server(app, port=ops_port, bounds=bounds) if ops_port else None
    server = _Server(config, on_stop=on_stop, ops=ops, tls=tls)
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(_START_FAILED)
