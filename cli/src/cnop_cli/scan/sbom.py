"""Software bills of materials in the form of CycloneDX: what the platform and its page are made of."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from cnop_cli import page
from cnop_cli.errors import CommandError
from cnop_cli.workspace import ROOT

FOLDER: Final = ROOT / "var/security"
PYTHON_LOCK: Final = "cli/requirements.txt"


def write_python(programs: Path, *, folder: Path = FOLDER) -> int:
    """Write the bill of the Python packages that the platform runs on, with their hashes; return how many.

    Raises:
        CommandError: the generator failed, or the bill and the lock differ.
    """
    target = _target(folder, "sbom-python.cdx.json")
    argv = [
        programs / "cyclonedx-py", "requirements", "--output-reproducible", "--output-format", "JSON",
        "--output-file", target, ROOT / PYTHON_LOCK,
    ]  # fmt: skip
    done = subprocess.run(
        [str(part) for part in argv], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CommandError(f"cyclonedx-py failed: {done.stderr.strip()[-300:]}")
    return _count(target)


def write_npm(*, folder: Path = FOLDER) -> int:
    """Write the bill of what the page ships, as the lock names it; return how many packages.

    Raises:
        CommandError: npm failed.
    """
    target = _target(folder, "sbom-page.cdx.json")
    node = page.find_node(report=lambda text: print(text, file=sys.stderr))
    argv = [str(node.programs / "npm"), "sbom", "--sbom-format=cyclonedx", "--package-lock-only", "--omit=dev"]
    done = subprocess.run(
        argv,
        cwd=page.FOLDER,
        env=node.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CommandError(f"npm sbom failed: {done.stderr.strip()[-300:]}")
    target.write_text(done.stdout, encoding="utf-8")
    return _count(target)


def _target(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


def _count(path: Path) -> int:
    bill: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    components = bill.get("components", [])
    if bill.get("bomFormat") != "CycloneDX" or not components:
        raise CommandError(f"{path.name} is no bill of materials")
    return len(components)
