"""Spans by OpenTelemetry: one around each request and one around each call of the store, sent over OTLP/HTTP.

Imported by `cnop_platform.tracing` only, and only where tracing is on.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

import httpx
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import EventDict, WrappedLogger

_CONTEXT: Final = (b"traceparent", b"tracestate")
_PROBES: Final = ("/health", "/metrics")
# How long a process that ends may take to send what is left to a collector that does not answer.
_EXPORT_SECONDS: Final = 3
_propagator: Final = TraceContextTextMapPropagator()
Watch = Callable[[str], AbstractContextManager[None]]


def start(*, service: str) -> None:
    """Send this process's spans in the background; what waits is sent when the process ends.

    Endpoint, headers, timeout, share of traces and batch sizes are the SDK's own `OTEL_*` variables.
    """
    asked = any(name in os.environ for name in ("OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"))
    exporter = OTLPSpanExporter(timeout=None if asked else _EXPORT_SECONDS)
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: service}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)


def tracer() -> Tracer:
    """Return the tracer of this platform."""
    return trace.get_tracer("cnop")


def add_trace_ids(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put the ids of the current span into a line of the log (a structlog processor)."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
        event["span_id"] = trace.format_span_id(context.span_id)
    return event


async def pass_on(request: httpx.Request) -> None:
    """Give a request that we send the current trace context (W3C Trace Context)."""
    _propagator.inject(request.headers)


class TracedRequests:
    """ASGI middleware around all others: a span for each request but probes, in the trace that its header names."""

    def __init__(self, app: ASGIApp, *, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; anything but HTTP passes through."""
        if scope["type"] != "http" or scope["path"].startswith(_PROBES):
            await self._app(scope, receive, send)
            return
        carrier = {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in _CONTEXT}
        method = scope["method"]
        status = 500

        async def noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._tracer.start_as_current_span(
            method,
            context=_propagator.extract(carrier),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method},
        ) as span:
            try:
                await self._app(scope, receive, noting_status)
            finally:
                # The path itself may hold names; the route does not.
                route = getattr(scope.get("route"), "path", "unmatched")
                span.update_name(f"{method} {route}")
                span.set_attribute("http.route", route)
                span.set_attribute("http.response.status_code", status)
                if status >= 500:
                    span.set_status(Status(StatusCode.ERROR))


def call_spans(watch: Watch, *, tracer: Tracer, system: str) -> Watch:
    """Return `watch` inside a span for each call; calls that belong to no trace, such as polling, get none."""

    @contextmanager
    def watched(call: str) -> Iterator[None]:
        if not trace.get_current_span().is_recording():
            with watch(call):
                yield
            return
        with (
            # The text of an error may hold the key of an item, and so an id; its type tells enough.
            tracer.start_as_current_span(
                f"store {call}",
                kind=SpanKind.CLIENT,
                attributes={"db.system.name": system, "db.operation.name": call},
                record_exception=False,
                set_status_on_exception=False,
            ) as span,
            _failures_in(span),
            watch(call),
        ):
            yield

    return watched


@contextmanager
def _failures_in(span: trace.Span) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        span.set_attribute("error.type", type(error).__name__)
        span.set_status(Status(StatusCode.ERROR))
        raise
