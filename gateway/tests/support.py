"""A real Envoy on free loopback ports, small services behind it, and tokens made on the spot."""

import json
import re
import socket
import ssl
import subprocess
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from cnop_gateway import (
    GatewaySettings,
    Listener,
    Operation,
    Upstream,
    find_envoy,
    operations_from_openapi,
    render,
    to_yaml,
    watched,
)

ISSUER = "https://issuer.test"
AUDIENCE = "cnop-test"
SECRET = "s" * 40
ORIGIN = "http://localhost:3000"
ALL_ROLES = ["customer", "support", "auditor", "admin"]


def access(roles: list[str], rate: str = "read", **more: Any) -> dict[str, Any]:
    return {"x-access": {"permission": None, "roles": roles, "rate_class": rate, **more}}


DOCUMENTS: dict[str, dict[str, Any]] = {
    "user_service": {
        "paths": {
            "/auth/login": {"post": access(["public"], "auth", cookie=True, body_limit_bytes=2048)},
            "/auth/profile": {"get": access(ALL_ROLES), "put": access(ALL_ROLES, "write")},
            "/admin/users/{user_id}": {"get": access(["admin"])},
            "/health": {"get": {"x-internal": True}},
        }
    },
    "order_service": {
        "paths": {
            "/orders": {"get": access(["customer"]), "post": access(["customer"], "trade")},
            "/orders/stream": {"get": access(["customer"], "stream", stream=True)},
            "/orders/{order_id}": {"get": access(["customer"]), "delete": access(["customer"], "write")},
            "/slow": {"get": access(["public"], timeout_seconds=0.3)},
        }
    },
    "inventory_service": {
        "paths": {
            "/inventory/assets": {"get": access(["public"])},
            "/inventory/assets/{asset_id}": {"get": access(["public"])},
        }
    },
}


def operations() -> tuple[Operation, ...]:
    return tuple(each for name, document in DOCUMENTS.items() for each in operations_from_openapi(name, document))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Waits for a condition with a bound."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition was not reached in time"
        time.sleep(0.02)


@dataclass
class Keys:
    """A signing key and what it publishes."""

    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    kid: str = "key-1"

    @property
    def jwks(self) -> str:
        public = jwt.algorithms.ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return json.dumps({"keys": [{**public, "kid": self.kid, "alg": "ES256", "use": "sig"}]})

    def token(self, *roles: str, sub: str = "user-1", **changes: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": sub,
            "roles": list(roles),
            "iat": now,
            "nbf": now,
            "exp": now + 600,
            **changes,
        }
        present = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(present, self.private, "ES256", headers={"kid": self.kid, "typ": "at+jwt"})

    def bearer(self, *roles: str, sub: str = "user-1", **changes: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(*roles, sub=sub, **changes)}"}


