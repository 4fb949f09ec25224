"""What a cluster is told: well-formed, as powerless as can be, and complete."""

import json
from pathlib import Path

import pytest
import yaml
from manifests import Json, Manifests, Workload
from pydantic import ValidationError
from tools import ROOT, from_pypi, output

from cnop_cli.stack.secretstore import GIVEN, SHARES, VALKEY_USERS
from cnop_inventory.settings import FeedSettings, InventorySettings
from cnop_orders.settings import EngineSettings, OrderSettings
from cnop_users.settings import UsersSettings
from cnop_web.settings import WebSettings

VALIDATOR = "kubernetes-validate==1.37.0"
# The oldest version that the manifests promise to fit, and the newest that the validator knows.
VERSIONS = ("1.32", "1.37")
SETTINGS = {
    "user-service": UsersSettings,
    "inventory-service": InventorySettings,
    "order-service": OrderSettings,
    "price-feed": FeedSettings,
    "order-engine": EngineSettings,
    "web": WebSettings,
    "keys-rewrap": UsersSettings,
}
REPLICATED = {*SETTINGS, "gateway"} - {"keys-rewrap"}
# They answer nobody but Prometheus.
WORKERS = {"price-feed", "order-engine"}
# An object that a client applies carries a copy of itself in an annotation, which may have this many bytes.
ANNOTATION_BYTES = 262_144


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_fits_its_schema(manifests: Manifests, version: str, tmp_path: Path) -> None:
    path = tmp_path / "objects.yaml"
    # Other projects' kinds: their references are tested below, and certificates in test_mutual_tls.py.
    foreign = ("external-secrets.io", "cert-manager.io")
    known = [each for each in manifests.documents if each["apiVersion"].partition("/")[0] not in foreign]
    path.write_text(yaml.safe_dump_all(known))
    seen = output(from_pypi("kubernetes-validate", VALIDATOR), "--strict", "-k", version, path)
    assert "WARN" not in seen


