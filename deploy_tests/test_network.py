"""Who may talk to whom: exactly those who do."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from manifests import Json, Manifests, Workload
from tools import ROOT

Path = tuple[str, str, int]
STORE_CLIENTS = ("user-service", "inventory-service", "order-service", "price-feed", "order-engine")
JOBS = ("store-migrate", "ledger-verify", "audit-verify", "audit-retire", "keys-rewrap")
# The job that wraps data keys anew is the user service's program, and has its name in Valkey.
VALKEY_CLIENTS = (*STORE_CLIENTS, "keys-rewrap")
# The real calls between pods: client, server, port.
CALLS: set[Path] = {
    ("gateway", "user-service", 8000),
    ("gateway", "inventory-service", 8001),
    ("gateway", "order-service", 8002),
    ("gateway", "web", 3001),
    # The page process merges descriptions and health.
    ("web", "user-service", 8000),
    ("web", "inventory-service", 8001),
    ("web", "order-service", 8002),
    # Services fetch the keys of tokens.
    ("inventory-service", "user-service", 8000),
    ("order-service", "user-service", 8000),
}
INSIDE_IN_DEVELOPMENT: set[Path] = {
    *((client, "valkey", 6379) for client in VALKEY_CLIENTS),
    *((client, "dynamodb", 8000) for client in (*STORE_CLIENTS, *JOBS)),
}
OUTSIDE_IN_PRODUCTION: set[Path] = {
    *((client, "10.0.0.0/16", 6379) for client in VALKEY_CLIENTS),
    *((client, "0.0.0.0/0 but 169.254.0.0/16", 443) for client in (*STORE_CLIENTS, *JOBS, "audit-archive")),
    # Letters.
    *(("user-service", "0.0.0.0/0 but 169.254.0.0/16", port) for port in (465, 587)),
}
DOORS: dict[str, set[Path]] = {
    "dev": {("anybody", "gateway", 8080), ("anybody", "gateway", 3000)},
    "prod": {("10.0.0.0/16", "gateway", 8080), ("10.0.0.0/16", "gateway", 3000)},
}
# Where each pod shows its figures.
PROMETHEUS = ("monitors", "network")
MONITORED: set[Path] = {
    *(
        ("monitoring/prometheus", server, 9100)
        for server in ("user-service", "inventory-service", "order-service", "web")
    ),
    *(("monitoring/prometheus", worker, 9102) for worker in ("price-feed", "order-engine")),
    ("monitoring/prometheus", "gateway", 9902),
}


class Network:
    """What the policies of an overlay allow."""

    def __init__(self, manifests: Manifests) -> None:
        self.labels = {name: each.labels for name, each in manifests.workloads.items()}
        self.policies = [each["spec"] for each in manifests.of("NetworkPolicy").values()]

    def egress(self) -> set[Path]:
        return {
            (client, peer, port)
            for policy in self.policies
            for client in self._chosen(policy["podSelector"])
            for peer, port in self._rules(policy.get("egress", []), "to")
        }

    def ingress(self) -> set[Path]:
        return {
            (peer, server, port)
            for policy in self.policies
            for server in self._chosen(policy["podSelector"])
            for peer, port in self._rules(policy.get("ingress", []), "from")
        }

    def _rules(self, rules: list[Json], side: str) -> Iterator[tuple[str, int]]:
        for rule in rules:
            for entry in rule.get(side, [None]):
                for peer in ["anybody"] if entry is None else self._peers(entry):
                    yield from ((peer, port["port"]) for port in rule["ports"])

    def _peers(self, entry: Json) -> list[str]:
        if block := entry.get("ipBlock"):
            left_out = " but " + ", ".join(block["except"]) if "except" in block else ""
            return [block["cidr"] + left_out]
        if namespace := entry.get("namespaceSelector"):
            return ["/".join([*namespace["matchLabels"].values(), *entry["podSelector"]["matchLabels"].values()])]
        return self._chosen(entry["podSelector"])

    def _chosen(self, selector: Json) -> list[str]:
        return [name for name, labels in self.labels.items() if matches(selector, labels)]


def matches(selector: Json, labels: dict[str, str]) -> bool:
    """Apply a label selector; an operator that is not used here fails."""
    wanted: dict[str, Any] = selector.get("matchLabels", {})
    expressions = selector.get("matchExpressions", [])
    assert all(each["operator"] == "In" for each in expressions)
    return wanted.items() <= labels.items() and all(labels.get(each["key"]) in each["values"] for each in expressions)


@pytest.fixture
def network(manifests: Manifests) -> Network:
    return Network(manifests)


def test_what_no_policy_names_is_denied_both_ways(manifests: Manifests) -> None:
    policy = manifests.of("NetworkPolicy")["default-deny"]["spec"]
    assert policy == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_calls_between_pods_are_the_real_ones_and_allowed_at_both_ends(manifests: Manifests, network: Network) -> None:
    wanted = CALLS | (INSIDE_IN_DEVELOPMENT if manifests.overlay == "dev" else set())
    pods = manifests.workloads.keys()
    leaving = {path for path in network.egress() if path[1] in pods}
    arriving = {path for path in network.ingress() if path[0] in pods}
    assert leaving == wanted
    assert arriving == wanted


def test_nothing_leaves_the_cluster_but_for_the_store_valkey_and_names(manifests: Manifests, network: Network) -> None:
    pods = manifests.workloads.keys()
    outside = {path for path in network.egress() if path[1] not in pods}
    names = {(client, "kube-system/kube-dns", 53) for client in pods}
    assert outside == names | (OUTSIDE_IN_PRODUCTION if manifests.overlay == "prod" else set())


def test_nobody_comes_in_but_to_the_gateway_and_for_figures(manifests: Manifests, network: Network) -> None:
    pods = manifests.workloads.keys()
    strangers = {path for path in network.ingress() if path[0] not in pods}
    assert strangers == DOORS[manifests.overlay] | MONITORED
    for _, server, port in MONITORED:
        assert port in {each["containerPort"] for each in manifests.workloads[server].main["ports"]}


def test_prometheus_reaches_what_its_monitors_ask_for_and_nothing_else(manifests: Manifests, network: Network) -> None:
    parts = [yaml.safe_load_all((ROOT / f"monitoring/kubernetes/{name}.yaml").read_text()) for name in PROMETHEUS]
    monitors, policies = (list(part) for part in parts)
    network.policies += [each["spec"] for each in policies]
    asked = {path for monitor in monitors for path in asked_by(monitor, manifests)}
    assert len(asked) == 7
    assert {path for path in network.ingress() if path[0] == "monitoring/prometheus"} == asked


def asked_by(monitor: Json, manifests: Manifests) -> Iterator[Path]:
    """Give the pods and ports that a monitor makes Prometheus ask."""
    spec = monitor["spec"]
    for endpoint in spec.get("podMetricsEndpoints", []):
        for name, workload in manifests.workloads.items():
            if matches(spec["selector"], workload.labels):
                yield "monitoring/prometheus", name, endpoint["targetPort"]
    for endpoint in spec.get("endpoints", []):
        for service in manifests.of("Service").values():
            found = {each["name"]: each["targetPort"] for each in service["spec"]["ports"]}
            if endpoint["port"] in found:
                (workload,) = (w for w in manifests.workloads.values() if matches_all(service["spec"]["selector"], w))
                ports = {each["name"]: each["containerPort"] for each in workload.main["ports"]}
                yield "monitoring/prometheus", workload.name, ports[found[endpoint["port"]]]


def matches_all(selector: dict[str, str], workload: Workload) -> bool:
    return selector.items() <= workload.labels.items()


def test_the_gateway_calls_whom_its_configuration_names(manifests: Manifests) -> None:
    (kept,) = (each for name, each in manifests.of("ConfigMap").items() if name.startswith("gateway"))
    clusters = yaml.safe_load(kept["data"]["envoy.yaml"])["static_resources"]["clusters"]
    addresses = [
        endpoint["endpoint"]["address"]["socket_address"]
        for cluster in clusters
        for group in cluster["load_assignment"]["endpoints"]
        for endpoint in group["lb_endpoints"]
    ]
    # Its figures come from its own admin interface.
    outside = [each for each in addresses if each["address"] != "127.0.0.1"]
    called = {("gateway", each["address"], each["port_value"]) for each in outside}
    assert called == {path for path in CALLS if path[0] == "gateway"}


def test_the_page_process_calls_whom_its_settings_name(manifests: Manifests) -> None:
    upstreams = json.loads(manifests.environment(manifests.workloads["web"])["CNOP_UPSTREAMS"]).values()
    called = {("web", urlsplit(url).hostname, urlsplit(url).port) for url in upstreams}
    assert called == {path for path in CALLS if path[0] == "web"}


def test_who_may_reach_valkey_is_who_has_a_name_there(manifests: Manifests) -> None:
    holders = {
        workload.name
        for workload in manifests.workloads.values()
        for secret, _ in manifests.secret_mounts(workload)
        if "cnop_valkey_url" in (manifests.secret_keys(secret) or ())
    }
    # What verifies holds the operators' whole share, but has no way there.
    assert holders - {name for name in JOBS if name != "keys-rewrap"} - {"audit-archive"} == set(VALKEY_CLIENTS)
