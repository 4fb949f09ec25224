"""Mutual TLS against a server process: who is served, what the probes' port shows, certificates that change."""

import contextlib
import http.client
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import trustme
from pydantic import ValidationError

from cnop_platform import ops_port
from cnop_platform.mutual_tls import MutualTls, TransportSettings
from cnop_platform.peer_client import peer_client

pytestmark = pytest.mark.enable_socket

PROGRAM = Path(__file__).parent / "served_with_tls.py"
CALLERS = "gateway,web"
GREETING = "/greetings/ada"


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition was not reached in time"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write(folder: Path, leaf: trustme.LeafCert) -> None:
    """Put certificate and key in place one after the other, each whole, as a deployment tool does."""
    for name, text in (
        ("tls.crt", b"".join(blob.bytes() for blob in leaf.cert_chain_pems)),
        ("tls.key", leaf.private_key_pem.bytes()),
    ):
        draft = folder / f".{name}"
        draft.write_bytes(text)
        draft.replace(folder / name)


class Served:
    """A running server and the authority that signed for it."""

    def __init__(self, folder: Path, ca: trustme.CA) -> None:
        self.folder, self.ca = folder, ca
        self.port, self.ops_port = free_port(), free_port()
        ca.cert_pem.write_to_path(folder / "ca.pem")
        self.log = folder / "log"
        write(folder, ca.issue_cert("order-service"))

    def refusals(self) -> int:
        return self.log.read_text().count("certificate_not_reloaded")

    def command(self) -> list[str]:
        files = [str(self.folder / name) for name in ("tls.crt", "tls.key", "ca.pem")]
        return [sys.executable, "-u", str(PROGRAM), str(self.port), str(self.ops_port), *files, CALLERS]

    def ops(self, path: str) -> int:
        try:
            return httpx.get(f"http://127.0.0.1:{self.ops_port}{path}", trust_env=False).status_code
        except httpx.TransportError:
            return 0

    def caller(self, *names: str, signed_by: trustme.CA | None = None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.ca.configure_trust(context)
        if names:
            (signed_by or self.ca).issue_cert(*names).configure_cert(context)
        return context

    def connect(self, context: ssl.SSLContext) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.connect()
        connection.sock = context.wrap_socket(connection.sock, server_hostname="order-service")
        return connection

    def ask(self, context: ssl.SSLContext, **headers: str) -> bytes:
        connection = self.connect(context)
        try:
            connection.request("GET", GREETING, headers=headers)
            return connection.getresponse().read()
        finally:
            connection.close()

    def serial(self) -> str:
        connection = self.connect(self.caller("gateway"))
        try:
            assert isinstance(connection.sock, ssl.SSLSocket)
            return str((connection.sock.getpeercert() or {})["serialNumber"])
        finally:
            connection.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    server = Served(tmp_path_factory.mktemp("tls"), trustme.CA())
    with server.log.open("w") as log:
        process = subprocess.Popen(server.command(), stdout=log)
    try:
        until(lambda: server.ops("/health/live") == 200)
        yield server
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait(timeout=15)


def test_a_caller_with_an_expected_name_is_served(served: Served):
    assert b"hello ada" in served.ask(served.caller("gateway"))
    assert b"hello ada" in served.ask(served.caller("web"))


def test_only_the_gateways_certificate_vouches_for_a_clients_address(served: Served):
    forwarded = {"X-Forwarded-For": "203.0.113.7"}
    assert b"203.0.113.7" in served.ask(served.caller("gateway"), **forwarded)
    assert b"203.0.113.7" not in served.ask(served.caller("web"), **forwarded)


@pytest.mark.parametrize(
    ("names", "stranger"), [((), False), (("gateway",), True), (("price-feed",), False), (("order-service",), False)]
)
def test_others_are_hung_up_on(served: Served, names: tuple[str, ...], stranger: bool):
    context = served.caller(*names, signed_by=trustme.CA() if stranger else None)
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
        served.ask(context)


def hanging(port: int, request: bytes) -> socket.socket:
    """Connect, send that much, and never read."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(request)
    return connection


@pytest.mark.parametrize(
    "request_sent", [b"", b"GET /metrics HTTP/1.1\r\nHost: x\r\n", b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"]
)
def test_whoever_hangs_at_the_port_for_operations_keeps_no_probe_out(served: Served, request_sent: bytes):
    """The kubelet would kill a healthy service: a scraper that never reads, or never finishes asking, gives way."""
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(hanging(served.ops_port, request_sent)) for _ in range(ops_port.CONNECTIONS + 20)]
        for _ in range(3):
            assert [served.ops(path) for path in ("/health/live", "/health/ready", "/metrics")] == [200, 200, 200]
        held[0].settimeout(10)
        with contextlib.suppress(ConnectionError):
            while held[0].recv(65_536):
                pass
        assert served.ops("/health/live") == 200


def test_what_is_no_tls_gets_no_answer(served: Served):
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{served.port}/health", trust_env=False)


def test_tls_1_1_is_not_spoken(served: Served):
    old = served.caller("gateway")
    old.set_ciphers("DEFAULT@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        served.connect(old)


def test_the_port_for_probes_shows_health_and_metrics_and_nothing_else(served: Served):
    assert [served.ops(path) for path in ("/health", "/health/live", "/health/ready", "/metrics")] == [200] * 4
    for path in (GREETING, "/", "/healthy", "/openapi.json", "/metrics/../greetings/ada", "//health"):
        assert served.ops(path) == 404, path


def test_a_new_certificate_is_shown_without_a_restart_and_open_connections_stay(served: Served):
    kept, before = served.connect(served.caller("gateway")), served.serial()
    write(served.folder, served.ca.issue_cert("order-service"))
    until(lambda: served.serial() != before)
    kept.request("GET", GREETING)
    assert b"hello ada" in kept.getresponse().read()
    kept.close()


def test_a_pair_that_does_not_match_changes_nothing_until_it_does(served: Served):
    before, leaf = served.serial(), served.ca.issue_cert("order-service")
    (served.folder / "tls.key").write_bytes(leaf.private_key_pem.bytes())
    until(lambda: served.refusals() > 0)
    assert served.serial() == before
    (served.folder / "tls.key").write_bytes(leaf.private_key_pem.bytes()[:50])
    seen = served.refusals()
    until(lambda: served.refusals() > seen + 1)
    assert served.serial() == before
    write(served.folder, leaf)
    until(lambda: served.serial() != before)


def test_an_authority_that_is_no_longer_named_is_no_longer_believed(served: Served):
    retired, own = trustme.CA(), served.ca
    both, alone = retired.cert_pem.bytes() + own.cert_pem.bytes(), own.cert_pem.bytes()
    old = served.caller("gateway", signed_by=retired)

    def is_served() -> bool:
        try:
            return b"hello ada" in served.ask(old)
        except (ssl.SSLError, ConnectionError, http.client.HTTPException):
            return False

    (served.folder / "ca.pem").write_bytes(both)
    until(is_served)
    (served.folder / "ca.pem").write_bytes(alone)
    until(lambda: not is_served())
    assert b"hello ada" in served.ask(served.caller("gateway"))


async def test_a_client_too_believes_only_the_authorities_that_are_named(served: Served, tmp_path: Path):
    certificate, ca = tmp_path / "web.pem", tmp_path / "ca.pem"
    served.ca.issue_cert("web").private_key_and_cert_chain_pem.write_to_path(certificate)
    served.ca.cert_pem.write_to_path(ca)
    tls = MutualTls(certificate=certificate, key=None, ca=ca, callers=frozenset({"gateway"}))
    url = f"https://127.0.0.1:{served.port}"
    async with peer_client(tls, names={url: "order-service"}, trust_env=False) as client:
        assert (await client.get(f"{url}{GREETING}", headers={"connection": "close"})).status_code == 200
        trustme.CA().cert_pem.write_to_path(ca)
        assert tls.refresh()
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{url}{GREETING}")


async def test_a_client_calls_only_whom_it_expects(served: Served, tmp_path: Path):
    certificate = tmp_path / "web.pem"
    served.ca.issue_cert("web").private_key_and_cert_chain_pem.write_to_path(certificate)
    tls = MutualTls(certificate=certificate, key=None, ca=served.folder / "ca.pem", callers=frozenset({"gateway"}))
    url = f"https://127.0.0.1:{served.port}"
    async with peer_client(tls, names={url: "order-service"}, trust_env=False) as client:
        assert (await client.get(f"{url}{GREETING}")).json()["text"] == "hello ada"
    for names in ({url: "user-service"}, {}):
        async with peer_client(tls, names=names, trust_env=False) as client:
            with pytest.raises(httpx.ConnectError):
                await client.get(f"{url}{GREETING}")


def test_with_mutual_tls_nobody_is_called_without_it(tmp_path: Path):
    ca, certificate = trustme.CA(), tmp_path / "web.pem"
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    ca.issue_cert("web").private_key_and_cert_chain_pem.write_to_path(certificate)
    tls = MutualTls(certificate=certificate, key=None, ca=tmp_path / "ca.pem", callers=frozenset({"gateway"}))
    with pytest.raises(ValueError, match="https://"):
        peer_client(tls, names={"http://user-service:8000/jwks.json": "user-service"})
    peer_client(tls, names={"": "user-service"})


def test_a_changed_file_is_taken_over_once(tmp_path: Path):
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    write(tmp_path, ca.issue_cert("web"))
    tls = MutualTls(
        certificate=tmp_path / "tls.crt",
        key=tmp_path / "tls.key",
        ca=tmp_path / "ca.pem",
        callers=frozenset({"gateway"}),
    )
    assert not tls.refresh()
    write(tmp_path, ca.issue_cert("web"))
    assert tls.refresh()
    assert not tls.refresh()
    (tmp_path / "tls.key").unlink()
    assert not tls.refresh()


@pytest.mark.parametrize("given", [("certificate",), ("certificate", "ca"), ("ca", "callers"), ("callers",), ("key",)])
def test_settings_that_would_leave_a_gap_are_refused(tmp_path: Path, given: tuple[str, ...]):
    file = tmp_path / "some.pem"
    file.touch()
    values = {f"tls_{name}": "gateway" if name == "callers" else str(file) for name in given}
    with pytest.raises(ValidationError, match="belong together"):
        TransportSettings(**values)


def test_without_settings_there_is_no_tls():
    assert TransportSettings().mutual_tls() is None
