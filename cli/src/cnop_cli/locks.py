"""Lock files: hashed requirements, one file for each thing that is installed by itself.

All are cut from one resolution (the development lock constrains the others), so a version is the same everywhere.
Each starts with a seal over its inputs and its own lines: a check needs no registry to tell that a file is current.
"""

import hashlib
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cnop_cli.errors import CommandError
from cnop_cli.workspace import ROOT, packages, read_toml, third_party

SEAL: Final = "# Made by `./cnop lock`; do not edit. Seal: "
DEVELOPMENT: Final = "requirements-dev.txt"
NODE: Final = "frontend/requirements-node.txt"
DEBUG: Final = "docker/dev/requirements.txt"
SCAN: Final = "cli/requirements-scan.txt"


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock file (path relative to the checkout) and the requirement lines that it answers."""

    path: str
    inputs: tuple[str, ...]


def wanted_locks(*, root: Path = ROOT) -> tuple[Lock, ...]:
    """Give every lock file of the workspace; the development lock, which constrains the rest, comes first."""
    ours = packages(root=root)
    groups = read_toml(root / "pyproject.toml")["dependency-groups"]
    everything = third_party([package.name for package in ours], among=ours)
    testing = [line for package in ours for line in package.testing]
    images = {
        "services/user_service": "cnop-users",
        "services/inventory_service": "cnop-inventory",
        "services/order_service": "cnop-orders",
        "gateway": "cnop-gateway",
        "frontend/server": "cnop-web",
    }
    return (
        _lock(DEVELOPMENT, [*everything, *testing, *groups["build"], *groups["dev"]]),
        _lock("cli/requirements.txt", [*everything, *groups["build"]]),
        _lock("cli/requirements-bootstrap.txt", groups["build"]),
        *(_lock(f"{folder}/requirements.txt", third_party([name], among=ours)) for folder, name in images.items()),
        _lock(NODE, groups["node"]),
        _lock(DEBUG, groups["debug"]),
        _lock(SCAN, groups["scan"]),
    )


def _lock(path: str, lines: Iterable[str]) -> Lock:
    return Lock(path=path, inputs=tuple(sorted(set(lines))))


def seal(*, inputs: tuple[str, ...], body: str) -> str:
    """Give the digest that ties a lock's lines to what they were resolved from."""
    return hashlib.sha256("\n".join([*inputs, "", body]).encode()).hexdigest()


def is_current(lock: Lock, *, root: Path = ROOT) -> bool:
    """Tells whether the lock file exists, answers its inputs and was not edited since."""
    path = root / lock.path
    if not path.is_file():
        return False
    first, _, body = path.read_text(encoding="utf-8").partition("\n")
    return first == SEAL + seal(inputs=lock.inputs, body=body)


def write(lock: Lock, *, uv: Path, upgrade: bool, root: Path = ROOT) -> None:
    """Resolve a lock and write it; pins that still fit are kept, unless `upgrade`.

    Raises:
        CommandError: uv found no resolution or could not reach the registry.
    """
    path = root / lock.path
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "requirements.txt"
        if path.exists():
            draft.write_bytes(path.read_bytes())
        alone = lock.path in {DEVELOPMENT, NODE, DEBUG, SCAN}
        options = [*([] if alone else ["-c", str(root / DEVELOPMENT)]), *(["--upgrade"] if upgrade else [])]
        argv = [
            str(uv), "pip", "compile", "-", "--universal", "--generate-hashes", "--python-version", "3.11",
            "--no-header", "--no-annotate", "--quiet", *options, "-o", str(draft),
        ]  # fmt: skip
        done = subprocess.run(argv, input="\n".join(lock.inputs), text=True, stdout=subprocess.DEVNULL, check=False)
        if done.returncode:
            raise CommandError(f"{lock.path} could not be resolved; the lines above say why")
        body = draft.read_text(encoding="utf-8")
    path.write_text(f"{SEAL}{seal(inputs=lock.inputs, body=body)}\n{body}", encoding="utf-8")
