"""Traces are on where OTEL_EXPORTER_OTLP_ENDPOINT says where they go; elsewhere nothing of OpenTelemetry is loaded."""

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from starlette.types import ASGIApp

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def is_on(environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether spans have somewhere to go."""
    return bool(environ.get(ENDPOINT)) and environ.get("OTEL_SDK_DISABLED", "").lower() != "true"


def start_tracing(*, service: str) -> None:
    """Have this process send its spans, under its name; does nothing where tracing is off."""
    if is_on():
        from cnop_platform.spans import start  # noqa: PLC0415 - only where it is on does it cost memory and time

        start(service=service)


def traced_app(app: ASGIApp) -> ASGIApp:
    """Return the app with a span around each request, or the app itself where tracing is off."""
    if not is_on():
        return app
    from cnop_platform.spans import TracedRequests, tracer  # noqa: PLC0415 - as above

    return TracedRequests(app, tracer=tracer())


def traced_calls(
    watch: Callable[[str], AbstractContextManager[None]], *, system: str
) -> Callable[[str], AbstractContextManager[None]]:
    """Return `watch` with a span around each call of the store `system`, or `watch` itself where tracing is off."""
    if not is_on():
        return watch
    from cnop_platform.spans import call_spans, tracer  # noqa: PLC0415 - as above

    return call_spans(watch, tracer=tracer(), system=system)


def outgoing_hooks() -> dict[str, list[Callable[..., Any]]]:
    """Return the hooks by which an httpx client passes the trace on; none where tracing is off."""
    if not is_on():
        return {}
    from cnop_platform.spans import pass_on  # noqa: PLC0415 - as above

    return {"request": [pass_on]}
