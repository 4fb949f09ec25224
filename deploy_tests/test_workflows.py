"""The pipeline: well-formed, pinned, with no more rights than needed, and nothing of what it builds unsigned."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from tools import ROOT, from_pypi, output

FOLDER = ROOT / ".github"
WORKFLOWS = sorted((FOLDER / "workflows").glob("*.yml"))
DEPENDABOT = FOLDER / "dependabot.yml"
ZIZMOR = "zizmor==1.32.0"
SCHEMAS = "check-jsonschema==0.39.0"
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
VERSION = re.compile(r"# v\d+\.\d+\.\d+$")
IMAGES = {path.parent.name for path in (ROOT / "docker").glob("*/Dockerfile")} - {"dev"}
# Who may write, what, and nothing else.
WRITES = {("release.yml", "image"): {"packages", "id-token", "attestations"}}


def parsed(path: Any) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text()))


def jobs() -> list[tuple[str, str, dict[str, Any]]]:
    return [(path.name, name, job) for path in WORKFLOWS for name, job in parsed(path)["jobs"].items()]


def steps() -> list[dict[str, Any]]:
    return [step for _, _, job in jobs() for step in job.get("steps", [])]


def test_zizmor_finds_nothing() -> None:
    output(from_pypi("zizmor", ZIZMOR), "--offline", "--persona=pedantic", "--no-progress", FOLDER)


def test_files_follow_the_schemas_of_their_readers() -> None:
    check = from_pypi("check-jsonschema", SCHEMAS)
    output(check, "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)
    output(check, "--builtin-schema", "vendor.dependabot", DEPENDABOT)


def test_actions_are_pinned_by_commit_with_their_version_beside_it() -> None:
    lines = [line.strip() for path in WORKFLOWS for line in path.read_text().splitlines() if "uses:" in line]
    # A file of this repository is that of the same commit.
    lines = [line for line in lines if "uses: $/" not in line]
    assert len(lines) >= 10
    for line in lines:
        assert PINNED.search(line), line
        assert VERSION.search(line), line
    # One version of each, wherever it is used.
    assert len({step["uses"] for step in steps() if "uses" in step}) == len(
        {step["uses"].partition("@")[0] for step in steps() if "uses" in step}
    )


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_rights_are_given_to_jobs_and_are_few(path: Any) -> None:
    workflow = parsed(path)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        # Jobs of another file have their own bounds.
        assert "uses" in job or job["timeout-minutes"] <= 45, name
        granted = dict(job["permissions"])
        assert granted.pop("contents") == "read", name
        assert set(granted) == WRITES.get((path.name, name), set()), name


def test_no_checkout_leaves_the_token_behind() -> None:
    for step in steps():
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"] == {"persist-credentials": False}


def test_every_image_is_built_listed_and_signed() -> None:
    job = parsed(FOLDER / "workflows/release.yml")["jobs"]["image"]
    assert set(job["strategy"]["matrix"]["image"]) == IMAGES
    used = " ".join(step.get("uses", "") for step in job["steps"])
    for action in ("anchore/sbom-action", "actions/attest-build-provenance", "actions/attest-sbom"):
        assert action in used


def test_what_is_released_is_built_on_base_images_fixed_by_their_digests() -> None:
    jobs = parsed(FOLDER / "workflows/release.yml")["jobs"]
    (asking,) = (step for step in jobs["bases"]["steps"] if step["id"] == "digests")
    (building,) = (step["run"] for step in jobs["image"]["steps"] if step.get("id") == "build")
    bases = {
        (image, argument)
        for path in (ROOT / "docker").glob("*/Dockerfile")
        for image, argument in re.findall(r"^FROM (\S+?)\$\{(\w+_DIGEST)", path.read_text(), re.MULTILINE)
    }
    assert {argument for _, argument in bases} == {"PYTHON_DIGEST", "NODE_DIGEST"}
    for image, argument in bases:
        output = argument.removesuffix("_DIGEST").lower()
        assert f"{output}=$(docker buildx imagetools inspect {image} " in asking["run"]
        assert jobs["image"]["env"][argument] == f"${{{{ needs.bases.outputs.{output} }}}}"
        # Without a digest the build would take whatever the tag names.
        assert f'--build-arg "{argument}=${{{argument}:?}}"' in building


def test_nothing_is_released_before_everything_holds_on_its_commit() -> None:
    release, ci = parsed(FOLDER / "workflows/release.yml"), parsed(FOLDER / "workflows/ci.yml")
    (gate,) = (name for name, job in release["jobs"].items() if job.get("uses") == "$/.github/workflows/ci.yml")
    for name, job in release["jobs"].items():
        writes = set(job["permissions"].values()) & {"write"}
        assert not writes or gate in job["needs"], name
        assert "if" not in job, name
    # YAML 1.1 reads the key `on` as true.
    assert "workflow_call" in ci[True]  # type: ignore[index]  # as above
    stages = {word for job in ci["jobs"].values() for step in job["steps"] for word in step.get("run", "").split()}
    assert stages >= {"check", "unit", "dynamodb", "integration", "deploy", "containers", "security"}


def test_an_image_s_name_has_no_capital_letters_whoever_owns_it(tmp_path: Path) -> None:
    jobs = parsed(FOLDER / "workflows/release.yml")["jobs"]
    (naming,) = (step for step in jobs["bases"]["steps"] if step["id"] == "name")
    said = tmp_path / "output"
    given = {"GITHUB_REPOSITORY": "Some-Owner/Cloud-Native", "GITHUB_OUTPUT": str(said)}
    output("bash", "-euo", "pipefail", "-c", naming["run"], environment={**os.environ, **given})
    assert said.read_text() == "registry=ghcr.io/some-owner/cloud-native\n"
    assert jobs["image"]["env"]["REPOSITORY"] == "${{ needs.bases.outputs.registry }}/${{ matrix.image }}"


@pytest.mark.parametrize(("workflow", "job"), [("release", "image"), ("upkeep", "images")])
def test_every_image_is_looked_through_for_known_weaknesses(workflow: str, job: str) -> None:
    found = parsed(FOLDER / f"workflows/{workflow}.yml")["jobs"][job]
    assert set(found["strategy"]["matrix"]["image"]) == IMAGES
    (scan,) = (step for step in found["steps"] if step.get("uses", "").startswith("anchore/scan-action@"))
    assert scan["with"]["fail-build"] is True
    assert scan["with"]["severity-cutoff"] == "high"
    # Nothing weak is pushed.
    names = [step.get("id") or step.get("uses", "") for step in found["steps"]]
    assert "push" not in names[: names.index(scan["uses"])]


def test_every_lock_is_looked_through_for_known_weaknesses(tmp_path: Path) -> None:
    job = parsed(FOLDER / "workflows/upkeep.yml")["jobs"]["packages"]
    said = "\n".join(step.get("run", "") for step in job["steps"])
    version = re.search(r"pip-audit==\S+", said)
    assert version is not None
    assert "npm audit" in said
    locks = output("git", "ls-files", "*requirements*.txt").split()
    assert len(locks) > 5
    # What it would ask about, without asking anybody.
    audit = from_pypi("pip-audit", version[0])
    # Each alone, as they may fix different versions; the largest has all that there can be in a line.
    lock = max(locks, key=lambda path: (ROOT / path).stat().st_size)
    output(audit, "--dry-run", "--disable-pip", "--require-hashes", "--requirement", lock)


def test_dependabot_watches_every_folder_that_names_something_of_others() -> None:
    entries = {each["package-ecosystem"]: each for each in parsed(DEPENDABOT)["updates"]}
    watched = {name: set(each.get("directories", [each.get("directory")])) for name, each in entries.items()}
    assert watched["docker"] == {f"/docker/{path.parent.name}" for path in (ROOT / "docker").glob("*/Dockerfile")}
    pinned = {path.parent for path in (ROOT / "terraform").rglob("*.tf") if "required_providers" in path.read_text()}
    assert watched["terraform"] == {f"/{path.relative_to(ROOT)}" for path in pinned if "modules" not in path.parts}
    assert watched["npm"] == {"/frontend"}
    for each in entries.values():
        assert each["cooldown"]["default-days"] >= 7
