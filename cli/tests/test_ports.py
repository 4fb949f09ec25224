import os
import socket

import psutil
import pytest

from cnop_cli.errors import CommandError
from cnop_cli.stack.ports import Ports, free_offset, is_free, owner, require_free

pytestmark = pytest.mark.enable_socket


def only(port: int) -> dict[str, int]:
    """Ports of which all but one are surely free, because they are found free first."""
    return {**Ports.shifted(free_offset()).by_name(), "user_service": port}


def test_an_offset_moves_every_port() -> None:
    moved = Ports.shifted(100).by_name()
    assert moved["gateway"] == 8180
    assert {moved[name] - port for name, port in Ports().by_name().items()} == {100}


def test_no_port_for_operations_is_one_of_the_others() -> None:
    ports = Ports.shifted(100)
    assert not set(ports.ops.values()) & {*ports.by_name().values(), ports.prometheus}


@pytest.mark.parametrize("offset", [-10_000, 60_000])
def test_an_offset_beyond_the_range_of_ports_is_refused(offset: int) -> None:
    with pytest.raises(CommandError, match="--port-offset"):
        Ports.shifted(offset)


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_a_taken_port_is_named_with_its_owner(address: str) -> None:
    with socket.create_server((address, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(CommandError) as refusal:
            require_free(only(port))
    text = str(refusal.value)
    assert f"port {port} (user_service)" in text
    assert f"(process {os.getpid()}, user " in text
    assert "\n" not in text


def test_the_owner_is_found_where_only_ones_own_processes_can_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_options: object) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", refuse)
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert f"(process {os.getpid()}, user " in owner(server.getsockname()[1])


def test_a_port_is_free_again_once_its_server_is_gone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            assert not is_free(port)
    assert is_free(port)


def test_the_owner_of_a_port_that_nobody_holds_is_not_made_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert owner(port) == "a process that belongs to another user"
