"""Traces: nothing where they are off; where they are on, one span a request and one for each call of the store."""

import json
import os
import socket
import subprocess
import sys
import time

import httpx
import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from service_under_test import GATEWAY_SECRET

from cnop_platform import tracing
from cnop_platform.spans import TracedRequests, add_trace_ids, call_spans, pass_on
from cnop_platform.store import Absent, ConditionFailed, Key, Put
from cnop_platform.store.memory import MemoryStore
from cnop_platform.store.observed import ObservedStore, timed
from cnop_platform.testing.collector import collector

TRACE = "0af7651916cd43dd8448eb211c80319c"
BEGAN = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


@pytest.fixture
def tracer(exporter):
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider.get_tracer("test")


@pytest.fixture
async def traced(service, tracer):
    app = TracedRequests(service.app, tracer=tracer)
    async with service.client():
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://sample") as client:
            yield client


@pytest.mark.parametrize(
    ("environ", "on"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_traces_are_on_where_they_have_somewhere_to_go(environ, on):
    assert tracing.is_on(environ) is on


def test_where_they_are_off_nothing_is_wrapped_and_nothing_loaded():
    program = """
import sys
from cnop_platform import app, infrastructure, log, runtime, serve, tracing
from cnop_platform.store.observed import timed
log.configure_logging(service="test")
tracing.start_tracing(service="test")
async def application(scope, receive, send): ...
assert tracing.traced_app(application) is application
assert tracing.traced_calls(timed, system="sqlite") is timed
assert tracing.outgoing_hooks() == {}
costly = ("opentelemetry.sdk", "opentelemetry.exporter", "google.protobuf")
print([name for name in sys.modules if name.startswith(costly)])
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


async def test_a_request_is_a_span_in_the_trace_of_its_header(traced, exporter):
    answer = await traced.get("/greetings/somebody?secret=1", headers={"traceparent": BEGAN})
    assert answer.status_code == 200
    (span,) = exporter.get_finished_spans()
    assert (span.name, f"{span.context.trace_id:032x}") == ("GET /greetings/{name}", TRACE)
    assert f"{span.parent.span_id:016x}" == BEGAN.split("-")[2]
    assert dict(span.attributes) == {
        "http.request.method": "GET",
        "http.route": "/greetings/{name}",
        "http.response.status_code": 200,
    }


@pytest.mark.parametrize("header", ["", "00-zz-b7ad6b7169203331-01", "00-" + "0" * 32 + "-b7ad6b7169203331-01", "\xff"])
async def test_what_is_no_context_begins_a_trace(traced, exporter, header):
    await traced.get("/greetings/ann", headers=[(b"traceparent", header.encode("latin-1"))])
    (span,) = exporter.get_finished_spans()
    assert span.parent is None


async def test_probes_are_no_spans_and_a_crash_is_one_that_failed(traced, exporter):
    for path in ("/health", "/health/ready", "/metrics"):
        await traced.get(path)
    assert exporter.get_finished_spans() == ()
    await traced.get("/failures/crash")
    (span,) = exporter.get_finished_spans()
    assert (span.attributes["http.response.status_code"], span.status.is_ok) == (500, False)
    assert span.events == ()


async def test_a_call_of_the_store_is_a_span_below_the_request_and_tells_no_key(tracer, exporter):
    store = ObservedStore(MemoryStore(), watch=call_spans(timed, tracer=tracer, system="sqlite"))
    put = Put(Key("USER#of-somebody", "PROFILE"), {}, Absent())
    await store.transact([put])
    assert exporter.get_finished_spans() == ()
    with tracer.start_as_current_span("request") as request:
        with pytest.raises(ConditionFailed):
            await store.transact([put])
        await store.get(put.key)
    refused, read, _ = exporter.get_finished_spans()
    assert (refused.name, read.name) == ("store transact", "store get")
    assert {each.parent.span_id for each in (refused, read)} == {request.get_span_context().span_id}
    assert refused.attributes["error.type"] == "ConditionFailed"
    assert refused.attributes["db.system.name"] == "sqlite"
    assert read.status.is_ok
    assert "of-somebody" not in "".join(span.to_json() for span in (refused, read))


def test_lines_of_the_log_carry_the_ids(tracer):
    assert add_trace_ids(None, "info", {"event": "x"}) == {"event": "x"}
    with tracer.start_as_current_span("request") as span:
        context = span.get_span_context()
        line = add_trace_ids(None, "info", {"event": "x"})
    assert line == {"event": "x", "trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}


async def test_what_we_ask_of_others_is_part_of_the_trace(tracer):
    with tracer.start_as_current_span("request") as span:
        request = httpx.Request("GET", "http://other")
        await pass_on(request)
        assert request.headers["traceparent"].split("-")[1] == f"{span.get_span_context().trace_id:032x}"


@pytest.mark.parametrize(
    ("headers", "trace_id"),
    [
        ({"x-cnop-gateway": GATEWAY_SECRET, "traceparent": BEGAN}, TRACE),
        ({"x-cnop-gateway": GATEWAY_SECRET, "traceparent": "00-" + "Z" * 32}, None),
        ({"traceparent": BEGAN}, None),
    ],
)
async def test_the_trace_that_the_gateway_names_is_logged_even_where_none_is_sent(client, headers, trace_id):
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        await client.get("/greetings/ann", headers=headers)
    (line,) = [each for each in lines if each["event"] == "request"]
    assert line.get("trace_id") == trace_id


# A service's process, from the variable to the collector, or to a collector that is not there.
PROGRAM = """
import structlog
from opentelemetry import trace
from cnop_platform.log import configure_logging
from cnop_platform.tracing import start_tracing
configure_logging(service="sample")
start_tracing(service="sample")
with trace.get_tracer("test").start_as_current_span("work"):
    structlog.get_logger().info("working")
"""


def run_program(endpoint):
    environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return done, time.monotonic() - began


@pytest.mark.enable_socket
def test_a_process_sends_its_spans_before_it_ends():
    with collector() as spans:
        done, _ = run_program(spans.endpoint)
        (span,) = spans.spans
    assert (span.service, span.name) == ("sample", "work")
    assert json.loads(done.stdout)["trace_id"] == span.trace_id


@pytest.mark.enable_socket
def test_a_collector_that_is_away_does_not_keep_a_process_from_ending():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    _, seconds = run_program(f"http://127.0.0.1:{port}")
    # An exporter left to itself tries again for a minute.
    assert seconds < 25
