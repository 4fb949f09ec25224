"""Who shows which certificate to whom in production, and that probes and figures need none."""

import json
from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml
from manifests import Json, Manifests, Workload
from test_network import CALLS
from tools import from_pypi, output

from cnop_cli.stack.certificates import CALLERS

# Models of cert-manager's kinds that were generated from its own schemas.
MODELS = ("cloudcoil.models.cert_manager==1.17.1.0", "pydantic>=2.12")
CHECK = """
import json, sys
from cloudcoil.models.cert_manager import v1
for each in json.load(sys.stdin):
    getattr(v1, each["kind"]).model_validate(each, extra="forbid")
"""
SERVERS = set(CALLERS)
INSIDE, DOOR = PurePosixPath("/run/tls/inside"), PurePosixPath("/run/tls/door")


def mount(workload: Workload, path: PurePosixPath, manifests: Manifests) -> Json:
    """Give the certificate that a workload finds below a path."""
    (secret,) = {name for name, where in manifests.secret_mounts(workload) if where == str(path)}
    return dict(manifests.certificates[secret])


def probes(workload: Workload) -> list[Json]:
    return [workload.main[each] for each in ("startupProbe", "livenessProbe", "readinessProbe")]


def check_schema(objects: list[Json]) -> str:
    python = from_pypi("python", *MODELS)
    return output("/bin/sh", "-c", f'printf %s "$0" | "{python}" -c "$1"', json.dumps(objects), CHECK)


def test_certificates_and_issuers_fit_their_schemas(prod: Manifests) -> None:
    objects = [each for each in prod.documents if each["apiVersion"] == "cert-manager.io/v1"]
    assert {each["kind"] for each in objects} == {"Certificate", "Issuer"}
    check_schema(objects)
    certificate = prod.of("Certificate")["web"]
    for wrong in ({"usages": ["serve"]}, {"dnsnames": ["web"]}, {"secretName": None}):
        with pytest.raises(AssertionError, match="1 validation error"):
            check_schema([{**certificate, "spec": {**certificate["spec"], **wrong}}])


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_each_service_shows_its_own_certificate_and_serves_its_callers_only(prod: Manifests, name: str) -> None:
    workload = prod.workloads[name]
    environment = prod.environment(workload)
    shown = mount(workload, INSIDE, prod)
    assert shown["dnsNames"] == [name]
    assert shown["issuerRef"]["name"] == "inside"
    assert environment["CNOP_TLS_CERTIFICATE"] == str(INSIDE / "tls.crt")
    assert environment["CNOP_TLS_KEY"] == str(INSIDE / "tls.key")
    assert environment["CNOP_TLS_CA"] == str(INSIDE / "ca.crt")
    callers = set(environment["CNOP_TLS_CALLERS"].split(","))
    assert callers == set(CALLERS[name]) == {client for client, server, _ in CALLS if server == name}


def test_nobody_but_who_serves_or_calls_has_a_certificate_and_for_just_that(prod: Manifests) -> None:
    clients, servers = {client for client, _, _ in CALLS}, {server for _, server, _ in CALLS}
    inside = {
        name: each for name, each in prod.of("Certificate").items() if each["spec"]["issuerRef"]["name"] == "inside"
    }
    assert set(inside) == clients | servers
    for name, each in inside.items():
        wanted = {"server auth"} if name in servers else set()
        wanted |= {"client auth"} if name in clients else set()
        assert set(each["spec"]["usages"]) == wanted | {"digital signature"}, name


def test_a_certificate_is_short_lived_and_its_key_never_used_twice(prod: Manifests) -> None:
    issued = {name: each for name, each in prod.certificates.items() if not each.get("isCA")}
    for name, each in issued.items():
        assert (each["duration"], each["renewBefore"]) == ("2160h", "720h"), name
        assert each["privateKey"]["rotationPolicy"] == "Always", name


def test_the_two_authorities_are_apart_and_nobody_can_sign_in_their_place(prod: Manifests) -> None:
    authorities = {name: each for name, each in prod.certificates.items() if each.get("isCA")}
    issuers = {name: each["spec"] for name, each in prod.of("Issuer").items()}
    assert set(authorities) == {"doors-authority", "inside-authority"}
    assert {name: each.get("ca", {}).get("secretName") for name, each in issuers.items()} == {
        "authorities": None, "doors": "doors-authority", "inside": "inside-authority",
    }  # fmt: skip
    for each in authorities.values():
        assert each["issuerRef"]["name"] == "authorities"
        # What it signed stays valid when its own certificate is renewed.
        assert each["privateKey"]["rotationPolicy"] == "Never"
    for workload in prod.workloads.values():
        mounted = {name for name, _ in prod.secret_mounts(workload)}
        assert not mounted & set(authorities), workload.name
    doors = {name for name, each in prod.of("Certificate").items() if each["spec"]["issuerRef"]["name"] == "doors"}
    assert doors == {"gateway-door"}


