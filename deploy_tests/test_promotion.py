"""From the release to production: images for the nodes that there are, from a registry that they were put into."""

import re
from pathlib import Path

import pytest
import yaml
from manifests import Manifests
from test_deploying import COMPONENTS, StandIns
from tools import ROOT

INSTALLATION = ROOT / "kubernetes/overlays/prod/installation.env"
RELEASE = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]["image"]
DIGEST = f"sha256:{'ab' * 32}"
ARCHITECTURES = {"BOTTLEROCKET_x86_64": "linux/amd64", "BOTTLEROCKET_ARM_64": "linux/arm64"}


@pytest.fixture
def stand_ins(tmp_path: Path) -> StandIns:
    made = StandIns(tmp_path)
    made.answer("docker", f'case "$*" in *"imagetools inspect"*) echo {DIGEST} ;; login*) cat >/dev/null ;; esac')
    made.answer("gh")
    made.answer("aws", "echo a-password")
    return made


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    """Values of somebody's own, whose name has a capital."""
    path = tmp_path / "installation.env"
    text = INSTALLATION.read_text().replace("000000000000", "123456789012")
    path.write_text(re.sub("^repository=.*", "repository=Someone/shop", text, flags=re.MULTILINE))
    return path


def test_images_are_built_for_the_nodes_that_run_them() -> None:
    nodes = re.search(r'ami_type\s+= "(\w+)"', (ROOT / "terraform/modules/cluster/main.tf").read_text())
    built = [re.search(r"--platform (\S+)", step.get("run", "")) for step in RELEASE["steps"]]
    assert nodes is not None
    assert [each[1] for each in built if each] == [ARCHITECTURES[nodes[1]]]


def test_images_are_copied_from_where_the_release_puts_them_to_where_production_looks(
    stand_ins: StandIns, installation: Path, prod: Manifests
) -> None:
    done = stand_ins.run("promote.sh", CNOP_INSTALLATION=str(installation))
    assert done.returncode == 0, done.stderr
    copies = [call.split()[-2:] for call in stand_ins.calls("docker") if " create --tag " in call]
    assert RELEASE["env"]["IMAGE"] == "${{ matrix.image }}"
    assert [source for _, source in copies] == [f"ghcr.io/someone/shop/{name}@{DIGEST}" for name in COMPONENTS]
    wanted = {workload.main["image"].replace("000000000000", "123456789012") for workload in prod.workloads.values()}
    assert {target for target, _ in copies} == wanted
    # The same places that Terraform makes.
    made = re.search(r"images = toset\(\[(.*)\]\)", (ROOT / "terraform/registry.tf").read_text())
    assert made is not None
    assert set(re.findall(r"\w+", made[1])) == set(COMPONENTS)


def test_nothing_is_copied_before_all_is_proven(stand_ins: StandIns, installation: Path) -> None:
    stand_ins.answer("gh", f'case "$*" in *operations@{DIGEST}*) exit 1 ;; esac')
    done = stand_ins.run("promote.sh", CNOP_INSTALLATION=str(installation))
    assert done.returncode == 1
    assert "was not built by the release" in done.stderr
    assert not [call for call in stand_ins.calls("docker") if " create " in call]
    (first, *_) = stand_ins.calls("gh")
    assert "--signer-workflow Someone/shop/.github/workflows/release.yml --source-ref refs/tags/v0.1.0" in first


def test_a_dry_run_copies_nothing_and_signs_in_nowhere(stand_ins: StandIns, installation: Path) -> None:
    done = stand_ins.run("promote.sh", "--dry-run", CNOP_INSTALLATION=str(installation))
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(COMPONENTS)
    assert not [call for call in stand_ins.calls("docker") if " create " in call or " login " in call]


def test_the_examples_values_are_not_promoted(stand_ins: StandIns) -> None:
    done = stand_ins.run("promote.sh")
    assert done.returncode == 1
    assert "example's values" in done.stderr
    assert stand_ins.calls("docker", "gh", "aws") == []
