"""Terraform with the AWS provider, or with a stand-in that has its schema."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tools import ROOT, absent, installed, output

SOURCE = ROOT / "terraform"
CLUSTER = {
    "oidc_provider_arn": "arn:aws:iam::123456789012:oidc-provider/oidc.example.org/id/1",
    "oidc_issuer": "https://oidc.example.org/id/1",
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-1"],
    "node_security_group_id": "sg-1",
}


@pytest.fixture(scope="session")
def terraform() -> str:
    return installed("terraform", package="terraform")


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The provider's schema from CNOP_TERRAFORM_STUB (a folder with `install`), or the provider itself."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    stub = os.environ.get("CNOP_TERRAFORM_STUB")
    if stub is None:
        return kept
    made = output(Path(stub) / "install", tmp_path_factory.mktemp("provider"), environment=kept)
    name, _, value = made.strip().splitlines()[-1].removeprefix("export ").partition("=")
    return {**kept, name: value}


@pytest.fixture(scope="session")
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
            absent("the AWS provider cannot be downloaded and CNOP_TERRAFORM_STUB names no stand-in for it")
    return folder


@pytest.fixture(scope="session")
def planned_policies(terraform: str, environment: dict[str, str], workspace: Path) -> dict[str, Any]:
    """What each role may do according to a plan of production on a cluster that is there already."""
    if "TF_CLI_CONFIG_FILE" not in environment:
        pytest.skip("a plan with the real provider needs an account; CNOP_TERRAFORM_STUB names a stand-in for it")
    users = json.loads((SOURCE / "valkey-rights.json").read_text())
    values = {
        "environment": "prod",
        "existing_cluster": CLUSTER,
        "valkey_passwords": dict.fromkeys(users, "0123456789abcdef" * 2),
    }
    (workspace / "plan.tfvars.json").write_text(json.dumps(values))
    output(terraform, "workspace", "select", "-or-create", "prod", folder=workspace, environment=environment)
    argv = [terraform, "plan", "-input=false", "-var-file=plan.tfvars.json", "-out=plan.bin"]
    output(*argv, folder=workspace, environment=environment)
    output(terraform, "workspace", "select", "default", folder=workspace, environment=environment)
    plan = json.loads(output(terraform, "show", "-json", "plan.bin", folder=workspace, environment=environment))
    policies = plan["planned_values"]["outputs"]["role_policies"]["value"]
    return {name: json.loads(text) for name, text in policies.items()}
