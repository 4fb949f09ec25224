"""A platform of its own for the tests that need one: with Prometheus, and with a note of every key it touches."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from terraform_tools import environment, planned_policies, terraform, workspace
from tools import ROOT, installed

from cnop_cli.stack import record
from cnop_cli.stack.monitoring import configuration
from cnop_cli.stack.ports import Ports, free_offset
from cnop_cli.stack.state import StateDir
from cnop_cli.trial import addresses
from cnop_platform.testing.collector import Collector, collector

__all__ = ["environment", "planned_policies", "terraform", "workspace"]
HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Stack:
    """A running platform."""

    state: StateDir
    ports: Ports
    keys: Path
    """The folder of what the recorder wrote down."""

    def black_box(self, expression: str) -> None:
        """Run black-box tests against it, for their traffic."""
        known = record.load(self.state.record)
        assert known is not None
        folder = ROOT / "integration_tests"
        argv = [sys.executable, "-m", "pytest", "-q", "-c", folder / "pytest.ini", "--rootdir", folder, folder]
        variables = {**os.environ, **addresses(known, state=self.state)}
        done = subprocess.run(
            [*argv, "-m", expression], env=variables, capture_output=True, text=True, check=False, cwd=ROOT
        )
        assert done.returncode == 0, done.stdout[-5000:]

    @property
    def services(self) -> dict[str, str]:
        """Give the addresses by which clients find it."""
        known = record.load(self.state.record)
        assert known is not None
        return addresses(known, state=self.state)

    def component(self, name: str) -> int:
        """Give the process id of a component."""
        known = record.load(self.state.record)
        assert known is not None
        (found,) = [each for each in known.components if each.name == name]
        assert found.process is not None
        return found.process.pid


@pytest.fixture(scope="session")
def spans() -> Iterator[Collector]:
    """A collector of traces."""
    with collector() as running:
        yield running


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest, spans: Collector) -> Iterator[Stack]:
    installed("prometheus", package="prometheus")
    folder = Path(tempfile.mkdtemp(prefix="cnop-infra-"))
    keys = folder / "keys"
    keys.mkdir()
    offset = free_offset()
    recorder = HERE / "recorder"
    cnop = [sys.executable, str(recorder / "up.py")]
    where = ["--state", str(folder / "state")]
    environment = {**os.environ, "PYTHONPATH": str(recorder), "CNOP_STORE_RECORD": str(keys)}
    watched = ["--monitoring", "--otlp-endpoint", spans.endpoint]
    start = [*cnop, "up", "--detach", *watched, "--port-offset", str(offset), *where]
    done = subprocess.run(start, env=environment, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    try:
        yield Stack(StateDir.at(folder / "state"), Ports.shifted(offset), keys)
    finally:
        subprocess.run([*cnop, "down", *where], capture_output=True, check=True, cwd=ROOT)
        if request.session.testsfailed:
            print(f"the stack's logs stay in {folder / 'state'}", file=sys.stderr)
        else:
            shutil.rmtree(folder)


@pytest.fixture(scope="session")
def busy(stack: Stack) -> Stack:
    """The stack after people used it: registered, signed in, paid, traded, and were refused."""
    stack.black_box("user or order or inventory or smoke")
    return stack


def free_port() -> int:
    """Find a port of the loopback interface."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def prometheus_settings(ports: Ports, **changes: Any) -> str:
    """Give the configuration of a Prometheus that looks at a stack."""
    return json.dumps({**configuration(ports), **changes})