def test_no_pod_is_told_to_call_another_without_tls(prod: Manifests) -> None:
    for workload in prod.workloads.values():
        for name, value in prod.environment(workload).items():
            assert "http://" not in value, f"{workload.name}: {name}"


def test_the_gateway_calls_with_its_certificate_and_watches_what_it_shows_and_believes(prod: Manifests) -> None:
    gateway = prod.workloads["gateway"]
    assert mount(gateway, INSIDE, prod)["dnsNames"] == ["gateway"]
    resources, files = envoy(prod)
    outside = [each for each in resources["clusters"] if each["name"] != "admin"]
    assert {each["name"].replace("_", "-") for each in outside} == SERVERS
    for cluster in outside:
        context = cluster["transport_socket"]["typed_config"]["common_tls_context"]
        (shown,) = context["tls_certificate_sds_secret_configs"]
        secret = watched(files, shown)["tls_certificate"]
        assert secret["certificate_chain"]["filename"] == str(INSIDE / "tls.crt")
        assert secret["private_key"]["filename"] == str(INSIDE / "tls.key")
        believed = context["combined_validation_context"]
        (name,) = believed["default_validation_context"]["match_typed_subject_alt_names"]
        assert name == {"san_type": "DNS", "matcher": {"exact": cluster["name"].replace("_", "-")}}
        trust = watched(files, believed["validation_context_sds_secret_config"])["validation_context"]
        assert trust["trusted_ca"]["filename"] == str(INSIDE / "ca.crt")
        assert secret["watched_directory"] == trust["watched_directory"] == {"path": str(INSIDE)}


def test_both_doors_show_the_certificate_of_the_doors_and_nothing_else_does(prod: Manifests) -> None:
    assert mount(prod.workloads["gateway"], DOOR, prod)["issuerRef"]["name"] == "doors"
    resources, files = envoy(prod)
    doors = {each["name"]: each["filter_chains"][0] for each in resources["listeners"] if each["name"] != "figures"}
    assert set(doors) == {"gateway", "page"}
    for chain in doors.values():
        context = chain["transport_socket"]["typed_config"]["common_tls_context"]
        (shown,) = context["tls_certificate_sds_secret_configs"]
        secret = watched(files, shown)["tls_certificate"]
        assert secret["certificate_chain"]["filename"] == str(DOOR / "tls.crt")
    annotations = prod.of("Ingress")["platform"]["metadata"]["annotations"]
    assert annotations["alb.ingress.kubernetes.io/backend-protocol"] == "HTTPS"
    assert annotations["alb.ingress.kubernetes.io/healthcheck-protocol"] == "HTTPS"


def test_probes_ask_where_no_certificate_is_needed(manifests: Manifests) -> None:
    for name in SERVERS:
        workload = manifests.workloads[name]
        ports = {each["name"]: each["containerPort"] for each in workload.main["ports"]}
        assert manifests.environment(workload)["CNOP_OPS_PORT"] == str(ports["ops"])
        assert ports["ops"] != ports["http"]
        assert {each["httpGet"]["port"] for each in probes(workload)} == {"ops"}, name
        assert {each["httpGet"].get("scheme", "HTTP") for each in probes(workload)} == {"HTTP"}, name
    scheme = {"dev": None, "prod": "HTTPS"}[manifests.overlay]
    assert {each["httpGet"].get("scheme") for each in probes(manifests.workloads["gateway"])} == {scheme}


def test_development_is_plain_throughout(dev: Manifests) -> None:
    """Half of it would be worse than none: no certificate, no authority, nobody told of one."""
    assert not dev.of("Certificate")
    assert not [
        name for each in dev.workloads.values() for name in dev.environment(each) if name.startswith("CNOP_TLS")
    ]
    resources, _ = envoy(dev)
    assert not [each["name"] for each in resources["clusters"] if "transport_socket" in each]


def envoy(manifests: Manifests) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give the gateway's resources, and the files that are mounted beside its configuration."""
    (kept,) = (each["data"] for name, each in manifests.of("ConfigMap").items() if name.startswith("gateway"))
    files = {f"/etc/cnop/{name}": json.loads(text) for name, text in kept.items() if name.endswith(".json")}
    mounts = {each["mountPath"] for each in manifests.workloads["gateway"].main["volumeMounts"]}
    assert "/etc/cnop" in mounts
    return yaml.safe_load(kept["envoy.yaml"])["static_resources"], files


def watched(files: dict[str, Any], named: Json) -> Json:
    """Give the secret that a reference of Envoy's leads to."""
    (found,) = files[named["sds_config"]["path_config_source"]["path"]]["resources"]
    assert found["name"] == named["name"]
    return dict(found)
