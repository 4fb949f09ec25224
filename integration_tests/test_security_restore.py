"""Who was erased stays erased when the store is put back to a backup that was taken before."""

import json
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import stack_control
from platform_client import Person, client

pytestmark = [
    pytest.mark.security,
    pytest.mark.timeout(400),
    pytest.mark.skipif(stack_control.STATE is None, reason="starts a stack of its own, where there is one already"),
]
# What `./cnop up` serves on, before the offset.
_PORTS = (8080, 3000, 8000, 8001, 8002, 3001, 6379, 9901)


class Stack:
    """A stack of one's own, to stop, put back and start again."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self._offset = free_offset()

    def cnop(self, *arguments: str) -> str:
        argv = [str(stack_control.COMMAND), *arguments, "--state", str(self.state)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def up(self) -> httpx.Client:
        self.cnop("up", "--detach", "--port-offset", str(self._offset))
        return client(f"http://127.0.0.1:{8080 + self._offset}/api/v1")


def free_offset() -> int:
    while True:
        offset = 100 * (secrets.randbelow(200) + 50)
        try:
            for port in _PORTS:
                with socket.socket() as listener:
                    listener.bind(("127.0.0.1", port + offset))
        except OSError:
            continue
        return offset


@pytest.fixture
def stack() -> Iterator[Stack]:
    stack = Stack(Path(tempfile.mkdtemp(prefix="cnop-restore-")))
    yield stack
    stack.cnop("down")
    shutil.rmtree(stack.state)


def log_in(http: httpx.Client, person: Person) -> httpx.Response:
    return http.post("/auth/login", json={"username": person.username, "password": person.password})


def test_an_erased_person_stays_erased_after_a_restore_and_the_evidence_stays_whole(stack, tmp_path):
    with stack.up() as http:
        leaver, stayer = Person.register(http), Person.register(http)
        leaver.deposit("5.00")
        assert leaver.post("/balance/withdraw", {"amount": "5.00"}).status_code == 201
        stack.cnop("store", "backup", str(tmp_path / "copy.db"))
        assert leaver.call("DELETE", "/auth/account").status_code == 200
        assert log_in(http, leaver).status_code == 401
    stack.cnop("down")
    stack.cnop("store", "restore", str(tmp_path / "copy.db"))
    with stack.up() as http:
        assert log_in(http, leaver).status_code == 401
        assert log_in(http, stayer).status_code == 200
        again = {"username": leaver.username, "email": leaver.email, "password": secrets.token_urlsafe(18)}
        answer: dict[str, Any] = http.post("/auth/register", json=again).json()
        assert answer["user_id"] != leaver.user_id
    stack.cnop("ledger", "verify")
    exported = [json.loads(line) for line in stack.cnop("audit", "export").splitlines()]
    erased = [record for record in exported if record.get("activity_name") == "account_erased"]
    assert {record["user"]["uid"] for record in erased} == {leaver.user_id}
