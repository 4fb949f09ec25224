"""The compose files, as they are written: powerless containers, few paths, one door."""

import re

import pytest
import yaml
from tools import ROOT

from cnop_cli.stack.secretstore import SHARES

COMPOSE = yaml.safe_load((ROOT / "docker/docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
DEVELOPMENT_FILE = yaml.safe_load((ROOT / "docker/docker-compose.dev.yml").read_text())
DEVELOPMENT = DEVELOPMENT_FILE["services"]
PUBLISHED = {
    "gateway": {"8080", "3000"},
    "user_service": {"8000"},
    "inventory_service": {"8001"},
    "order_service": {"8002"},
    "prometheus": {"9090"},
    "alertmanager": {"9093"},
    "grafana": {"3000"},
}
MONITORING = {"prometheus", "alertmanager", "grafana"}
ONCE = {"dynamodb-folder", "store"}
WORKERS = {"price_feed", "order_engine"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_has_as_little_power_as_it_can(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"] <= 200
    assert service["mem_limit"]
    assert not {"privileged", "pid", "ipc", "devices", "userns_mode"} & service.keys()
    if name == "dynamodb-folder":
        # It alone is root, for one call, without a network.
        assert (service["cap_add"], service["network_mode"]) == (["CHOWN"], "none")
    else:
        assert "cap_add" not in service
        assert not service["user"].startswith("0")


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_on_this_machine_only(name: str) -> None:
    ports = SERVICES[name].get("ports", []) + DEVELOPMENT.get(name, {}).get("ports", [])
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert {port.rsplit(":", 1)[1] for port in SERVICES[name].get("ports", [])} == PUBLISHED.get(name, set())


ICC = "com.docker.network.bridge.enable_icc"
MASQUERADE = "com.docker.network.bridge.enable_ip_masquerade"
# Who calls whom by the name of its service; the services themselves have other names, on the networks meant for it.
CALLS_BY_NAME = (
    ("gateway", "web"),
    *(("prometheus", name) for name in ("user_service", "inventory_service", "order_service", "gateway", "web")),
)


def networks_of(name: str) -> set[str]:
    return {*SERVICES[name].get("networks", []), *DEVELOPMENT.get(name, {}).get("networks", [])}


def test_development_runs_nothing_as_root_that_can_do_more_than_hand_a_folder_over() -> None:
    added = {name: each for name, each in DEVELOPMENT.items() if name not in SERVICES}
    assert added.keys() == {"vite", "node-modules-folder"}
    for each in added.values():
        assert each["cap_drop"] == ["ALL"]
        assert each["security_opt"] == ["no-new-privileges:true"]
    # What is mounted from the checkout is written by its owner's rights only.
    assert added["vite"]["user"] == "${CNOP_UID:-10001}:${CNOP_GID:-10001}"
    once = added["node-modules-folder"]
    assert (once["cap_add"], once["network_mode"], once["read_only"]) == (["CHOWN"], "none", True)
    assert once["entrypoint"][1] == added["vite"]["user"]
    assert once["volumes"] == ["node-modules:/page/node_modules"]
    assert added["vite"]["depends_on"]["node-modules-folder"] == {"condition": "service_completed_successfully"}


def test_networks_lead_nowhere() -> None:
    networks = {**COMPOSE["networks"], **DEVELOPMENT_FILE["networks"]}
    publishing = {name: each.get("driver_opts") for name, each in networks.items() if not each.get("internal")}
    assert publishing == {
        "published": {ICC: "false", MASQUERADE: "false"},
        "debugged": {ICC: "false", MASQUERADE: "false"},
        "watched": {MASQUERADE: "false"},
    }
    assert all(networks_of(name) & {"watched"} == set() for name in SERVICES.keys() - MONITORING)


@pytest.mark.parametrize(("client", "server"), CALLS_BY_NAME)
def test_a_name_leads_to_where_it_answers(client: str, server: str) -> None:
    # On a network that only publishes ports, containers have names as well but do not see each other.
    assert networks_of(client) & networks_of(server)
    assert not networks_of(client) & networks_of(server) & {"published", "debugged"}


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - ONCE - WORKERS))
def test_what_serves_is_asked_whether_it_does(name: str) -> None:
    image = SERVICES[name]["image"]
    if image.startswith("cnop/"):
        folder = re.match(r"cnop/(\w+):", image)
        assert folder
        assert "HEALTHCHECK --interval" in (ROOT / f"docker/{folder[1]}/Dockerfile").read_text()
    else:
        assert SERVICES[name]["healthcheck"]["test"]


def test_nothing_starts_before_what_it_needs() -> None:
    for name, service in SERVICES.items():
        for needed, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_completed_successfully" if needed in ONCE else "service_healthy"}, name


def test_each_component_is_handed_its_own_secrets_only() -> None:
    for name, service in SERVICES.items():
        folders = [mount for mount in service.get("volumes", []) if "CNOP_SECRETS" in mount]
        assert len(folders) == (1 if name in SHARES or name == "valkey" else 0), name
        for mount in folders:
            assert f"/{name}:" in mount
            assert mount.endswith(":ro")


def test_the_address_of_a_stranger_may_fail_as_often_as_the_service_allows_by_itself() -> None:
    environment = SERVICES["user_service"]["environment"]
    assert environment["CNOP_LOGIN_ADDRESS_FAILURES"] == "${CNOP_LOGIN_ADDRESS_FAILURES:-5}"
    assert environment["CNOP_LOGIN_NETWORK_FAILURES"] == "${CNOP_LOGIN_NETWORK_FAILURES:-50}"


def test_prometheus_can_reach_all_that_it_is_told_to_ask() -> None:
    asked = yaml.safe_load((ROOT / "monitoring/prometheus/prometheus.yml").read_text())["scrape_configs"]
    targets = [target for job in asked for group in job["static_configs"] for target in group["targets"]]
    assert len(targets) >= 7
    own = set(SERVICES["prometheus"]["networks"])
    for target in targets:
        name, port = target.split(":")
        networks = SERVICES[name]["networks"]
        assert own & set(networks), name
        if name in WORKERS:
            assert SERVICES[name]["environment"]["CNOP_METRICS_PORT"] == port


def test_monitoring_is_there_only_when_it_is_asked_for() -> None:
    assert {name for name, each in SERVICES.items() if each.get("profiles") == ["monitoring"]} == MONITORING
    assert not {"cache", "data"} & {network for name in MONITORING for network in SERVICES[name]["networks"]}


def test_every_image_has_a_budget() -> None:
    lines = [line.split() for line in (ROOT / "docker/sizes").read_text().splitlines() if not line.startswith("#")]
    built = {path.parent.name for path in (ROOT / "docker").glob("*/Dockerfile")} - {"dev"}
    assert {name for name, _ in lines} == built


@pytest.mark.parametrize("path", sorted((ROOT / "docker").glob("*/Dockerfile")), ids=lambda path: path.parent.name)
def test_images_are_pinned_run_as_nobody_and_say_what_they_are(path) -> None:
    text = path.read_text()
    for line in re.findall(r"^FROM .*$", text, re.MULTILINE):
        assert re.match(r"FROM (python:3\.12-slim-bookworm|node:22-bookworm-slim)\$\{(PYTHON|NODE)_DIGEST:\+@", line)
    users = re.findall(r"^USER (.*)$", text, re.MULTILINE)
    assert users == ["10001:10001"]
    assert "--require-hashes" in text
    if path.parent.name != "dev":
        assert "pip uninstall" in text
        for label in ("title", "description", "source", "licenses", "version", "revision"):
            assert f"org.opencontainers.image.{label}=" in text
