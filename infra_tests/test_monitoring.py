"""Rules, dashboards, routes and runbooks: well-formed, in step with their source, each rule tested."""

import json
import re
from pathlib import Path
from typing import Any

import yaml
from tools import ROOT, from_pypi, installed, output

MONITORING = ROOT / "monitoring"
RULES = sorted((MONITORING / "prometheus" / "rules").glob("*.yml"))
TESTS = sorted((MONITORING / "prometheus" / "tests").glob("*.yml"))
SDK = ("grafana-foundation-sdk==1769699998!10.1.0", "pyyaml==6.0.3")


def rules() -> list[dict[str, Any]]:
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def test_what_is_generated_is_what_is_committed(tmp_path: Path) -> None:
    # The library brings no command: its interpreter is what is wanted.
    python = from_pypi("python", *SDK)
    output(python, MONITORING / "generate.py", tmp_path)
    made = {path.relative_to(tmp_path): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert len(made) == 10
    for path, text in made.items():
        assert (MONITORING / path).read_text() == text, f"{path} is out of date: run monitoring/generate.py"


def test_promtool_accepts_rules_and_configuration() -> None:
    promtool = installed("promtool", package="prometheus")
    output(promtool, "check", "rules", *RULES)
    output(promtool, "check", "config", MONITORING / "prometheus" / "prometheus.yml")


def test_every_rule_does_what_its_test_says() -> None:
    output(installed("promtool", package="prometheus"), "test", "rules", *TESTS)


def test_every_rule_has_a_test() -> None:
    tested = "\n".join(path.read_text() for path in TESTS)
    records = {rule["record"] for rule in rules() if "record" in rule and not rule["record"].startswith("slo:")}
    alerts = {rule["alert"] for rule in rules() if "alert" in rule}
    missing = [name for name in alerts if not re.search(rf"alertname: {name}\n\s+exp_alerts", tested)]
    assert missing == []
    # A recorded series is tested by itself, or by the alert that reads it.
    readers = "\n".join(rule["expr"] for rule in rules() if "alert" in rule)
    assert [name for name in records if name not in tested and name not in readers] == []


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    alerts = [rule for rule in rules() if "alert" in rule]
    for alert in alerts:
        page = alert["annotations"]["runbook_url"].rpartition("/")[2]
        assert page == f"{alert['alert']}.md"
        text = (ROOT / "docs" / "runbooks" / page).read_text()
        for section in ("**What it means.**", "**What it does to people.**", "**Look at**", "**Do**", "**Then.**"):
            assert section in text, f"{page} lacks {section}"
    assert {alert["labels"]["severity"] for alert in alerts} == {"page", "ticket", "none"}


def test_runbooks_lead_to_pages_that_there_are() -> None:
    for page in (ROOT / "docs" / "runbooks").glob("*.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert "://" in target or (page.parent / target).exists(), f"{page.name}: {target}"


def test_alertmanager_accepts_its_routes_and_sends_each_severity_where_it_belongs() -> None:
    amtool = installed("amtool", package="prometheus-alertmanager")
    file = MONITORING / "alertmanager" / "alertmanager.yml"
    output(amtool, "check-config", file)
    for labels, receiver in (
        ("alertname=TargetDown severity=page", "pages"),
        ("alertname=StoreSlow severity=ticket", "tickets"),
        ("alertname=Watchdog severity=none", "watchdog"),
    ):
        routed = output(amtool, "config", "routes", "test", f"--config.file={file}", *labels.split())
        assert routed.strip() == receiver


def test_kubernetes_objects_are_found_by_the_release_that_is_to_read_them() -> None:
    kubectl = installed("kubectl", package="kubernetes-client")
    objects = list(yaml.safe_load_all(output(kubectl, "kustomize", MONITORING)))
    ours = [each for each in objects if each["apiVersion"].startswith("monitoring.coreos.com/")]
    assert {each["kind"] for each in ours} == {"ServiceMonitor", "PodMonitor", "PrometheusRule", "AlertmanagerConfig"}
    for each in ours:
        assert each["metadata"]["namespace"] == "monitoring"
        assert each["metadata"]["labels"]["release"] == "monitoring"
    (boards,) = [each for each in objects if each["kind"] == "ConfigMap"]
    assert boards["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert sorted(boards["data"]) == sorted(path.name for path in (MONITORING / "grafana" / "dashboards").iterdir())
    applied = [
        rule
        for each in ours
        if each["kind"] == "PrometheusRule"
        for group in each["spec"]["groups"]
        for rule in group["rules"]
    ]
    assert _sorted(applied) == _sorted(rules())


def test_every_job_of_a_rule_is_scraped() -> None:
    jobs = {
        job["job_name"]
        for job in yaml.safe_load((MONITORING / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    }
    kubernetes = (MONITORING / "kubernetes" / "monitors.yaml").read_text()
    for job in jobs:
        assert job in kubernetes or job.replace("_", "-") in kubernetes


def _sorted(found: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(each, sort_keys=True) for each in found)
