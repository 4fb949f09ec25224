"""The scripts: each explains itself, refuses what it does not know in one line, and says what it would do."""

import os
import subprocess
from pathlib import Path

import pytest
from manifests import kubectl
from tools import ROOT

SCRIPTS = [
    "frontend/build.sh",
    "gateway/build.sh",
    "services/build.sh",
    "scripts/deploy-docker.sh",
    "scripts/deploy.sh",
    "scripts/destroy.sh",
    "scripts/promote.sh",
    "scripts/render.sh",
    "scripts/smoke-test.sh",
    "scripts/test-local.sh",
]


def run(script: str, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "KUBECONFIG": os.devnull, **variables}
    argv = [str(ROOT / script), *arguments]
    return subprocess.run(
        argv, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("script", SCRIPTS)
def test_each_script_explains_itself(script: str) -> None:
    done = run(script, "--help")
    assert done.returncode == 0, done.stderr
    assert Path(script).name in done.stdout
    assert len(done.stdout.splitlines()) >= 3


@pytest.mark.parametrize("script", sorted({*SCRIPTS} - {"scripts/smoke-test.sh"}))
def test_what_a_script_does_not_know_is_one_line(script: str) -> None:
    done = run(script, "--nonsense")
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "--nonsense" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--type", "k8s"), "--environment dev or --environment prod"),
        (("--environment", "dev"), "--type k8s or --type infra"),
        (("--type", "helm", "--environment", "dev"), "--type k8s or --type infra"),
        (("--type",), "takes a value"),
    ],
)
def test_a_deployment_needs_to_know_what_and_where(arguments: tuple[str, ...], said: str) -> None:
    done = run("scripts/deploy.sh", *arguments)
    assert done.returncode == 1
    assert said in done.stderr


def with_kubectl() -> dict[str, str]:
    return {"PATH": f"{Path(kubectl()).parent}:{os.environ['PATH']}"}


def test_a_dry_run_names_every_object_and_no_secret(tmp_path: Path) -> None:
    done = run("scripts/deploy.sh", "--type", "k8s", "--environment", "prod", "--dry-run", **with_kubectl())
    assert done.returncode == 0, done.stderr
    named = {line.strip() for line in done.stdout.splitlines()}
    assert {"Deployment/gateway", "Service/frontend", "NetworkPolicy/default-deny", "RoleBinding/operator"} <= named


def test_the_examples_values_are_not_deployed() -> None:
    done = run("scripts/deploy.sh", "--type", "k8s", "--environment", "prod", "--yes", **with_kubectl())
    assert done.returncode == 1
    assert "installation.env" in done.stderr


def test_nothing_is_deleted_unasked() -> None:
    done = run("scripts/destroy.sh", "--type", "docker")
    assert done.returncode == 1
    assert "--yes" in done.stderr


def test_a_dry_run_of_a_deletion_deletes_nothing() -> None:
    done = run("scripts/destroy.sh", "--type", "docker", "--dry-run")
    assert done.returncode == 0
    assert done.stdout.startswith("would run: ")


def test_without_an_engine_one_line_says_so() -> None:
    done = run("scripts/deploy-docker.sh", "--status", DOCKER_HOST="tcp://127.0.0.1:1")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1


def test_a_platform_that_is_away_fails_every_check() -> None:
    done = run("scripts/smoke-test.sh", "http://127.0.0.1:1", "http://127.0.0.1:1")
    assert done.returncode == 1
    assert "ok " not in done.stdout
    assert done.stdout.count("FAILED") == len(done.stdout.splitlines())
