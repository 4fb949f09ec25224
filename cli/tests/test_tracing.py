"""A local stack's traces: one address for gateway and services, refused before anything starts when it is none."""

import argparse
import ssl

import pytest

from cnop_cli.commands import up
from cnop_cli.errors import CommandError
from cnop_cli.stack import plan, tracing
from cnop_cli.stack.plan import Options, Prepared
from cnop_cli.stack.ports import Ports
from cnop_cli.stack.secretstore import SecretStore
from cnop_cli.stack.state import StateDir

COLLECTOR = "http://127.0.0.1:4318"


def test_without_a_collector_nobody_is_told_of_traces(state: StateDir) -> None:
    options = Options(state=state, ports=Ports())
    assert "tracing" not in plan.gateway_settings(options, gateway_secret="x", environ={})


def test_gateway_and_services_are_told_the_same_collector(state: StateDir) -> None:
    options = Options(state=state, ports=Ports(), otlp_endpoint=COLLECTOR)
    gateway = plan.gateway_settings(options, gateway_secret="x", environ={})
    assert gateway["tracing"] == {"endpoint": COLLECTOR, "sample_percent": 100, "headers": {}}
    secrets = SecretStore(state.secrets)
    secrets.prepare(valkey_port=6379)
    prepared = Prepared(page=None, valkey=("valkey",), gateway=("envoy",))
    for component in plan.components(options, prepared=prepared, secrets=secrets, environ={}):
        assert component.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] == COLLECTOR


@pytest.mark.parametrize(
    ("environ", "percent"),
    [
        ({}, 100),
        ({"OTEL_TRACES_SAMPLER": "parentbased_always_on"}, 100),
        ({"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.05"}, 5),
        ({"OTEL_TRACES_SAMPLER": "always_off"}, 0),
    ],
)
def test_the_gateway_begins_as_many_traces_as_the_services_would(environ: dict[str, str], percent: float) -> None:
    assert tracing.gateway_tracing(COLLECTOR, environ)["sample_percent"] == percent


def test_the_collectors_key_is_for_the_gateway_too() -> None:
    environ = {"OTEL_EXPORTER_OTLP_HEADERS": "X-Api-Key=abc%3D, x-tenant=1"}
    assert tracing.gateway_tracing(COLLECTOR, environ)["headers"] == {"x-api-key": "abc=", "x-tenant": "1"}


def test_a_collector_behind_https_is_checked_against_this_machines_authorities() -> None:
    told = tracing.gateway_tracing("https://collector.example", {"SSL_CERT_FILE": "/own.pem"})
    assert told["ca"] == "/own.pem"
    known = ssl.get_default_verify_paths().cafile
    if known:
        assert tracing.gateway_tracing("https://collector.example", {})["ca"] == known


@pytest.mark.parametrize(
    "environ",
    [
        {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "2"},
        {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "half"},
        {"OTEL_EXPORTER_OTLP_HEADERS": "no-value"},
    ],
)
def test_a_variable_that_cannot_be_read_is_named(environ: dict[str, str]) -> None:
    with pytest.raises(CommandError, match="OTEL_"):
        tracing.gateway_tracing(COLLECTOR, environ)


@pytest.mark.parametrize("text", ["localhost:4318", "grpc://127.0.0.1:4317", "http://", "http://x?key=1"])
def test_what_is_no_collector_is_refused_before_anything_starts(text: str) -> None:
    with pytest.raises(CommandError, match="OTLP/HTTP"):
        tracing.checked_endpoint(text)


def test_the_option_wins_over_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://variable:4318")
    parser = argparse.ArgumentParser()
    up.configure(parser)
    assert up.options_from(parser.parse_args([])).otlp_endpoint == "http://variable:4318"
    assert up.options_from(parser.parse_args(["--otlp-endpoint", COLLECTOR])).otlp_endpoint == COLLECTOR
