import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import trustme

from cnop_cli.stack.health import passes

pytestmark = pytest.mark.enable_socket


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"data": [{"price": "1.00", "nothing": None}]}).encode()
        self.send_response(200 if self.path == "/ready?limit=1" else 503)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        return


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def healthy(probe: str, *, uptime_seconds: float = 0) -> bool:
    return passes(probe, uptime_seconds=uptime_seconds)


def test_an_answer_of_200_is_healthy_and_any_other_is_not(url: str) -> None:
    assert healthy(f"{url}/ready?limit=1")
    assert not healthy(f"{url}/busy")


def test_a_member_of_the_answer_can_be_required(url: str) -> None:
    assert healthy(f"{url}/ready?limit=1#data.0.price")
    assert not healthy(f"{url}/ready?limit=1#data.0.nothing")
    assert not healthy(f"{url}/ready?limit=1#data.1.price")
    assert not healthy(f"{url}/ready?limit=1#data.x")
    assert not healthy(f"{url}/ready?limit=1#data.0.price.more")


def test_nobody_listening_is_not_healthy() -> None:
    assert not healthy("http://127.0.0.1:1/")
    assert not healthy("tcp://127.0.0.1:1")


def test_a_probe_over_tls_believes_its_own_authority_only(tmp_path: Path) -> None:
    ca, other = trustme.CA(), trustme.CA()
    for name, authority in (("ca", ca), ("other", other)):
        authority.cert_pem.write_to_path(tmp_path / f"{name} of mine.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_arguments: None  # type: ignore[method-assign]  # a refused handshake is the test
        threading.Thread(target=server.serve_forever, daemon=True).start()
        probe = f"https://127.0.0.1:{server.server_port}/ready?limit=1#data.0.price"
        assert healthy(f"{probe} {tmp_path / 'ca of mine.pem'}")
        assert not healthy(f"{probe} {tmp_path / 'other of mine.pem'}")
        assert not healthy(f"{probe} {tmp_path / 'none.pem'}")
        server.shutdown()


def test_an_open_port_is_healthy(url: str) -> None:
    assert healthy(url.replace("http", "tcp"))


def test_a_process_without_a_port_is_healthy_once_it_lasted() -> None:
    assert not healthy("uptime:0.5", uptime_seconds=0.4)
    assert healthy("uptime:0.5", uptime_seconds=0.5)
