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
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from cnop_platform.mutual_tls import MutualTls, names_of
from cnop_platform.problem import problem_response
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
# Probes and scrapes, a few at a time.
_OPS_CONCURRENCY: Final = 50
_OPS_PATHS: Final = ("/health", "/metrics")


class _Server(uvicorn.Server):
    """A server that says when it begins to stop, and then lets its clients go to another replica in peace.

    Beside its own port it serves the one for operations, and keeps its certificates current.
    """

    def __init__(
        self, config: uvicorn.Config, *, on_stop: Callable[[], None], ops: "_Ops | None", tls: MutualTls | None
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


class _Ops(uvicorn.Server):
    """A second listener of the same process, without TLS, that shows health and metrics only."""

    async def open(self) -> None:
        """Begin to answer."""
        self.config.load()
        self.lifespan = self.config.lifespan_class(self.config)
        await self.startup()

    async def close(self) -> None:
        """Stop answering."""
        await self.shutdown()


def operations_only(app: ASGIApp) -> ASGIApp:
    """Return an app that passes on requests for health and metrics, and answers 404 to all else."""

    async def filtered(scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if any(path == each or path.startswith(f"{each}/") for each in _OPS_PATHS):
            await app(scope, receive, send)
        else:
            absent = problem_response(Request(scope), status=404, message="there is nothing at this path")
            await absent(scope, receive, send)

    return filtered


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
    beside = uvicorn.Config(
        operations_only(app),
        port=ops_port,
        http="httptools",
        lifespan="off",
        limit_concurrency=_OPS_CONCURRENCY,
        **bounds,
    )
    server = _Server(config, on_stop=on_stop, ops=_Ops(beside) if ops_port else None, tls=tls)
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(_START_FAILED)
