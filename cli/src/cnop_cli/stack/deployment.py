"""Secrets of a deployment in containers: the same shares as on one machine, in the shape that its mounts want.

Kustomize generates a Secret for each component from them; `kustomization.yaml` beside them names every file.
"""

import json
from pathlib import Path
from typing import Any, Final

from cnop_cli.stack import valkey
from cnop_cli.stack.secretstore import SHARES, SecretStore
from cnop_cli.stack.state import write_private

VALKEY_FOLDER: Final = Path("/etc/valkey")
"""Where the Valkey container finds its configuration."""


def prepare(folder: Path, *, valkey_host: str, valkey_port: int, valkey_tls: bool = False) -> None:
    """Make what is missing under `folder` and lay out every component's share; what is there is kept.

    Raises:
        CommandError: a folder or file is open to others, or the signing key cannot be made.
    """
    store = SecretStore(folder)
    store.prepare(valkey_port=valkey_port, valkey_host=valkey_host, valkey_tls=valkey_tls)
    passwords = {user: store.valkey_password(user) for user in valkey.RIGHTS}
    valkey.prepare(
        port=valkey_port, folder=folder / "valkey", passwords=passwords, seen_as=VALKEY_FOLDER, bind="0.0.0.0 -::*"
    )
    write_private(folder / "kustomization.yaml", json.dumps(kustomization(folder), indent=2) + "\n")


def kustomization(folder: Path) -> dict[str, Any]:
    """Give the kustomization (in JSON, which is YAML) that makes a Secret of each share and one of the signing keys."""
    shares = {name.replace("_", "-"): folder / name for name in (*SHARES, "valkey")}
    shares["user-service-signing"] = folder / "user_service" / "signing"
    return {
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "secretGenerator": [
            {"name": name, "files": sorted(str(path.relative_to(folder)) for path in share.iterdir() if path.is_file())}
            for name, share in shares.items()
        ],
    }
