"""What the scripts ask of kind, kubectl, Docker and Terraform, seen by programs that stand in for those."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from tools import ROOT

COMPONENTS = ("user_service", "inventory_service", "order_service", "gateway", "frontend", "operations")
# Notes how it was called; what it answers is in a file of its name beside it, as shell.
STAND_IN = """#!/bin/sh
printf '%s %s\\n' "${0##*/}" "$*" >>"$STAND_INS/calls"
if [ -f "$STAND_INS/${0##*/}.sh" ]; then . "$STAND_INS/${0##*/}.sh"; fi
"""
SIZES = """case "$*" in
  pull*python:*) touch "$STAND_INS/pulled" ;;
  *python:3.12-slim-bookworm) [ -f "$STAND_INS/pulled" ] || exit 1; echo 130000000 ;;
  'image inspect'*) echo 200000000 ;;
esac"""


@dataclass(frozen=True)
class StandIns:
    """Programs in a folder that comes first on the PATH."""

    folder: Path

    def answer(self, program: str, shell: str = "") -> None:
        """Put a program there that answers as some shell says."""
        path = self.folder / program
        path.write_text(STAND_IN)
        path.chmod(0o755)
        (self.folder / f"{program}.sh").write_text(shell)

    def run(self, script: str, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run a script of the project with them."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CNOP_", "TF_", "DOCKER"))}
        path = f"{self.folder}:{kept['PATH']}"
        return subprocess.run(
            [ROOT / "scripts" / script, *arguments],
            env={**kept, "PATH": path, "STAND_INS": str(self.folder), "KUBECONFIG": os.devnull, **variables},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    def calls(self, *programs: str) -> list[str]:
        """Give how these were called, in turn."""
        path = self.folder / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if line.split()[0] in programs]


@pytest.fixture
def stand_ins(tmp_path: Path) -> StandIns:
    made = StandIns(tmp_path)
    made.answer("docker", SIZES)
    made.answer("kind", "[ \"$*\" != 'get clusters' ] || echo order-processor")
    made.answer("kubectl", 'case "$*" in *"get deployments"*) echo deployment.apps/gateway ;; esac')
    made.answer("terraform")
    made.answer("aws", "echo 123456789012")
    return made


@pytest.mark.parametrize("environment", ["dev", "prod"])
@pytest.mark.parametrize("script", ["deploy.sh", "destroy.sh"])
def test_each_environment_has_a_state_of_its_own(stand_ins: StandIns, script: str, environment: str) -> None:
    done = stand_ins.run(script, "--type", "infra", "--environment", environment, "--yes")
    assert done.returncode == 0, done.stderr
    asked = [call.split()[2:] for call in stand_ins.calls("terraform")]
    chosen = [each for each in asked if each[0] == "workspace"]
    # Nothing is destroyed that was not there.
    assert chosen == [["workspace", "select", *(["-or-create"] if script == "deploy.sh" else []), environment]]
    assert asked.index(["init", "-input=false"]) < asked.index(chosen[0])
    changing = [number for number, each in enumerate(asked) if each[0] in {"plan", "apply", "destroy"}]
    assert changing
    assert asked.index(chosen[0]) < min(changing)


def test_a_dry_run_plans_in_the_environments_own_state(stand_ins: StandIns) -> None:
    done = stand_ins.run("deploy.sh", "--type", "infra", "--environment", "prod", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert [call.split()[2] for call in stand_ins.calls("terraform")] == ["init", "workspace", "plan"]


def deploy_to_kind(stand_ins: StandIns, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return stand_ins.run("deploy.sh", "--type", "k8s", "--environment", "dev", *arguments, **variables)


def test_the_images_of_the_overlay_are_loaded(stand_ins: StandIns) -> None:
    done = deploy_to_kind(stand_ins, CNOP_REGISTRY="example.org")
    assert done.returncode == 0, done.stderr
    wanted = " ".join(f"cnop/{name}:dev" for name in COMPONENTS)
    assert f"kind load docker-image --name order-processor {wanted}" in stand_ins.calls("kind")
    built = [call for call in stand_ins.calls("docker") if call.startswith("docker build --quiet")]
    assert [call.split("--tag ")[1].split()[0] for call in built] == wanted.split()
    assert all(
        "--context kind-order-processor" in call for call in stand_ins.calls("kubectl") if "kustomize" not in call
    )


def test_images_that_cannot_be_loaded_stop_the_deployment(stand_ins: StandIns) -> None:
    stand_ins.answer("kind", 'case "$*" in "get clusters") echo order-processor ;; *gateway:dev*) exit 1 ;; esac')
    assert deploy_to_kind(stand_ins).returncode != 0
    assert stand_ins.calls("kubectl") == []


def test_the_only_cluster_is_used_where_the_usual_one_is_not(stand_ins: StandIns) -> None:
    """As `kind create cluster` makes it without any configuration."""
    stand_ins.answer("kind", "[ \"$*\" != 'get clusters' ] || echo kind")
    done = deploy_to_kind(stand_ins)
    assert done.returncode == 0, done.stderr
    assert "the only one: 'kind'" in done.stderr
    assert any(call.startswith("kind load docker-image --name kind ") for call in stand_ins.calls("kind"))
    assert any("--context kind-kind apply" in call for call in stand_ins.calls("kubectl"))


@pytest.mark.parametrize(
    ("clusters", "named"),
    [("", {}), ("one\ntwo", {}), ("kind", {"CNOP_CLUSTER": "mine"})],
    ids=["none", "two", "other"],
)
def test_no_cluster_is_guessed(stand_ins: StandIns, clusters: str, named: dict[str, str]) -> None:
    stand_ins.answer("kind", f"[ \"$*\" != 'get clusters' ] || printf '{clusters}'".replace("\n", "\\n"))
    done = deploy_to_kind(stand_ins, **named)
    assert done.returncode == 1
    assert "kind create cluster --config kubernetes/kind-config.yaml" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert stand_ins.calls("docker", "kubectl") == []


def test_a_cluster_that_others_may_use_is_not_deleted(stand_ins: StandIns) -> None:
    stand_ins.answer("kind", "[ \"$*\" != 'get clusters' ] || echo kind")
    done = stand_ins.run("destroy.sh", "--type", "k8s", "--environment", "dev", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "kubectl --context kind-kind delete namespace order-processor" in done.stdout
    assert "delete cluster" not in done.stdout


def test_pods_are_started_anew_when_asked_to_and_waited_for(stand_ins: StandIns) -> None:
    assert deploy_to_kind(stand_ins).returncode == 0
    assert not [call for call in stand_ins.calls("kubectl") if "restart" in call]
    assert deploy_to_kind(stand_ins, "--restart").returncode == 0
    steps = [call.split()[3:5] for call in stand_ins.calls("kubectl")]
    again = steps.index(["rollout", "restart"])
    assert ["apply", "--server-side"] in steps[:again]
    assert ["rollout", "status"] in steps[again:]


def test_sizes_are_compared_with_a_base_that_the_build_did_not_leave_behind(stand_ins: StandIns) -> None:
    done = stand_ins.run("deploy-docker.sh", "-b", "all")
    assert done.returncode == 0, done.stderr
    assert "docker pull --quiet python:3.12-slim-bookworm" in stand_ins.calls("docker")
    added = {line.split()[0]: int(line.split()[2]) for line in done.stdout.splitlines()[1:]}
    assert added == dict.fromkeys(COMPONENTS, 70)


def test_an_image_over_its_budget_stops_the_build(stand_ins: StandIns) -> None:
    stand_ins.answer("docker", SIZES.replace("200000000", "400000000"))
    done = stand_ins.run("deploy-docker.sh", "-b", "all")
    assert done.returncode == 1
    assert "over its budget" in done.stderr


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (SIZES.replace('touch "$STAND_INS/pulled"', "exit 1"), "could not be pulled"),
        (SIZES.replace("echo 130000000", "echo"), "does not tell the size"),
    ],
)
def test_sizes_that_cannot_be_compared_are_said_so(stand_ins: StandIns, answers: str, said: str) -> None:
    stand_ins.answer("docker", answers)
    done = stand_ins.run("deploy-docker.sh", "-b", "gateway")
    assert done.returncode == 1
    assert said in done.stderr.splitlines()[-1]
    assert "budget" not in done.stderr


def test_a_container_that_ended_is_looked_at_too(stand_ins: StandIns, tmp_path: Path) -> None:
    """Compose lists only those that run, unless it is asked for all."""
    stand_ins.answer(
        "docker",
        'case "$*" in *" ps --all --quiet") echo one ;; "inspect "*" one") echo "store exited - 3" ;; esac',
    )
    done = stand_ins.run("deploy-docker.sh", "-d", "all", CNOP_SECRETS=str(tmp_path / "s"), CNOP_HEALTHY_SECONDS="1")
    assert done.returncode == 1
    assert "not healthy" in done.stderr


def test_taking_the_containers_down_leaves_none_of_any_profile(stand_ins: StandIns, tmp_path: Path) -> None:
    stand_ins.answer("docker", '[ -z "${COMPOSE_PROFILES:-}" ] || echo "$COMPOSE_PROFILES" >>"$STAND_INS/profiles"')
    done = stand_ins.run("destroy.sh", "--type", "docker", "--yes", CNOP_SECRETS=str(tmp_path / "s"))
    assert done.returncode == 0, done.stderr
    (down,) = [call for call in stand_ins.calls("docker") if " down " in call]
    assert "docker-compose.dev.yml" in down
    assert "--volumes" in down
    assert "monitoring" in (tmp_path / "profiles").read_text()
