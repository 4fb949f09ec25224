"""The outermost layer of a service: request id, trusted source address, one log line and one metric per request."""

from collections.abc import Iterable

import structlog
from prometheus_client import Histogram
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cnop_platform.problem import problem_response
from cnop_platform.request_context import REQUEST_ID_HEADER, build_context
from cnop_platform.system import monotonic

_log = structlog.get_logger()
_QUIET = ("/health", "/metrics")
_duration = Histogram(
    "cnop_http_request_duration_seconds",
    "Time from the first byte of a request to the last of its response",
    ["method", "route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
)


class Edge:
    """ASGI middleware that every service has exactly once, outside all others."""

    def __init__(self, app: ASGIApp, *, gateway_secret: str) -> None:
        self._app = app
        self._gateway_secret = gateway_secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; anything but HTTP passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        context = build_context(scope, gateway_secret=self._gateway_secret)
        scope.setdefault("state", {})["context"] = context
        _normalise_path(scope)
        started, status, answered = monotonic(), 500, False

        async def send_with_headers(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status, answered = message["status"], True
                message["headers"] = _with_headers(message.get("headers", ()), context.request_id)
            await send(message)

        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=context.request_id)
        if context.trace_id:
            structlog.contextvars.bind_contextvars(trace_id=context.trace_id)
        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001 - boundary: the log has the cause, the caller an opaque answer
            _log.error("request_crashed", exc_info=error)
            if not answered:
                crashed = problem_response(Request(scope), status=500, message="an unexpected error occurred")
                await crashed(scope, receive, send_with_headers)
        finally:
            self._observe(scope, status, monotonic() - started)

    def _observe(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        _duration.labels(scope["method"], route, str(status)).observe(seconds)
        if not scope["path"].startswith(_QUIET):
            # A service may call an answer routine: then the gateway's line about it is enough.
            routine = scope["state"].get("routine", False) and status < 400
            write = _log.debug if routine else _log.info
            write(
                "request",
                method=scope["method"],
                route=route,
                status=status,
                duration_ms=round(seconds * 1000, 1),
                client_address=scope["state"]["context"].client_address,
            )


def _normalise_path(scope: Scope) -> None:
    path: str = scope["path"]
    if len(path) > 1 and path.endswith("/"):
        scope["path"] = path.rstrip("/") or "/"
        scope["raw_path"] = scope["path"].encode()


def _with_headers(headers: Iterable[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    headers = list(headers)
    present = {name for name, _ in headers}
    added = [pair for pair in _SECURITY_HEADERS if pair[0] not in present]
    return [*headers, *added, (REQUEST_ID_HEADER.encode(), request_id.encode())]
