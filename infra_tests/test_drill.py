"""The disaster drill: a platform loses its processes and its store, and comes back from a copy with sound books."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from tools import ROOT

from cnop_cli.stack import record
from cnop_cli.stack.ports import free_offset
from cnop_cli.stack.state import StateDir

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]


class Machine:
    """A platform in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = StateDir.at(folder / "state")
        self.offset = free_offset()

    def cnop(self, *arguments: str, fine: tuple[int, ...] = (0,)) -> str:
        argv = [sys.executable, "-m", "cnop_cli", *arguments, "--state", str(self.state.root)]
        done = subprocess.run(argv, capture_output=True, text=True, cwd=ROOT, check=False)
        assert done.returncode in fine, done.stdout + done.stderr
        return done.stdout

    def up(self) -> None:
        self.cnop("up", "--detach", "--port-offset", str(self.offset))

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{8080 + self.offset}/api/v1", timeout=20, trust_env=False)

    def kill(self) -> None:
        """End every process at once, without a word."""
        known = record.load(self.state.record)
        assert known is not None
        supervisor = psutil.Process(known.supervisor.pid)
        supervisor.suspend()
        for process in supervisor.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        os.kill(supervisor.pid, signal.SIGKILL)
        supervisor.wait(timeout=10)


@pytest.fixture
def machine() -> Iterator[Machine]:
    folder = Path(tempfile.mkdtemp(prefix="cnop-drill-"))
    machine = Machine(folder)
    machine.up()
    try:
        yield machine
    finally:
        machine.cnop("down")
        shutil.rmtree(folder)


def register(client: httpx.Client) -> dict[str, str]:
    name, password = f"user_{secrets.token_hex(6)}", secrets.token_urlsafe(18)
    body = {"username": name, "email": f"{name}@example.com", "password": password}
    assert client.post("/auth/register", json=body).status_code == 201
    return {"username": name, "password": password}


def sign_in(client: httpx.Client, person: dict[str, str]) -> None:
    answer = client.post("/auth/login", json=person)
    assert answer.status_code == 200, answer.text
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


def deposit(client: httpx.Client, amount: str) -> None:
    assert client.post("/balance/deposit", json={"amount": amount}).status_code == 201


def test_a_platform_that_lost_its_store_comes_back_from_a_copy(machine: Machine) -> None:
    copy, archive = machine.folder / "copy.db", machine.folder / "archive"
    with machine.client() as client:
        person = register(client)
        sign_in(client, person)
        deposit(client, "100.00")
        machine.cnop("store", "backup", str(copy))
        deposit(client, "11.00")
    # A clean stop seals what is left, so that the archive knows of the second deposit.
    machine.cnop("down")
    assert "0 checkpoints" not in machine.cnop("audit", "archive", "--to", str(archive))
    assert "archived checkpoints compared" in machine.cnop("audit", "verify", "--archive", str(archive))
    machine.up()

    machine.kill()
    for file in machine.state.database.parent.glob(f"{machine.state.database.name}*"):
        file.unlink()
    machine.cnop("store", "restore", str(copy))
    machine.up()

    with machine.client() as client:
        sign_in(client, person)
        assert client.get("/balance").json()["current_balance"] == "100.00"
        deposit(client, "1.00")
    machine.cnop("ledger", "verify")
    assert "the audit trail is intact" in machine.cnop("audit", "verify")
    # What the copy did not hold yet is gone, and the archive says so.
    assert "truncated: " in machine.cnop("audit", "verify", "--archive", str(archive), fine=(1,))
