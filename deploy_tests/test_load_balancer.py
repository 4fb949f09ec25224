"""Doors with an address of their own, for a cluster without an Ingress controller: those two and nothing else."""

from pathlib import Path

import pytest
import yaml
from manifests import Manifests, render
from test_manifests import VALIDATOR, VERSIONS
from tools import from_pypi, output


@pytest.fixture(scope="module")
def balanced(tmp_path_factory: pytest.TempPathFactory) -> Manifests:
    return Manifests("dev", render("load-balancer", tmp_path_factory.mktemp("balanced")))


def test_only_the_two_doors_get_an_address(balanced: Manifests) -> None:
    kinds = {name: each["spec"].get("type", "ClusterIP") for name, each in balanced.of("Service").items()}
    assert {name for name, kind in kinds.items() if kind != "ClusterIP"} == {"gateway", "frontend"}
    assert {kinds["gateway"], kinds["frontend"]} == {"LoadBalancer"}


def test_all_else_is_as_in_development(balanced: Manifests, dev: Manifests) -> None:
    def others(manifests: Manifests) -> list[tuple[str, str]]:
        return sorted((each["kind"], each["metadata"]["name"]) for each in manifests.documents)

    # Names of Secrets and ConfigMaps end in a hash of what they hold, and secrets are made for each.
    assert [each for each in others(balanced) if each[0] not in {"Secret", "ConfigMap"}] == [
        each for each in others(dev) if each[0] not in {"Secret", "ConfigMap"}
    ]


def test_the_gateway_sees_who_calls(balanced: Manifests) -> None:
    """It counts by address; behind a node's own, one client's failures would block all others."""
    for name in ("gateway", "frontend"):
        assert balanced.of("Service")[name]["spec"]["externalTrafficPolicy"] == "Local"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_cluster_takes_it(balanced: Manifests, version: str, tmp_path: Path) -> None:
    path = tmp_path / "objects.yaml"
    path.write_text(yaml.safe_dump_all(balanced.of("Service").values()))
    assert "WARN" not in output(from_pypi("kubernetes-validate", VALIDATOR), "--strict", "-k", version, path)
