"""TLS at the doors and mutual TLS between the processes, on a stack that was started with `--tls`."""

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import httpx
import pytest
import stack_control
from platform_client import API, CALLER_CERTIFICATE, GATEWAY, INSIDE_CA, PAGE, SERVICES, Person, caller, client

pytestmark = [
    pytest.mark.transport,
    pytest.mark.skipif(not GATEWAY.startswith("https:"), reason="needs a stack that was started with --tls"),
]
DOORS = {"gateway": GATEWAY, "page": PAGE}
REFUSED = (ssl.SSLError, ConnectionError, httpx.TransportError)
local = pytest.mark.skipif(
    CALLER_CERTIFICATE is None or stack_control.STATE is None, reason="needs the certificates of a local stack"
)


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition was not reached in time"
        time.sleep(0.1)


def handshake(url: str, context: ssl.SSLContext) -> ssl.SSLSocket:
    address = urlsplit(url)
    plain = socket.create_connection((address.hostname, address.port), timeout=10)
    return context.wrap_socket(plain, server_hostname=address.hostname)


def serial(url: str, context: ssl.SSLContext) -> str:
    with handshake(url, context) as connection:
        return str((connection.getpeercert() or {})["serialNumber"])


@pytest.mark.parametrize("door", DOORS)
def test_a_door_speaks_tls_1_2_or_newer_and_http_2(door):
    trusting = ssl.create_default_context()
    trusting.set_alpn_protocols(["h2", "http/1.1"])
    with handshake(DOORS[door], trusting) as connection:
        assert connection.version() in {"TLSv1.2", "TLSv1.3"}
        assert connection.selected_alpn_protocol() == "h2"
    newest = ssl.create_default_context()
    newest.maximum_version = ssl.TLSVersion.TLSv1_2
    with handshake(DOORS[door], newest) as connection:
        assert connection.version() == "TLSv1.2"
    old = ssl.create_default_context()
    old.set_ciphers("DEFAULT@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(REFUSED):
        handshake(DOORS[door], old)


@pytest.mark.parametrize("door", DOORS)
def test_a_door_speaks_nothing_but_tls(door):
    with pytest.raises(REFUSED):
        httpx.get(DOORS[door].replace("https:", "http:") + "/api/v1/health", timeout=10)


@pytest.mark.parametrize("door", DOORS)
def test_browsers_are_told_to_come_back_by_tls_only(door):
    for path in ("/api/v1/inventory/assets/BTC", "/api/v1/orders", "/nowhere"):
        policy = httpx.get(DOORS[door] + path, timeout=10).headers["strict-transport-security"]
        assert int(policy.partition("max-age=")[2].partition(";")[0]) > 0


def test_the_session_cookie_is_bound_to_this_host_and_to_tls(http):
    person = Person.register(http)
    credentials = {"username": person.username, "password": person.password, "session": "cookie"}
    with httpx.Client(base_url=f"{PAGE}/api/v1", headers={"Origin": PAGE}, timeout=15) as browser:
        login = browser.post("/auth/login", json=credentials)
        assert login.status_code == 200, login.text
        assert "refresh_token" not in login.json()
        cookie = login.headers["set-cookie"]
        assert cookie.startswith("__Host-")
        for attribute in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
            assert attribute.lower() in cookie.lower()
        assert "Domain" not in cookie
        # The client, as browsers do, keeps a Secure cookie only because this is TLS.
        assert browser.post("/auth/refresh", json={}).status_code == 200


@local
@pytest.mark.parametrize("service", SERVICES)
def test_a_service_serves_the_gateways_certificate_only(service):
    url = f"{SERVICES[service]}/health/live"
    with client(SERVICES[service]) as http:
        assert http.get("/health/live").status_code == 200
    assert INSIDE_CA is not None
    stranger = Path(INSIDE_CA).parent.parent / "door.pem"
    another = Path(INSIDE_CA).parent / f"{'order' if service == 'inventory' else 'inventory'}-service.pem"
    allowed = service == "user"
    for certificate in (None, str(stranger)):
        with pytest.raises(REFUSED):
            httpx.get(url, verify=caller(certificate), timeout=10)
    if allowed:
        # It fetches the keys that tokens are verified with.
        assert httpx.get(url, verify=caller(str(another)), timeout=10).status_code == 200
    else:
        with pytest.raises(REFUSED):
            httpx.get(url, verify=caller(str(another)), timeout=10)
    with pytest.raises(REFUSED):
        httpx.get(url.replace("https:", "http:"), timeout=10)


class Load:
    """Asks without pause until it is stopped, over one connection for all and over a new one for each."""

    def __init__(self, token: str) -> None:
        self._headers = {"Authorization": f"Bearer {token}"}
        self._stopping = threading.Event()
        self.answers: list[int] = []
        self.errors: list[str] = []
        self._threads = [threading.Thread(target=self._run, args=(keep,)) for keep in (True, True, False)]

    def _run(self, keep: bool) -> None:
        http = httpx.Client(base_url=API, timeout=15)
        while not self._stopping.is_set():
            try:
                for method, path in (("GET", "/balance"), ("GET", "/orders"), ("POST", "/balance/deposit")):
                    body = {"json": {"amount": "0.01"}} if method == "POST" else {}
                    self.answers.append(http.request(method, path, headers=self._headers, **body).status_code)
            except httpx.HTTPError as error:
                self.errors.append(repr(error))
            if not keep:
                http.close()
                http = httpx.Client(base_url=API, timeout=15)
        http.close()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout=30)


@local
def test_certificates_are_exchanged_under_load_without_a_failed_request(http):
    places = {**DOORS, **SERVICES}

    def shown() -> dict[str, str]:
        return {
            name: serial(url, caller() if name in SERVICES else ssl.create_default_context())
            for name, url in places.items()
        }

    before = shown()
    with Load(Person.register(http).token) as load:
        until(lambda: len(load.answers) > 50)
        for _ in range(2):
            command = [
                str(stack_control.COMMAND),
                "keys",
                "rotate",
                "certificates",
                "--state",
                str(stack_control.STATE),
            ]
            subprocess.run(command, check=True, capture_output=True, timeout=60)
            previous = before
            until(lambda previous=previous: not set(shown().values()) & set(previous.values()))
            before = shown()
            answered = len(load.answers)
            until(lambda answered=answered: len(load.answers) > answered + 50)
    assert load.errors == []
    assert set(load.answers) == {200, 201}