def b64(value: Any) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Service"

    def _answer(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length) if length else b""
        chunks = b""
        if self.headers.get("transfer-encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                chunks += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        seen = {
            "service": self.server.name,
            "method": self.command,
            "path": self.path,
            "headers": [[name.lower(), value] for name, value in self.headers.items()],
            "body": (body + chunks).decode("latin-1"),
        }
        if isinstance(self.connection, ssl.SSLSocket):
            seen["caller"] = (self.connection.getpeercert() or {}).get("serialNumber")
        self.server.seen.append(seen)
        self.server.noticed()
        if self.path == "/slow":
            self.server.stopping.wait(5)
        if self.path == "/orders/stream":
            self._stream()
            return
        content = self.server.documents.get(self.path.partition("?")[0], json.dumps(seen)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Set-Cookie", "session=1")
        self.send_header("X-Powered-By", "tests")
        for name, value in self.server.answers_with.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = _answer  # noqa: N815 - http.server's names

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for number in range(self.server.stream_events):
            self.wfile.write(f"data: {number}\n\n".encode())
            self.wfile.flush()
            if self.server.stopping.wait(0.2):
                return

    def log_message(self, *_: Any) -> None:
        """Tests look at what was seen, not at a log."""


class Service(ThreadingHTTPServer):
    """An upstream that answers with what it was sent, and remembers it."""

    daemon_threads = True
    stream_events = 3

    def __init__(self, name: str, port: int = 0, documents: dict[str, str] | None = None) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.name = name
        self.documents = documents or {}
        self.answers_with: dict[str, str] = {}
        self.seen: list[dict[str, Any]] = []
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()

    def finish_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().finish_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Hangs up on everybody, as a process that ends does."""
        super().server_close()
        self.hang_up()

    def hang_up(self) -> None:
        """Ends every connection."""
        for connection in tuple(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def noticed(self) -> None:
        """Called for each request, before it is answered."""

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up is part of these tests."""


@contextmanager
def serving(service: Service) -> Iterator[Service]:
    thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield service
    finally:
        service.stopping.set()
        service.shutdown()
        service.server_close()
        thread.join(timeout=5)


@dataclass
class Gateway:
    """A running Envoy."""

    settings: GatewaySettings
    services: dict[str, Service]
    keys: Keys
    log: Path

    @property
    def url(self) -> str:
        scheme = "https" if self.settings.gateway.tls else "http"
        return f"{scheme}://127.0.0.1:{self.settings.gateway.port}"

    @property
    def page_url(self) -> str:
        return f"http://127.0.0.1:{self.settings.page.port}"

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        return httpx.request(method, f"{self.url}{path}", trust_env=False, timeout=10, **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.request("GET", path, **more)

    def raw(self, data: bytes, *, seconds: float = 3) -> bytes:
        """Sends bytes as they are; returns all that comes back until the gateway hangs up or is silent."""
        received = b""
        with socket.create_connection(("127.0.0.1", self.settings.gateway.port), timeout=seconds) as connection:
            connection.settimeout(seconds)
            try:
                connection.sendall(data)
                while part := connection.recv(65_536):
                    received += part
                    if _is_last(received):
                        # Envoy waits a moment for the client to hang up first.
                        connection.shutdown(socket.SHUT_WR)
            except (TimeoutError, ConnectionError):
                pass
        return received

    def logged(self, request_id: str) -> dict[str, Any]:
        """Waits for the access log line of a request; Envoy writes the log once a second."""
        found: list[dict[str, Any]] = []

        def present() -> bool:
            lines = self.log.read_text().splitlines() if self.log.exists() else []
            found[:] = [line for line in map(json.loads, lines) if line.get("request_id") == request_id]
            return bool(found)

        until(present, seconds=12)
        assert len(found) == 1
        return found[0]


def settings_of(**changes: Any) -> GatewaySettings:
    """Settings that need no running process."""
    return GatewaySettings.model_validate(
        {
            "upstreams": {name: {"port": 8000 + number} for number, name in enumerate(DOCUMENTS)},
            "jwks_inline": Keys().jwks,
            "issuer": ISSUER,
            "audience": AUDIENCE,
            "cors_origins": (ORIGIN,),
            "gateway_secret": SECRET,
            **changes,
        }
    )


@contextmanager
def running(
    folder: Path,
    keys: Keys,
    services: dict[str, Service],
    *,
    alter: Callable[[dict[str, Any]], None] = lambda _config: None,
    **changes: Any,
) -> Iterator[Gateway]:
    """Runs Envoy with `changes` to the settings until the block ends; `alter` may touch what is rendered."""
    log = folder / "access.log"
    settings = settings_of(
        **{
            "gateway": Listener(port=free_port()),
            "page": Listener(port=free_port()),
            "admin_port": free_port(),
            "upstreams": {name: Upstream(port=each.port) for name, each in services.items() if name != "web"},
            "web": Upstream(port=services["web"].port if "web" in services else free_port()),
            "log_path": str(log),
            "jwks_inline": None if "jwks_uri" in changes else keys.jwks,
            **changes,
        }
    )
    config = folder / "envoy.yaml"
    rendered = render(settings, operations())
    alter(rendered)
    config.write_text(to_yaml(rendered))
    for path, document in watched(settings).items():
        path.write_text(json.dumps(document))
    command = [str(find_envoy()), "--config-path", str(config), "--concurrency", "1", "--disable-hot-restart"]
    command += ["--log-level", "error", "--file-flush-interval-msec", "50"]
    with (folder / "envoy.err").open("w") as errors:
        process = subprocess.Popen(command, stdout=errors, stderr=errors)
    try:
        until(lambda: _ready(process, settings, folder))
        yield Gateway(settings=settings, services=services, keys=keys, log=log)
        assert process.poll() is None, "Envoy ended during the test"
    finally:
        process.terminate()
        process.wait(timeout=10)


def _is_last(received: bytes) -> bool:
    """Whether this ends with a whole response that closes the connection."""
    head, _, body = received.rpartition(b"HTTP/1.1 ")[2].partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: (\d+)", head)
    return b"\r\nconnection: close" in head and length is not None and len(body) >= int(length[1])


def _ready(process: subprocess.Popen[bytes], settings: GatewaySettings, folder: Path) -> bool:
    assert process.poll() is None, (folder / "envoy.err").read_text()
    try:
        return httpx.get(f"http://127.0.0.1:{settings.admin_port}/ready", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
