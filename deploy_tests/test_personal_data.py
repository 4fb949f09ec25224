"""How production seals people's data, and how it keeps whom it erased: by what Terraform makes for that."""

import re
from pathlib import Path

import pytest
from manifests import Manifests
from tools import ROOT

from cnop_platform.store.open import DynamoPlace, locate

# Who seals people's data: the service, and the job that wraps its keys anew.
SEALERS = {"user-service", "keys-rewrap"}
# The platform itself asks nothing but the bucket of the audit archive, and that only for an operator.
SOURCES = {
    "user_service": ("services/user_service",),
    "inventory_service": ("services/inventory_service",),
    "order_service": ("services/order_service",),
    "frontend": ("frontend/server",),
    "operations": ("services", "cli"),
}


def test_people_are_sealed_by_kms_wherever_they_are_sealed_and_nowhere_else(prod: Manifests) -> None:
    named = {name: prod.environment(each).get("CNOP_DATA_KMS_KEY") for name, each in prod.workloads.items()}
    installation = prod.environment(prod.workloads["user-service"])
    region = installation["AWS_REGION"]
    assert {name for name, key in named.items() if key} == SEALERS
    for name in SEALERS:
        assert re.fullmatch(rf"arn:aws:kms:{region}:[0-9]{{12}}:alias/cnop-prod-people", named[name] or ""), name


def test_erasures_are_kept_in_a_table_of_their_own(prod: Manifests) -> None:
    environment = prod.environment(prod.workloads["user-service"])
    store, register = locate(environment["CNOP_STORE"]), locate(environment["CNOP_ERASURE_REGISTER"])
    assert isinstance(store, DynamoPlace)
    assert register == DynamoPlace(store.region, f"{store.table}-erasures", None)
    # What terraform/tests/store.tftest.hcl says of that table's name.
    assert register.table == "cnop-prod-erasures"


@pytest.mark.parametrize("image", SOURCES)
def test_an_image_keeps_what_botocore_must_know_of_each_service_that_is_asked(image: str) -> None:
    """Without its description, botocore knows no service of that name, and nothing would say so before production."""
    dockerfile = (ROOT / "docker" / image / "Dockerfile").read_text()
    kept = set(re.findall(r"! -name '?([a-z0-9]+)\*?'?", dockerfile))
    assert asked_by(image) <= kept
    assert kept >= {"sts", "sso", "signin"}, "credentials come from these"


def test_the_user_service_asks_kms() -> None:
    assert asked_by("user_service") == {"kms"}
    assert asked_by("operations") == {"kms", "s3"}


def asked_by(image: str) -> set[str]:
    sources = [path for folder in SOURCES[image] for path in Path(ROOT / folder).rglob("src/**/*.py")]
    assert sources
    return {name for path in sources for name in re.findall(r'create_client\(\s*"(\w+)"', path.read_text())}
