import json
import shutil
import socket

import pytest

from cnop_cli.errors import CommandError
from cnop_cli.stack import monitoring, plan
from cnop_cli.stack.plan import Options, Prepared
from cnop_cli.stack.ports import Ports, free_offset
from cnop_cli.stack.secretstore import SecretStore
from cnop_cli.stack.state import StateDir

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")


def test_every_job_is_asked_at_this_stack_s_ports() -> None:
    settings = monitoring.configuration(Ports.shifted(100))
    asked = {job["job_name"]: job["static_configs"][0]["targets"] for job in settings["scrape_configs"]}
    assert asked["order_service"] == ["127.0.0.1:8102"]
    assert asked["order_engine"] == ["127.0.0.1:8104"]
    assert asked["gateway"] == ["127.0.0.1:10001"]
    assert len(asked) == 7
    assert "alerting" not in settings


@pytest.mark.usefixtures("installed")
def test_prometheus_listens_on_loopback_and_keeps_its_data_with_the_stack(state: StateDir) -> None:
    state.run.mkdir(parents=True, exist_ok=True)
    ports = Ports.shifted(free_offset())
    argv = monitoring.prepare(ports=ports, state=state)
    assert f"--web.listen-address=127.0.0.1:{ports.prometheus}" in argv
    assert f"--storage.tsdb.path={state.root / 'prometheus'}" in argv
    assert json.loads((state.run / "prometheus.yml").read_text())["scrape_configs"]


def test_without_prometheus_one_line_says_where_it_comes_from(state: StateDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(CommandError, match="apt-get install prometheus"):
        monitoring.prepare(ports=Ports(), state=state)


@pytest.mark.usefixtures("installed")
def test_a_taken_port_is_named(state: StateDir) -> None:
    ports = Ports.shifted(free_offset())
    with (
        socket.create_server(("127.0.0.1", ports.prometheus)),
        pytest.raises(CommandError, match=rf"port {ports.prometheus} \(prometheus\)"),
    ):
        monitoring.prepare(ports=ports, state=state)


def test_it_is_one_more_component_where_it_was_asked_for_and_workers_can_be_asked(state: StateDir) -> None:
    options = Options(state=state, ports=Ports.shifted(100), monitoring=True)
    secrets = SecretStore(state.secrets)
    secrets.prepare(valkey_port=options.ports.valkey)
    prepared = Prepared(page=None, valkey=("valkey",), gateway=("envoy",), prometheus=("prometheus",))
    made = {each.name: each for each in plan.components(options, prepared=prepared, secrets=secrets, environ={})}
    assert made["prometheus"].probe == "http://127.0.0.1:9190/-/ready"
    assert made["price_feed"].environment["CNOP_METRICS_PORT"] == "8103"
    assert "CNOP_METRICS_PORT" not in made["order_service"].environment
