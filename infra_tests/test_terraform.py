"""The configuration in terraform/: well-formed, valid, tested, and without a weakness that nobody has answered for."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from terraform_tools import SOURCE
from tools import from_pypi, output

from cnop_cli.stack.secretstore import GIVEN, SHARES, VALKEY_USERS
from cnop_cli.stack.valkey import RIGHTS, acl_line

CHECKOV = "checkov==3.3.30"


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
        name.replace("_", "-"): sorted(
            [*share, *GIVEN.get(name, ()), *(["cnop_valkey_url"] if name in VALKEY_USERS else [])]
        )
        for name, share in SHARES.items()
    }
    assert {name: sorted(share) for name, share in places.items()} == wanted


def test_no_key_of_an_account_is_written_anywhere() -> None:
    for path in SOURCE.rglob("*.tf*"):
        text = path.read_text(encoding="utf-8")
        assert "access_key" not in text, path
        assert "AKIA" not in text, path
