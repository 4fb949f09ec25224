"""The configuration in terraform/: well-formed, valid, tested, and without a weakness that nobody has answered for."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tools import ROOT, from_pypi, installed, output

from cnop_cli.stack.secretstore import SHARES, VALKEY_USERS
from cnop_cli.stack.valkey import RIGHTS, acl_line

SOURCE = ROOT / "terraform"
CHECKOV = "checkov==3.3.30"


@pytest.fixture(scope="module")
def terraform() -> str:
    return installed("terraform", package="terraform")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The provider's schema from CNOP_TERRAFORM_STUB (a folder with `install`), or the provider itself."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    stub = os.environ.get("CNOP_TERRAFORM_STUB")
    if stub is None:
        return kept
    made = output(Path(stub) / "install", tmp_path_factory.mktemp("provider"), environment=kept)
    name, _, value = made.strip().splitlines()[-1].removeprefix("export ").partition("=")
    return {**kept, name: value}


@pytest.fixture(scope="module")
def workspace(terraform: str, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with its modules, and with the provider where that is not the stub."""
    folder = tmp_path_factory.mktemp("terraform") / "terraform"
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns(".terraform", "backend.tf", "*.tfstate*"))
    if "TF_CLI_CONFIG_FILE" in environment:
        output(terraform, "get", folder=folder, environment=environment)
        return folder
    for each in (folder, folder / "state"):
        done = subprocess.run(
            [terraform, "init", "-input=false", "-backend=false"],
            cwd=each,
            env=environment,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            pytest.skip("the AWS provider cannot be downloaded and CNOP_TERRAFORM_STUB names no stand-in for it")
    return folder


def test_is_formatted(terraform: str) -> None:
    assert output(terraform, "fmt", "-check", "-recursive", "-diff", SOURCE) == ""


@pytest.mark.parametrize("folder", [".", "state"])
def test_is_valid(terraform: str, environment: dict[str, str], workspace: Path, folder: str) -> None:
    seen = json.loads(output(terraform, "validate", "-json", folder=workspace / folder, environment=environment))
    assert seen["error_count"] == 0


def test_its_own_tests_pass(terraform: str, environment: dict[str, str], workspace: Path) -> None:
    assert "Success!" in output(terraform, "test", "-no-color", folder=workspace, environment=environment)


def test_checkov_finds_nothing_without_an_answer(tmp_path: Path) -> None:
    checkov = from_pypi("checkov", CHECKOV)
    # It would ask its maker's server for advice on every run.
    offline = {**os.environ, "BC_API_URL": "", "LOG_LEVEL": "CRITICAL"}
    report = output(
        checkov, "-d", SOURCE, "--framework", "terraform", "--output", "json", "--soft-fail", environment=offline
    )
    results = json.loads(report)["results"]
    assert len(results["passed_checks"]) > 100
    assert [f"{each['check_id']} {each['resource']}" for each in results["failed_checks"]] == []
    answers = [each["check_result"]["suppress_comment"] for each in results["skipped_checks"]]
    assert all(len(answer.split()) >= 5 for answer in answers)


def test_valkey_users_have_the_rights_that_the_program_gives_them() -> None:
    granted = {user: acl_line(user, rights, password="").split(maxsplit=6)[6] for user, rights in RIGHTS.items()}
    assert json.loads((SOURCE / "valkey-rights.json").read_text()) == granted


def test_each_component_has_a_place_for_each_of_its_secrets(
    terraform: str, environment: dict[str, str], workspace: Path
) -> None:
    asked = "jsonencode(local.secret_shares)\n"
    done = subprocess.run(
        [terraform, "console", "-var=environment=dev"],
        cwd=workspace, env=environment, input=asked, capture_output=True, text=True, check=True,
    )  # fmt: skip
    places = json.loads(json.loads(done.stdout.strip().splitlines()[-1]))
    del places["user-service-signing"]
    wanted = {
        name.replace("_", "-"): sorted([*share, *(["cnop_valkey_url"] if name in VALKEY_USERS else [])])
        for name, share in SHARES.items()
    }
    assert {name: sorted(share) for name, share in places.items()} == wanted


def test_no_key_of_an_account_is_written_anywhere() -> None:
    for path in SOURCE.rglob("*.tf*"):
        text = path.read_text(encoding="utf-8")
        assert "access_key" not in text, path
        assert "AKIA" not in text, path