def test_everything_is_in_the_one_namespace(manifests: Manifests) -> None:
    for each in manifests.documents:
        if each["kind"] != "Namespace":
            assert each["metadata"]["namespace"] == "order-processor", each["metadata"]["name"]
    labels = manifests.of("Namespace")["order-processor"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_every_pod_is_restricted(manifests: Manifests) -> None:
    """Pod Security Standards, level restricted, and beyond it a read-only root and no token for the cluster's API."""
    assert manifests.workloads
    for workload in manifests.workloads.values():
        pod, main = workload.pod, workload.main
        where = f"{workload.kind} {workload.name}"
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers", "ephemeralContainers"} & pod.keys(), where
        assert pod["securityContext"]["runAsNonRoot"] is True, where
        assert pod["securityContext"]["runAsUser"] > 0, where
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, where
        assert pod["automountServiceAccountToken"] is False, where
        assert pod["enableServiceLinks"] is False, where
        assert main["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }, where
        assert not any("hostPort" in port for port in main.get("ports", [])), where
        for volume in pod.get("volumes", []):
            assert volume.keys() - {"name"} <= {"configMap", "secret", "emptyDir"}, where
            assert "sizeLimit" in volume.get("emptyDir", {"sizeLimit": ""}), where


def test_every_container_has_requests_and_limits(manifests: Manifests) -> None:
    for workload in manifests.workloads.values():
        resources = workload.main["resources"]
        assert resources["requests"].keys() == resources["limits"].keys() == {"cpu", "memory"}, workload.name


def test_everything_that_serves_can_be_asked_whether_it_does(manifests: Manifests) -> None:
    for workload in manifests.workloads.values():
        if workload.name not in WORKERS and workload.main.get("ports"):
            assert workload.main.keys() >= {"livenessProbe"}, workload.name
            assert workload.main.keys() & {"startupProbe", "readinessProbe"}, workload.name


def test_replicas_stand_apart_and_are_replaced_one_by_one(manifests: Manifests) -> None:
    for name in REPLICATED:
        document, pod = manifests.workloads[name].document, manifests.workloads[name].pod
        assert document["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
        keys = {each["topologyKey"] for each in pod["topologySpreadConstraints"]}
        assert keys == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
        budget = manifests.of("PodDisruptionBudget")[name]["spec"]
        assert budget["maxUnavailable"] == 1
        assert budget["selector"]["matchLabels"].items() <= manifests.workloads[name].labels.items()
        scaler = manifests.of("HorizontalPodAutoscaler").get(name)
        least = scaler["spec"]["minReplicas"] if scaler else document["spec"]["replicas"]
        assert least >= 2, name


def test_a_server_stops_only_after_nobody_sends_it_anything(manifests: Manifests) -> None:
    for workload in manifests.workloads.values():
        if workload.name in REPLICATED - WORKERS:
            assert workload.main["lifecycle"]["preStop"], workload.name
            assert workload.pod["terminationGracePeriodSeconds"] >= 35, workload.name


def test_services_lead_to_ports_that_exist(manifests: Manifests) -> None:
    for name, service in manifests.of("Service").items():
        behind = [each for each in manifests.workloads.values() if selects(service["spec"]["selector"], each)]
        assert len(behind) == 1, name
        named = {port["name"] for port in behind[0].main["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= named, name


def test_the_two_doors_are_where_people_forward_ports_to(manifests: Manifests) -> None:
    services = manifests.of("Service")
    assert [port["port"] for port in services["frontend"]["spec"]["ports"]] == [80]
    assert [port["port"] for port in services["gateway"]["spec"]["ports"]] == [8080]


def test_what_prometheus_asks_for_is_there(manifests: Manifests) -> None:
    for name in WORKERS:
        (port,) = manifests.workloads[name].main["ports"]
        assert manifests.environment(manifests.workloads[name])["CNOP_METRICS_PORT"] == str(port["containerPort"])
    monitors = list(yaml.safe_load_all((ROOT / "monitoring/kubernetes/monitors.yaml").read_text()))
    services = [each["spec"]["endpoints"][0] for each in monitors if each["kind"] == "ServiceMonitor"]
    for endpoint in services:
        offered = {name for name, each in manifests.of("Service").items() if endpoint["port"] in names_of(each)}
        assert set(endpoint["relabelings"][0]["regex"].split("|")) == offered
    asked = {
        endpoint["targetPort"] for monitor in monitors for endpoint in monitor["spec"].get("podMetricsEndpoints", [])
    }
    given = {
        port["containerPort"]
        for workload in manifests.workloads.values()
        for port in workload.main.get("ports", [])
        if port["name"] == "metrics"
    }
    assert asked == given


def test_only_the_doors_are_reachable_from_outside(dev: Manifests, prod: Manifests) -> None:
    outside = {name for name, each in dev.of("Service").items() if each["spec"].get("type", "ClusterIP") != "ClusterIP"}
    assert outside == {"gateway", "frontend"}
    assert {each["spec"].get("type", "ClusterIP") for each in prod.of("Service").values()} == {"ClusterIP"}
    (ingress,) = prod.of("Ingress").values()
    (rule,) = ingress["spec"]["rules"]
    assert {path["backend"]["service"]["name"] for path in rule["http"]["paths"]} == {"frontend"}


def test_node_ports_are_those_of_the_local_cluster(dev: Manifests) -> None:
    kind = yaml.safe_load((ROOT / "kubernetes/kind-config.yaml").read_text())
    mapped = {each["containerPort"]: each["hostPort"] for each in kind["nodes"][0]["extraPortMappings"]}
    assert {each["listenAddress"] for each in kind["nodes"][0]["extraPortMappings"]} == {"127.0.0.1"}
    services = dev.of("Service")
    ports = {name: services[name]["spec"]["ports"][0]["nodePort"] for name in ("gateway", "frontend")}
    assert {name: mapped[port] for name, port in ports.items()} == {"gateway": 8080, "frontend": 3000}


def test_every_pod_has_an_account_of_its_own_that_exists(manifests: Manifests) -> None:
    accounts = manifests.of("ServiceAccount")
    for workload in manifests.workloads.values():
        own = "operations" if workload.kind in {"Job", "CronJob"} else workload.name
        assert workload.pod["serviceAccountName"] == own
        assert accounts[own]["automountServiceAccountToken"] is False


def test_each_account_in_production_has_its_role(prod: Manifests) -> None:
    for name, account in prod.of("ServiceAccount").items():
        assert account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"].endswith(f":role/cnop-prod-{name}")


def test_every_reference_leads_somewhere_and_nothing_is_made_for_nobody(manifests: Manifests) -> None:
    used_maps, used_secrets = set(), set()
    for workload in manifests.workloads.values():
        manifests.environment(workload)
        used_maps |= {each["configMapRef"]["name"] for each in workload.main.get("envFrom", [])}
        for variable in workload.main.get("env", []):
            if "valueFrom" in variable:
                used_maps.add(variable["valueFrom"]["configMapKeyRef"]["name"])
        used_maps |= {each["configMap"]["name"] for each in workload.pod.get("volumes", []) if "configMap" in each}
        used_secrets |= {name for name, _ in manifests.secret_mounts(workload)}
    assert used_maps == manifests.of("ConfigMap").keys()
    # An authority's key is for cert-manager alone.
    issued = {name for name, each in manifests.certificates.items() if not each.get("isCA")}
    assert used_secrets == manifests.of("Secret").keys() | manifests.of("ExternalSecret").keys() | issued


def test_each_component_gets_just_its_share_of_the_secrets(manifests: Manifests) -> None:
    for component, share in SHARES.items():
        if component == "cli":
            continue  # what jobs need of it is tested below
        workload = manifests.workloads[component.replace("_", "-")]
        names = {mount: name for name, mount in manifests.secret_mounts(workload)}
        wanted = set(share) | ({"cnop_valkey_url"} if component in VALKEY_USERS else set())
        # What only an operator can give is not made for development.
        wanted |= GIVEN.get(component, set()) if manifests.overlay == "prod" else set()
        assert manifests.secret_keys(names["/run/secrets/cnop"]) == wanted


def test_the_jobs_that_verify_find_their_keys(manifests: Manifests) -> None:
    for name in ("ledger-verify", "audit-verify", "audit-retire", "audit-archive"):
        if name not in manifests.workloads:
            assert (manifests.overlay, name) == ("dev", "audit-archive")
            continue
        ((secret, where),) = manifests.secret_mounts(manifests.workloads[name])
        assert where == "/state/secrets/vault"
        keys = manifests.secret_keys(secret)
        assert keys is not None
        assert keys >= {"cnop_ledger_key", "cnop_audit_key"}
        assert manifests.workloads[name].main["args"][2:4] == ["--state", "/state"]


def test_no_job_of_the_clock_is_started_while_its_last_run_goes_on(manifests: Manifests) -> None:
    jobs = manifests.of("CronJob")
    assert jobs.keys() >= {"ledger-verify", "audit-verify", "audit-retire", "keys-rewrap"}
    assert {each["spec"]["concurrencyPolicy"] for each in jobs.values()} == {"Forbid"}


@pytest.mark.parametrize("component", SETTINGS)
def test_each_process_accepts_the_settings_that_it_is_given(
    dev: Manifests, component: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    workload = dev.workloads[component]
    environment = dev.environment(workload)
    for secret, where in dev.secret_mounts(workload):
        folder = tmp_path / where.strip("/")
        folder.mkdir(parents=True)
        for name, content in dev.secret_files(secret).items():
            (folder / name).write_bytes(content)
    for name, value in environment.items():
        monkeypatch.setenv(name, value.replace("/run/secrets", str(tmp_path / "run/secrets")))
    settings = SETTINGS[component]()  # type: ignore[call-arg]  # the values come from the environment
    assert settings.environment == "local"


@pytest.mark.parametrize("component", SETTINGS)
def test_production_gives_each_process_every_setting_that_has_no_default(prod: Manifests, component: str) -> None:
    workload = prod.workloads[component]
    given = {name.lower() for name in prod.environment(workload)}
    for secret, _ in prod.secret_mounts(workload):
        given |= prod.secret_keys(secret) or set()
    # Where a process listens is its image's business.
    required = {f"cnop_{name}" for name, field in SETTINGS[component].model_fields.items() if field.is_required()}
    assert required <= given
    assert prod.environment(workload)["CNOP_ENVIRONMENT"] == "production"


def test_production_has_real_prices_and_a_sender_for_letters(prod: Manifests) -> None:
    assert prod.environment(prod.workloads["price-feed"])["CNOP_FEED"] in {"coinbase", "coingecko"}
    for name in ("user-service", "keys-rewrap"):
        domain = prod.environment(prod.workloads[name])["CNOP_TOKEN_ISSUER"].removeprefix("https://")
        assert prod.environment(prod.workloads[name])["CNOP_MAIL_FROM"].endswith(f"@{domain}")
        assert "cnop_smtp_url" in (prod.secret_keys("user-service") or ())


def test_a_setting_that_is_missing_would_be_noticed() -> None:
    with pytest.raises(ValidationError):
        EngineSettings(environment="production", store="dynamodb://us-east-1/cnop-prod")  # type: ignore[call-arg]  # on purpose


def test_secrets_come_from_the_components_own_place_by_its_own_role(prod: Manifests) -> None:
    stores = prod.of("SecretStore")
    for name, external in prod.of("ExternalSecret").items():
        spec = external["spec"]
        store = spec["secretStoreRef"]["name"]
        account = stores[store]["spec"]["provider"]["aws"]["auth"]["jwt"]["serviceAccountRef"]["name"]
        assert account == store
        assert {"cli": "operations", "user-service-signing": "user-service"}.get(name, name) == account
        places = [each["remoteRef"]["key"] for each in spec.get("data", [])]
        places += [each["extract"]["key"] for each in spec.get("dataFrom", [])]
        assert set(places) == {f"cnop/prod/{name}"}
        for each in spec.get("data", []):
            assert each["secretKey"] == each["remoteRef"]["property"]


def test_no_secret_is_in_what_the_repository_holds(prod: Manifests) -> None:
    assert not prod.of("Secret")
    assert "%ENVIRONMENT(CNOP_GATEWAY_SECRET)%" in gateway_text(prod)


def test_the_gateways_settings_are_those_of_the_platform(manifests: Manifests) -> None:
    path = ROOT / f"kubernetes/overlays/{manifests.overlay}/gateway/settings.yaml"
    settings = yaml.safe_load(path.read_text())
    environment = manifests.environment(manifests.workloads["user-service"])
    assert settings["issuer"] == environment["CNOP_TOKEN_ISSUER"]
    assert settings["audience"] == environment["CNOP_TOKEN_AUDIENCE"]
    assert settings["jwks_uri"] == environment["CNOP_JWKS_URL"]
    assert settings["cors_origins"] == environment["CNOP_FRONTEND_ORIGINS"].split(",")
    assert settings["environment"] == environment["CNOP_ENVIRONMENT"]
    upstreams = json.loads(manifests.environment(manifests.workloads["web"])["CNOP_UPSTREAMS"])
    scheme = "https" if manifests.overlay == "prod" else "http"
    named = {name: f"{scheme}://{each['host']}:{each['port']}" for name, each in settings["upstreams"].items()}
    assert named == upstreams


def test_a_client_can_apply_every_object(manifests: Manifests) -> None:
    for each in manifests.documents:
        size = len(json.dumps(each))
        assert size < ANNOTATION_BYTES, f"{each['kind']} {each['metadata']['name']}: {size} bytes"


@pytest.mark.parametrize("folder", ["docker", "kubernetes/overlays/dev", "kubernetes/overlays/prod"])
def test_the_gateways_configuration_is_current(folder: str, tmp_path: Path) -> None:
    kept = ROOT / folder / "gateway"
    output(ROOT / "cnop", "gateway", "render", "--settings", kept / "settings.yaml", "--into", tmp_path)
    wanted = {each.name: each.read_text() for each in tmp_path.iterdir()}
    same = {each.name: each.read_text() for each in kept.glob("*.json")} | {
        "envoy.yaml": (kept / "envoy.yaml").read_text()
    } == wanted
    assert same, "run scripts/render.sh and commit what it writes"


def test_the_rendered_production_set_is_current(prod: Manifests) -> None:
    kept = yaml.safe_load_all((ROOT / "kubernetes/deployment.yaml").read_text())
    same = [each for each in kept if each] == prod.documents
    assert same, "run scripts/render.sh and commit what it writes"


def names_of(service: Json) -> set[str]:
    return {port["name"] for port in service["spec"]["ports"]}


def selects(selector: dict[str, str], workload: Workload) -> bool:
    return selector.items() <= workload.labels.items()


def gateway_text(manifests: Manifests) -> str:
    (found,) = (each for name, each in manifests.of("ConfigMap").items() if name.startswith("gateway"))
    return str(found["data"]["envoy.yaml"])
