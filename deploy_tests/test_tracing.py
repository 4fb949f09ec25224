"""Traces in a deployment: off unless asked for, and then from the gateway and every service to one collector."""

import shutil
from pathlib import Path

import pytest
import yaml
from manifests import Manifests, render
from tools import ROOT, output

COLLECTOR = "http://otel-collector.monitoring:4318"
SENDERS = {"gateway", "user-service", "inventory-service", "order-service", "web"}


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Manifests:
    """The development overlay, with the component for traces."""
    folder = tmp_path_factory.mktemp("traced")
    render("dev", folder)
    path = folder / "kubernetes/overlays/dev/kustomization.yaml"
    overlay = yaml.safe_load(path.read_text())
    overlay["components"].append("../../components/tracing")
    path.write_text(yaml.safe_dump(overlay))
    return Manifests("dev", render("dev", folder))


def test_without_it_nobody_is_told_of_a_collector(manifests: Manifests) -> None:
    assert "OTEL_" not in manifests.text
    assert "opentelemetry" not in manifests.text


def test_services_are_told_the_collector_and_may_reach_it(traced: Manifests) -> None:
    told = {name for name, each in traced.workloads.items() if "OTEL_EXPORTER_OTLP_ENDPOINT" in str(each.main)}
    assert told == SENDERS - {"gateway"}
    for name in told:
        assert traced.environment(traced.workloads[name])["OTEL_EXPORTER_OTLP_ENDPOINT"] == COLLECTOR
    policy = traced.of("NetworkPolicy")["spans-to-collector"]["spec"]
    assert set(policy["podSelector"]["matchExpressions"][0]["values"]) == SENDERS
    (rule,) = policy["egress"]
    (peer,) = rule["to"]
    assert peer["namespaceSelector"] == {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}
    assert rule["ports"] == [{"protocol": "TCP", "port": 4318}]


def test_the_settings_that_the_component_names_render_a_valid_gateway(tmp_path: Path) -> None:
    text = (ROOT / "kubernetes/components/tracing/kustomization.yaml").read_text()
    wanted = f'tracing: {{endpoint: "{COLLECTOR}"}}'
    assert wanted in text
    settings = tmp_path / "settings.yaml"
    shutil.copy(ROOT / "kubernetes/overlays/prod/gateway/settings.yaml", settings)
    settings.write_text(settings.read_text() + wanted + "\n")
    rendered = output(ROOT / "cnop", "gateway", "render", "--settings", settings)
    assert f"{COLLECTOR}/v1/traces" in rendered
