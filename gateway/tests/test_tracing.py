"""Traces: none and no trace of them unless asked for; then one span a request, and the same context upstream."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from cnop_gateway import render, to_yaml
from cnop_platform.testing.collector import collector

from .support import Keys, free_port, operations, running, settings_of


def test_without_a_collector_the_configuration_says_nothing_of_traces():
    text = to_yaml(render(settings_of(), operations()))
    for word in ("tracing", "TRACE_ID", "opentelemetry"):
        assert word not in text


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "grpc://collector:4317"},
        {"endpoint": "http://"},
        {"endpoint": "http://collector:4318?key=1"},
        {"endpoint": "https://collector:4318"},
        {"endpoint": "http://collector:4318", "ca": "/etc/ca.pem"},
        {"endpoint": "http://collector:4318", "sample_percent": 101},
    ],
)
def test_a_collector_that_could_not_be_reached_is_refused(wrong):
    with pytest.raises(ValidationError):
        settings_of(tracing=wrong)


def test_a_collector_behind_https_must_prove_its_name():
    wanted = {"endpoint": "https://collector.example", "ca": "/etc/ca.pem"}
    (cluster,) = [
        each
        for each in render(settings_of(tracing=wanted), operations())["static_resources"]["clusters"]
        if each["name"] == "traces"
    ]
    endpoint = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"]["socket_address"]
    assert endpoint == {"address": "collector.example", "port_value": 443}
    validation = cluster["transport_socket"]["typed_config"]["common_tls_context"]["validation_context"]
    assert validation["trusted_ca"] == {"filename": "/etc/ca.pem"}
    assert validation["match_typed_subject_alt_names"][0]["matcher"] == {"exact": "collector.example"}


@pytest.mark.enable_socket
def test_a_request_is_one_span_and_its_service_gets_the_context(folder: Path, keys: Keys, services):
    with (
        collector() as spans,
        running(
            folder, keys, services, tracing={"endpoint": spans.endpoint, "headers": {"x-api-key": "of-the-collector"}}
        ) as gateway,
    ):
        gateway.get("/health")
        answer = gateway.get("/api/v1/orders/ord_0123456789?username=somebody", headers=keys.bearer("customer"))
        upstream = dict(answer.json()["headers"])
        version, trace_id, span_id, flags = upstream["traceparent"].split("-")
        assert (version, flags) == ("00", "01")
        spans.wait_for(lambda seen: any(span.trace_id == trace_id for span in seen))
        (span,) = spans.spans
        assert (span.service, span.span_id, span.parent_id) == ("gateway", span_id, "")
        assert span.name == "GET /api/v1/orders/{order_id}"
        assert span.attributes["request_id"] == answer.headers["x-request-id"]
        assert spans.headers_seen[0]["x-api-key"] == "of-the-collector"
        # Names in a path or query are nobody's business, and tokens even less.
        written = json.dumps(span.attributes)
        assert "ord_0123456789" not in written
        assert "somebody" not in written
        assert upstream["authorization"].split()[1] not in written
        line = gateway.logged(answer.headers["x-request-id"])
        assert (line["trace_id"], line["span_id"]) == (trace_id, span_id)


@pytest.mark.enable_socket
def test_a_trace_that_the_client_began_goes_on(folder: Path, keys: Keys, services):
    began = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with collector() as spans, running(folder, keys, services, tracing={"endpoint": spans.endpoint}) as gateway:
        answer = gateway.get("/api/v1/inventory/assets", headers={"traceparent": began})
        upstream = dict(answer.json()["headers"])["traceparent"]
        assert upstream.split("-")[1] == began.split("-")[1]
        (span,) = spans.wait_for(bool)
        assert (span.trace_id, span.parent_id) == (began.split("-")[1], began.split("-")[2])


@pytest.mark.enable_socket
def test_a_collector_that_is_away_costs_nobody_an_answer(folder: Path, keys: Keys, services):
    nobody = f"http://127.0.0.1:{free_port()}"
    with running(folder, keys, services, tracing={"endpoint": nobody}) as gateway:
        for _ in range(20):
            assert gateway.get("/api/v1/inventory/assets").status_code == 200


@pytest.mark.enable_socket
def test_the_share_is_ours_to_set_whatever_a_client_asks_for(folder: Path, keys: Keys, services):
    began = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with (
        collector() as spans,
        running(folder, keys, services, tracing={"endpoint": spans.endpoint, "sample_percent": 0}) as gateway,
    ):
        for headers in ({}, {"traceparent": began}):
            seen = dict(gateway.get("/api/v1/inventory/assets", headers=headers).json()["headers"])
            assert seen["traceparent"].endswith("-00"), seen["traceparent"]
        assert spans.spans == []
