"""Against a running platform: it is scraped whole, every chart has data, a fault reaches whoever is to hear of it, and
no component touches a key that its role on AWS would deny."""

import fnmatch
import json
import os
import signal
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Stack, free_port, prometheus_settings
from tools import ROOT, installed

pytestmark = pytest.mark.stack
MONITORING = ROOT / "monitoring"


def ask(port: int, path: str, **parameters: str) -> Any:
    query = urllib.parse.urlencode(parameters)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/{path}?{query}", timeout=10) as answer:
        return json.load(answer)["data"]


def until(condition: Callable[[], Any], *, seconds: float, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.5)
    return found


def expressions() -> list[str]:
    boards = [json.loads(path.read_text()) for path in (MONITORING / "grafana" / "dashboards").glob("*.json")]
    return [target["expr"] for board in boards for panel in board["panels"] for target in panel.get("targets", ())]


def test_every_component_is_scraped(stack: Stack) -> None:
    def healths() -> dict[str, str]:
        found = ask(stack.ports.prometheus, "targets")["activeTargets"]
        return {each["labels"]["job"]: each["health"] for each in found}

    until(lambda: len(healths()) == 7 and set(healths().values()) == {"up"}, seconds=40, what="every target is up")


def test_every_chart_has_data(busy: Stack) -> None:
    def empty() -> list[str]:
        return [each for each in expressions() if not ask(busy.ports.prometheus, "query", query=each)["result"]]

    assert len(expressions()) > 50
    # Rates need two scrapes after the traffic, recorded ones an evaluation more.
    deadline = time.monotonic() + 60
    while (missing := empty()) and time.monotonic() < deadline:
        time.sleep(2)
    assert missing == []


def test_no_alert_fires_on_a_healthy_platform_but_the_watchdog(busy: Stack) -> None:
    firing = {
        each["labels"]["alertname"]
        for each in ask(busy.ports.prometheus, "alerts")["alerts"]
        if each["state"] == "firing"
    }
    # The traffic before this was that of tests, who get passwords wrong and change roles on purpose.
    assert firing <= {"Watchdog", "PrivilegeChanged", "AccessDeniedSpike", "RefreshTokenReused", "CredentialStuffing"}


@contextmanager
def webhook() -> Iterator[tuple[int, list[tuple[str, dict[str, Any]]]]]:
    """Listen for Alertmanager; give the port, and what was received on which path."""
    received: list[tuple[str, dict[str, Any]]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.path, json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1], received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def daemon(*argv: str) -> Iterator[None]:
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def alerting(stack: Stack, tmp_path: Path) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """A Prometheus with our rules and a real Alertmanager with our routes, whose receivers are a list."""
    prometheus = installed("prometheus", package="prometheus")
    alertmanager = installed("prometheus-alertmanager", package="prometheus-alertmanager")
    with webhook() as (webhook_port, received):
        routes = (MONITORING / "alertmanager" / "alertmanager.yml").read_text()
        settings = yaml.safe_load(routes.replace("alert-receiver:9095", f"127.0.0.1:{webhook_port}"))
        for route in (settings["route"], *settings["route"]["routes"]):
            route["group_wait"] = "1s"
        (tmp_path / "alertmanager.yml").write_text(json.dumps(settings))
        port, own = free_port(), free_port()
        address = f"127.0.0.1:{port}"
        alertmanagers = {"alertmanagers": [{"static_configs": [{"targets": [address]}]}]}
        fast = {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "2s"}
        rule = prometheus_settings(stack.ports, alerting=alertmanagers, **{"global": fast})
        (tmp_path / "prometheus.yml").write_text(rule)
        with (
            daemon(alertmanager, f"--config.file={tmp_path / 'alertmanager.yml'}", f"--web.listen-address={address}",
                   f"--storage.path={tmp_path / 'alertmanager'}", "--cluster.listen-address="),
            daemon(prometheus, f"--config.file={tmp_path / 'prometheus.yml'}",
                   f"--web.listen-address=127.0.0.1:{own}", f"--storage.tsdb.path={tmp_path / 'data'}",
                   # What fires before Alertmanager was discovered is lost, and would come again a minute later only.
                   "--rules.alert.resend-delay=2s"),
        ):  # fmt: skip
            until(lambda: any(path == "/watchdog" for path, _ in received), seconds=60, what="the watchdog arrives")
            yield received


@pytest.mark.timeout(240)
def test_a_component_that_hangs_pages_somebody_and_its_return_is_told_too(
    stack: Stack, alerting: list[tuple[str, dict[str, Any]]]
) -> None:
    def heard(status: str) -> list[dict[str, Any]]:
        return [
            body for path, body in alerting
            if path == "/pages" and body["status"] == status and body["commonLabels"].get("alertname") == "TargetDown"
        ]  # fmt: skip

    engine = stack.component("order_engine")
    os.kill(engine, signal.SIGSTOP)
    try:
        (page, *_) = until(lambda: heard("firing"), seconds=120, what="the page arrives")
    finally:
        os.kill(engine, signal.SIGCONT)
    assert page["commonLabels"]["job"] == "order_engine"
    assert page["commonAnnotations"]["runbook_url"].endswith("/TargetDown.md")
    until(
        lambda: ask(stack.ports.prometheus, "query", query='up{job="order_engine"} == 1')["result"],
        seconds=40,
        what="it answers",
    )


def test_no_component_touches_a_key_that_its_role_denies(busy: Stack, planned_policies: dict[str, Any]) -> None:
    statement_of = {"read": "Read", "index": "ReadIndex", "write": "Write", "delete": "Delete"}
    touched: dict[tuple[str, str], set[str]] = defaultdict(set)
    for path in busy.keys.glob("*.jsonl"):
        for line in path.read_text().splitlines():
            noted = json.loads(line)
            touched[noted["component"].replace("_", "-"), noted["action"]].update(noted["keys"])
    components = {component for component, _ in touched if component != "cli"}
    assert components >= {"user-service", "inventory-service", "order-service", "price-feed", "order-engine"}
    denied = []
    for (component, action), keys in touched.items():
        if component == "cli":
            continue
        statements = {each["Sid"]: each for each in planned_policies[component]["Statement"]}
        allowed = (
            statements.get(statement_of.get(action, ""), {}).get("Condition", {}).get("ForAllValues:StringLike", {})
        )
        patterns = allowed.get("dynamodb:LeadingKeys", [])
        denied += [
            (component, action, key) for key in keys if not any(fnmatch.fnmatchcase(key, each) for each in patterns)
        ]
    assert denied == []
