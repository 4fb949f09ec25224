"""The platform in containers, for tests: built, started on free ports, looked into, hurt, and removed."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from tools import ROOT, output

DEPLOY = ROOT / "scripts/deploy-docker.sh"
PORTS = ("CNOP_GATEWAY_PORT", "CNOP_PAGE_PORT", "CNOP_USER_PORT", "CNOP_INVENTORY_PORT", "CNOP_ORDER_PORT")
_BUILD_SECONDS = 1500
_RECOVERY_SECONDS = 90


@contextlib.contextmanager
def engine() -> Iterator[None]:
    """Make sure that a container engine answers: the one that is there, or one that CNOP_CONTAINER_PREPARE starts.

    That program prints `engine: PID` when it started one, which is ended afterwards.
    """
    prepare = os.environ.get("CNOP_CONTAINER_PREPARE")
    started = None
    if prepare:
        said = subprocess.run([prepare], stdout=subprocess.PIPE, text=True, check=True, timeout=900).stdout
        started = next((int(line.split()[1]) for line in said.splitlines() if line.startswith("engine: ")), None)
    elif (
        shutil.which("docker") is None
        or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode
    ):
        pytest.skip("no container engine answers, and CNOP_CONTAINER_PREPARE names no program that starts one")
    try:
        yield
    finally:
        if started is not None:
            os.kill(started, signal.SIGTERM)


@dataclass
class ContainerPlatform:
    """A running platform of its own project."""

    folder: Path
    project: str = field(default_factory=lambda: f"cnop-test-{secrets.token_hex(3)}")
    ports: dict[str, int] = field(default_factory=lambda: dict(zip(PORTS, free_ports(len(PORTS)), strict=True)))
    said: str = ""

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{self.ports['CNOP_GATEWAY_PORT']}"

    @property
    def page(self) -> str:
        return f"http://localhost:{self.ports['CNOP_PAGE_PORT']}"

    @property
    def origins(self) -> list[str]:
        return [f"http://{host}:{self.ports['CNOP_PAGE_PORT']}" for host in ("localhost", "127.0.0.1")]

    def environment(self) -> dict[str, str]:
        """Give what the deployment is told."""
        return {
            **os.environ,
            **{name: str(port) for name, port in self.ports.items()},
            "CNOP_TAG": self.project,
            "CNOP_PROJECT": self.project,
            "CNOP_SECRETS": str(self.secrets),
            "CNOP_GATEWAY_CONFIGURATION": str(self.folder / "envoy.yaml"),
            "CNOP_FRONTEND_ORIGINS": ",".join(self.origins),
            # Everybody comes from the engine's own address, so that one test's failed sign-ins would block all others.
            "CNOP_LOGIN_ADDRESS_FAILURES": "100000",
            "CNOP_LOGIN_NETWORK_FAILURES": "100000",
        }

    def addresses(self) -> dict[str, str]:
        """Give the variables by which the black-box tests find it."""
        services = {
            name: f"http://127.0.0.1:{self.ports[f'CNOP_{name}_PORT']}" for name in ("USER", "INVENTORY", "ORDER")
        }
        return {
            "CNOP_BASE_URL": self.gateway,
            "CNOP_PAGE_URL": self.page,
            **{f"CNOP_{name}_URL": url for name, url in services.items()},
        }

    def render_gateway(self) -> None:
        """Render the gateway's configuration for these ports."""
        settings = yaml.safe_load((ROOT / "docker/gateway/settings.yaml").read_text())
        path = self.folder / "settings.yaml"
        path.write_text(yaml.safe_dump({**settings, "cors_origins": self.origins}))
        configuration = self.folder / "envoy.yaml"
        configuration.write_text(output(ROOT / "cnop", "gateway", "render", "--settings", path))
        configuration.chmod(0o644)

    def deploy(self, *arguments: str) -> str:
        """Run the script that people run; return what it printed."""
        done = subprocess.run(
            [DEPLOY, *arguments],
            env=self.environment(), capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
        return done.stdout

    def containers(self) -> dict[str, dict[str, Any]]:
        """Return what the engine knows of each container, by service."""
        label = f"label=com.docker.compose.project={self.project}"
        ids = output("docker", "ps", "--all", "--quiet", "--filter", label).split()
        found = json.loads(output("docker", "inspect", *ids))
        return {each["Config"]["Labels"]["com.docker.compose.service"]: each for each in found}

    def inside(self, service: str, *argv: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in a service's container."""
        command = ["docker", "exec", self.containers()[service]["Id"], *argv]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def kill(self, service: str) -> None:
        """End a container's process without warning, as a crash would; the engine has to notice by itself."""
        os.kill(int(self.containers()[service]["State"]["Pid"]), signal.SIGKILL)

    @contextlib.contextmanager
    def paused(self, service: str) -> Iterator[None]:
        """Keep a container from running at all, as a machine that hangs would."""
        name = self.containers()[service]["Id"]
        output("docker", "pause", name)
        try:
            yield
        finally:
            output("docker", "unpause", name)

    def wait_until_restarted(self, service: str, *, before: dict[str, Any]) -> None:
        """Return when the service runs again in a new process, healthy where it can be asked."""

        def restarted() -> bool:
            state = self.containers()[service]["State"]
            healthy = state.get("Health", {}).get("Status", "healthy") == "healthy"
            return bool(state["Running"] and healthy and state["StartedAt"] != before["State"]["StartedAt"])

        wait_for(restarted, what=f"{service} running again")

    def wait_until_healthy(self) -> None:
        """Return when the platform says of itself that all of it is well."""

        def healthy() -> bool:
            try:
                document = httpx.get(f"{self.gateway}/api/v1/health", timeout=5).json()
            except (httpx.HTTPError, ValueError):
                return False
            return document.get("status") == "healthy"

        wait_for(healthy, what="a healthy platform")

    def job(self, *arguments: str) -> str:
        """Run a job as the cluster would: the operations image, beside the store, with the keys to verify."""
        owner, image = self.secrets.stat(), f"cnop/operations:{self.project}"
        return output(
            "docker", "run", "--rm", "--network", f"{self.project}_data", "--user", f"{owner.st_uid}:{owner.st_gid}",
            "--read-only", "--cap-drop", "ALL",
            "--volume", f"{self.secrets / 'vault'}:/state/secrets/vault:ro", image, *arguments,
            "--state", "/state", "--store", "dynamodb://us-east-1/cnop?endpoint=http://dynamodb:8000",
        )  # fmt: skip


@contextlib.contextmanager
def container_platform(folder: Path) -> Iterator[ContainerPlatform]:
    """Build and start a platform, and leave nothing of it behind."""
    platform = ContainerPlatform(folder)
    platform.render_gateway()
    try:
        platform.said = platform.deploy("-bd", "all")
        platform.wait_until_healthy()
        yield platform
    finally:
        keep_layers(platform.project)
        platform.deploy("--clean")


def keep_layers(tag: str) -> None:
    """Keep what was built under a tag that stays, so that the next run need not build it again."""
    for path in (ROOT / "docker").glob("*/Dockerfile"):
        image = f"cnop/{path.parent.name}"
        subprocess.run(["docker", "tag", f"{image}:{tag}", f"{image}:cache"], capture_output=True, check=False)


def wait_for(condition: Any, *, what: str) -> None:
    """Return when the condition holds, or fail after a bound."""
    deadline = time.monotonic() + _RECOVERY_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited {_RECOVERY_SECONDS} s in vain for {what}"
        time.sleep(0.3)


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that nobody listens on."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(probe.getsockname()[1]) for probe in probes]
