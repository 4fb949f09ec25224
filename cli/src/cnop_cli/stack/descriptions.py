"""The services' API descriptions (OpenAPI documents), from which the gateway's configuration is derived.

A service builds its own description in a process of its own; the result is kept for as long as no source changes.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from cnop_cli import digest
from cnop_cli.errors import CommandError
from cnop_cli.stack.state import write_private
from cnop_cli.workspace import CACHE, ROOT

SERVICES: Final = {
    "user_service": "cnop_users",
    "inventory_service": "cnop_inventory",
    "order_service": "cnop_orders",
}
_SHARED: Final = ("services/core/src", "services/platform/src", "services/ledger/src")
_PROGRAM: Final = "import json, sys; import {module}.bootstrap as b; json.dump(b.describe(), sys.stdout)"

Documents = dict[str, dict[str, Any]]


def source_digest(*, root: Path = ROOT) -> str:
    """Give a digest over everything that the descriptions are made from."""
    folders = [*_SHARED, *(f"services/{service}/src" for service in SERVICES)]
    files = [file for folder in folders for file in (root / folder).rglob("*.py")]
    policies = list((root / "policies").glob("*.cedar*"))
    return digest.of_files([*files, *policies, root / "cli/requirements.txt"], root=root)


def load(*, cache: Path = CACHE, root: Path = ROOT) -> Documents:
    """Give the description of each service, built anew when a source changed.

    Raises:
        CommandError: a service cannot describe itself.
    """
    kept = cache / "openapi.json"
    wanted = source_digest(root=root)
    try:
        stored = json.loads(kept.read_text(encoding="utf-8"))
        if stored["digest"] == wanted:
            return dict(stored["documents"])
    except (OSError, ValueError, KeyError):
        pass
    documents = build()
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(kept, json.dumps({"digest": wanted, "documents": documents}))
    return documents


def build() -> Documents:
    """Ask every service for its description, all at the same time.

    Raises:
        CommandError: a service cannot describe itself.
    """
    running = {
        service: subprocess.Popen(
            [sys.executable, "-c", _PROGRAM.format(module=module)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for service, module in SERVICES.items()
    }
    outputs = {service: (process.communicate(), process.returncode) for service, process in running.items()}
    return {service: _parse(service, *answer, code=code) for service, (answer, code) in outputs.items()}


def _parse(service: str, output: bytes, errors: bytes, *, code: int) -> dict[str, Any]:
    if code:
        last = (errors.decode(errors="replace").strip().splitlines() or ["no output"])[-1]
        raise CommandError(f"{service} cannot describe its API: {last}")
    return dict(json.loads(output))
