"""TLS on both sides, and services that come, go and stall."""

import secrets
import socket
import ssl
import threading
from pathlib import Path
from typing import Self

import httpx
import pytest

from .certificates import Authority, Pair
from .support import Keys, Service, free_port, running, serving, until

pytestmark = pytest.mark.enable_socket


def test_clients_are_served_over_tls_1_2_or_newer_with_http_2_and_hsts(folder: Path, keys: Keys, services):
    authority = Authority(folder)
    shown = authority.issue("gateway")
    tls = {"certificate": shown.certificate, "key": shown.key}
    doors = {name: {"port": free_port(), "tls": tls} for name in ("gateway", "page")}
    with running(folder, keys, services, **doors) as gateway:
        trusting = ssl.create_default_context(cafile=str(authority.path))
        for path, door in (("/api/v1/inventory/assets", doors["gateway"]), ("/", doors["page"])):
            url = f"https://127.0.0.1:{door['port']}{path}"
            response = httpx.get(url, verify=trusting, trust_env=False)
            assert response.status_code == 200
            assert response.headers["strict-transport-security"].startswith("max-age=63072000")
            assert dict(response.json()["headers"])["x-forwarded-proto"] == "https"
        address = ("127.0.0.1", gateway.settings.gateway.port)
        trusting.set_alpn_protocols(["h2", "http/1.1"])
        with socket.create_connection(address) as raw, trusting.wrap_socket(raw, server_hostname="gateway") as secured:
            assert secured.selected_alpn_protocol() == "h2"
            assert secured.version() in {"TLSv1.2", "TLSv1.3"}
        old = ssl.create_default_context(cafile=str(authority.path))
        old.set_ciphers("DEFAULT@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1
        with socket.create_connection(address) as raw, pytest.raises(ssl.SSLError):
            old.wrap_socket(raw, server_hostname="gateway")


def test_services_are_reached_over_mutual_tls_and_only_under_their_own_name(folder: Path, keys: Keys):
    authority, stranger = Authority(folder), Authority(folder, "stranger")
    ours = authority.issue("gateway")

    def upstream(service: Service) -> dict:
        tls = {
            "ca": authority.path,
            "server_name": service.name,
            "certificate": ours.certificate,
            "key": ours.key,
        }
        return {"port": service.port, "tls": tls}

    genuine = secured(Service("user_service"), authority, authority.issue("user_service"))
    misnamed = secured(Service("inventory_service"), authority, authority.issue("someone_else"))
    unknown = secured(Service("order_service"), authority, stranger.issue("order_service"))
    started = [genuine, misnamed, unknown]
    with serving(genuine), serving(misnamed), serving(unknown):
        upstreams = {each.name: upstream(each) for each in started}
        with running(folder, keys, {}, upstreams=upstreams) as gateway:
            assert gateway.request("POST", "/api/v1/auth/login").status_code == 200
            assert gateway.get("/api/v1/inventory/assets").status_code == 503
            assert gateway.get("/api/v1/orders", headers=keys.bearer("customer")).status_code == 503
    assert [each.seen != [] for each in started] == [True, False, False]


def serial(port: int, authority: Authority) -> str:
    trusting = ssl.create_default_context(cafile=str(authority.path))
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        with trusting.wrap_socket(raw, server_hostname="127.0.0.1") as connection:
            return str((connection.getpeercert() or {})["serialNumber"])


def callers(service: Service) -> set[str]:
    return {each["caller"] for each in service.seen}


def test_certificates_are_exchanged_while_requests_go_on(folder: Path, keys: Keys):
    authority = Authority(folder)
    door, ours = authority.issue("door"), authority.issue("gateway")
    service = secured(Service("inventory_service"), authority, authority.issue("inventory_service"))
    tls = {"ca": authority.path, "server_name": service.name, "certificate": ours.certificate, "key": ours.key}
    upstreams = {name: {"port": service.port, "tls": tls} for name in ("user_service", "order_service", service.name)}
    where = {"port": free_port(), "tls": {"certificate": door.certificate, "key": door.key}}
    trusting = ssl.create_default_context(cafile=str(authority.path))
    with (
        serving(service),
        running(folder, keys, {}, gateway=where, upstreams=upstreams, secrets_folder=folder) as gateway,
        httpx.Client(base_url=gateway.url, verify=trusting, trust_env=False) as kept,
    ):

        def works() -> bool:
            path = "/api/v1/inventory/assets"
            new = httpx.get(gateway.url + path, verify=trusting, trust_env=False)
            return (new.status_code, kept.get(path).status_code) == (200, 200)

        assert works()
        before = serial(where["port"], authority)
        shown_to_service = callers(service)
        for name in ("door", "gateway"):
            authority.issue(name)

        def exchanged() -> bool:
            assert works()
            service.hang_up()
            return serial(where["port"], authority) != before and bool(callers(service) - shown_to_service)

        until(exchanged)
        assert works()


def test_an_authority_is_exchanged_while_requests_go_on(folder: Path, keys: Keys):
    """As it is done: both are trusted, then the service shows the new one's certificate, then the old one goes."""
    retired, successor = Authority(folder, "retired"), Authority(folder, "successor")
    trust = folder / "inside/ca.crt"
    put(trust, retired.path.read_bytes())
    ours = retired.issue("gateway")
    service = secured(Service("inventory_service"), retired, retired.issue("inventory_service"))
    tls = {"ca": trust, "server_name": service.name, "certificate": ours.certificate, "key": ours.key}
    upstreams = {name: {"port": service.port, "tls": tls} for name in ("user_service", "order_service", service.name)}
    with serving(service), running(folder, keys, {}, upstreams=upstreams, secrets_folder=folder) as gateway:

        def status() -> int:
            service.hang_up()
            return gateway.get("/api/v1/inventory/assets").status_code

        assert status() == 200
        show(service, successor.issue("inventory_service"))
        until(lambda: status() == 503)
        put(trust, retired.path.read_bytes() + successor.path.read_bytes())
        until(lambda: status() == 200)
        show(service, retired.issue("inventory_service"))
        until(lambda: status() == 200)
        put(trust, successor.path.read_bytes())
        until(lambda: status() == 503)
        show(service, successor.issue("inventory_service"))
        until(lambda: status() == 200)


def put(file: Path, content: bytes) -> None:
    """Exchange a folder's contents as Kubernetes does: files are links that stay, into a folder that is replaced."""
    mount, version = file.parent, f"..{secrets.token_hex(4)}"
    (mount / version).mkdir(parents=True)
    (mount / version / file.name).write_bytes(content)
    (mount / "..draft").symlink_to(version)
    (mount / "..draft").replace(mount / "..data")
    if not file.is_symlink():
        file.symlink_to(f"..data/{file.name}")


def show(service: Service, pair: Pair) -> None:
    """Has the service show another certificate to whoever connects from now on."""
    assert isinstance(service.socket, ssl.SSLSocket)
    service.socket.context.load_cert_chain(pair.certificate, pair.key)


def secured(service: Service, authority: Authority, shown) -> Service:
    """Has the service demand a client certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.path))
    context.verify_mode = ssl.CERT_REQUIRED
    # As our services do: each connection shows anew who is who.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    context.load_cert_chain(shown.certificate, shown.key)
    service.socket = context.wrap_socket(service.socket, server_side=True, do_handshake_on_connect=False)
    return service


def test_a_service_that_comes_back_is_used_again(folder: Path, keys: Keys):
    port = free_port()
    upstreams = {name: {"port": port} for name in ("user_service", "order_service", "inventory_service")}
    with running(folder, keys, {}, upstreams=upstreams) as gateway:
        for _ in range(2):
            for _ in range(12):
                assert gateway.get("/api/v1/inventory/assets").status_code == 503
            with serving(Service("inventory_service", port)):
                until(lambda: gateway.get("/api/v1/inventory/assets").status_code == 200)


def test_a_write_is_sent_once_and_a_read_again_only_if_nobody_can_have_seen_it(folder: Path, keys: Keys):
    with Dropping() as dropping:
        upstreams = {name: {"port": dropping.port} for name in ("user_service", "order_service", "inventory_service")}
        with running(folder, keys, {}, upstreams=upstreams) as gateway:
            bearer = keys.bearer("customer")
            assert gateway.request("POST", "/api/v1/orders", headers=bearer, content=b"{}").status_code == 503
            assert dropping.requests == 1
            assert gateway.get("/api/v1/orders", headers=bearer).status_code == 503
            assert dropping.requests == 2


class Dropping:
    """Reads each request and hangs up without a word."""

    def __enter__(self) -> Self:
        self.requests = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                if connection.recv(65_536):
                    self.requests += 1

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=5)


def test_of_two_replicas_the_one_that_is_away_is_left_out(folder: Path, keys: Keys):
    away = free_port()

    def second_replica(config: dict) -> None:
        (cluster,) = [each for each in config["static_resources"]["clusters"] if each["name"] == "user_service"]
        address = {"socket_address": {"address": "127.0.0.1", "port_value": away}}
        cluster["load_assignment"]["endpoints"][0]["lb_endpoints"].append({"endpoint": {"address": address}})

    with serving(Service("user_service")) as service:
        upstreams = {name: {"port": service.port} for name in ("user_service", "order_service", "inventory_service")}
        with running(folder, keys, {}, upstreams=upstreams, alter=second_replica) as gateway:
            bearer = keys.bearer("customer")
            reads = [gateway.get("/api/v1/auth/profile", headers=bearer).status_code for _ in range(4)]
            # A read is tried again at the other one, so nobody notices; a write is not.
            assert reads == [200] * 4

            def write() -> int:
                return gateway.request("PUT", "/api/v1/auth/profile", headers=bearer, content=b"{}").status_code

            until(lambda: [write() for _ in range(10)] == [200] * 10)


def test_what_is_too_much_for_a_service_is_refused_at_once(folder: Path, keys: Keys):
    with serving(Stalling("inventory_service")) as service:
        upstreams = {name: {"port": service.port} for name in ("user_service", "order_service", "inventory_service")}
        with running(folder, keys, {}, upstreams=upstreams, limits={"upstream_requests": 2}) as gateway:
            path = "/api/v1/inventory/assets"
            busy = [threading.Thread(target=gateway.get, args=(path,)) for _ in range(2)]
            for each in busy:
                each.start()
            until(lambda: len(service.seen) == 2)
            refused = gateway.get(path)
            assert refused.status_code == 503
            assert refused.json()["code"] == "SVC_001"
            assert len(service.seen) == 2
            service.go_on.set()
            for each in busy:
                each.join(timeout=10)
            assert gateway.get(path).status_code == 200


class Stalling(Service):
    """Answers nobody until it may go on."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.go_on = threading.Event()

    def noticed(self) -> None:
        self.go_on.wait(8)


def test_streams_cannot_use_up_the_room_of_other_requests(folder: Path, keys: Keys):
    with serving(Holding("order_service")) as service:
        limits = {"upstream_streams": 2, "upstream_requests": 2}
        upstreams = {name: {"port": service.port} for name in ("user_service", "order_service", "inventory_service")}
        with running(folder, keys, {}, upstreams=upstreams, limits=limits) as gateway:
            bearer = keys.bearer("customer")
            url = f"{gateway.url}/api/v1/orders/stream"
            with httpx.Client(trust_env=False, timeout=5) as client:
                with client.stream("GET", url, headers=bearer) as one, client.stream("GET", url, headers=bearer) as two:
                    assert (one.status_code, two.status_code) == (200, 200)
                    full = gateway.get("/api/v1/orders/stream", headers=bearer)
                    assert full.status_code == 503
                    assert full.json()["code"] == "SVC_001"
                    assert gateway.get("/api/v1/orders", headers=bearer).status_code == 200


class Holding(Service):
    """Keeps its streams open for as long as it runs."""

    stream_events = 1_000
