import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cnop_cli.stack.state import StateDir
from cnop_cli.stack.supervisor import Component

SERVER = """
import signal, socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("listening", flush=True)
while True:
    listener.accept()[0].close()
"""


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    folder = StateDir.at(tmp_path / "state")
    folder.prepare()
    return folder


@pytest.fixture
def free_port(socket_enabled: None) -> Callable[[], int]:
    def find() -> int:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            return int(probe.getsockname()[1])

    return find


@pytest.fixture
def tiny(state: StateDir, free_port: Callable[[], int]) -> Callable[..., Component]:
    """Makes components that are tiny real processes: a server that stops when told to, or any other program."""

    def make(name: str, *, program: str = SERVER, after: tuple[str, ...] = (), probe: str | None = None) -> Component:
        port = free_port()
        argv = (sys.executable, "-c", program, str(port))
        environment = {"CNOP_STACK": str(state.root)}
        return Component(name, argv, environment, probe or f"tcp://127.0.0.1:{port}", after=after)

    return make
