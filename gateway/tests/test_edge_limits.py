"""How much a client may send, how often, and how slowly."""

import socket
import time
from collections.abc import Iterator

import pytest

from .support import Gateway, Keys, Service, running

pytestmark = pytest.mark.enable_socket


def problem(response, status, code):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == code
    assert isinstance(response.json()["request_id"], str)


@pytest.fixture(scope="module")
def strict(tmp_path_factory, keys: Keys, services: dict[str, Service]) -> Iterator[Gateway]:
    """Small buckets, short patience."""
    bucket = {"burst": 3, "requests": 1, "interval_seconds": 30}
    limits = {"headers_timeout_seconds": 0.5, "request_timeout_seconds": 0.8, "stream_idle_seconds": 1}
    folder = tmp_path_factory.mktemp("strict")
    with running(folder, keys, services, class_limits={"trade": bucket, "auth": bucket}, limits=limits) as started:
        yield started


def test_each_user_has_a_budget_for_each_class_of_operation(strict: Gateway, keys: Keys):
    def order(user: str):
        return strict.request("POST", "/api/v1/orders", headers=keys.bearer("customer", sub=user))

    for remaining in ("2", "1", "0"):
        admitted = order("busy")
        assert admitted.status_code == 200
        assert admitted.headers.get_list("x-ratelimit-limit") == ["3"]
        assert admitted.headers.get_list("x-ratelimit-remaining") == [remaining]
        assert admitted.headers["ratelimit"].startswith(f'"trade";r={remaining};t=')
        assert admitted.headers["ratelimit-policy"] == '"trade";q=3;w=90'
    refused = order("busy")
    problem(refused, 429, "RATE_001")
    assert 1 <= int(refused.headers["retry-after"]) <= 30
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert order("quiet").status_code == 200
    assert strict.get("/api/v1/orders", headers=keys.bearer("customer", sub="busy")).status_code == 200


def test_what_a_service_says_of_a_limit_of_its_own_stands_beside_the_gateways(strict: Gateway, keys: Keys):
    service = strict.services["order_service"]
    service.answers_with = {
        "RateLimit": '"orders";r=0;t=7',
        "RateLimit-Policy": '"orders";q=30;w=3',
        "Retry-After": "7",
    }
    try:
        answer = strict.request("POST", "/api/v1/orders", headers=keys.bearer("customer", sub="both"))
    finally:
        service.answers_with = {}
    assert answer.headers["ratelimit"].startswith('"orders";r=0;t=7, "trade";r=2;t=')
    assert answer.headers["ratelimit-policy"] == '"orders";q=30;w=3, "trade";q=3;w=90'
    assert answer.headers.get_list("retry-after") == ["7"]


def test_another_token_of_the_same_user_shares_the_budget(strict: Gateway, keys: Keys):
    answers = [
        strict.request("POST", "/api/v1/orders", headers=keys.bearer("customer", sub="same", jti=str(number)))
        for number in range(4)
    ]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]


def test_a_forged_address_does_not_make_a_new_client(strict: Gateway):
    answers = [
        strict.request("POST", "/api/v1/auth/login", headers={"X-Forwarded-For": f"10.0.0.{number}"})
        for number in range(4)
    ]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    problem(answers[-1], 429, "RATE_001")


def test_addresses_that_a_trusted_proxy_vouches_for_have_budgets_of_their_own(tmp_path, services, keys: Keys):
    bucket = {"burst": 1, "requests": 1, "interval_seconds": 60}
    with running(tmp_path, keys, services, trusted_hops=1, class_limits={"auth": bucket}) as gateway:

        def login(address: str) -> int:
            headers = {"X-Forwarded-For": f"6.6.6.6, {address}"}
            return gateway.request("POST", "/api/v1/auth/login", headers=headers).status_code

        assert [login("203.0.113.1"), login("203.0.113.1"), login("203.0.113.2")] == [200, 429, 200]


# Two addresses of one /64, which a single subscriber commands, and one of another.
NEIGHBOURS, STRANGER = ("2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:fffe"), "2001:db8:0:2::1"


def test_a_whole_ipv6_network_of_one_subscriber_has_one_budget(tmp_path, services, keys: Keys):
    bucket = {"burst": 1, "requests": 1, "interval_seconds": 60}
    with running(tmp_path, keys, services, trusted_hops=1, class_limits={"auth": bucket}) as gateway:

        def login(address: str) -> int:
            headers = {"X-Forwarded-For": address}
            return gateway.request("POST", "/api/v1/auth/login", headers=headers).status_code

        assert [login(each) for each in (*NEIGHBOURS, STRANGER)] == [200, 429, 200]


def test_all_requests_of_an_ipv6_network_count_together(tmp_path, services, keys: Keys):
    bucket = {"burst": 1, "requests": 1, "interval_seconds": 60}
    with running(tmp_path, keys, services, trusted_hops=1, address_limit=bucket) as gateway:

        def read(address: str) -> int:
            return gateway.get("/health", headers={"X-Forwarded-For": address}).status_code

        assert [read(each) for each in (*NEIGHBOURS, STRANGER)] == [200, 429, 200]
        assert [read(each) for each in ("203.0.113.1", "203.0.113.2", "203.0.113.1")] == [200, 200, 429]


def test_all_requests_of_an_address_count_together_before_tokens_are_looked_at(tmp_path, services, keys: Keys):
    bucket = {"burst": 4, "requests": 1, "interval_seconds": 60}
    with running(tmp_path, keys, services, address_limit=bucket) as gateway:
        assert gateway.get("/api/v1/orders").status_code == 401
        assert gateway.get("/nowhere").status_code == 404
        assert gateway.get("/health").status_code == 200
        assert gateway.get("/api/v1/orders", headers=keys.bearer("customer")).status_code == 200
        refused = gateway.get("/api/v1/orders", headers=keys.bearer("customer"))
        problem(refused, 429, "RATE_001")
        assert int(refused.headers["retry-after"]) >= 1


def test_replies_that_no_limiter_has_seen_speak_of_no_quota(gateway: Gateway):
    for path in ("/api/v1/orders", "/nowhere"):
        assert not {"ratelimit", "ratelimit-policy", "x-ratelimit-limit"} & set(gateway.get(path).headers)


def test_a_body_over_the_operation_s_limit_is_413(gateway: Gateway, keys: Keys):
    def login(size: int):
        return gateway.request("POST", "/api/v1/auth/login", content=b"x" * size)

    before = len(gateway.services["user_service"].seen)
    assert login(2048).status_code == 200
    problem(login(2049), 413, "PAYLOAD_TOO_LARGE")
    chunked = gateway.request("POST", "/api/v1/auth/login", content=iter([b"x" * 1024] * 3))
    problem(chunked, 413, "PAYLOAD_TOO_LARGE")
    assert len(gateway.services["user_service"].seen) == before + 1
    bearer = keys.bearer("customer")
    assert gateway.request("POST", "/api/v1/orders", content=b"x" * 16_384, headers=bearer).status_code == 200
    problem(gateway.request("POST", "/api/v1/orders", content=b"x" * 16_385, headers=bearer), 413, "PAYLOAD_TOO_LARGE")


def test_headers_that_are_too_large_or_too_many_are_431(gateway: Gateway):
    for headers in ({"X-Big": "a" * 17_000}, {f"X-Many-{number}": "a" for number in range(80)}):
        response = gateway.get("/api/v1/inventory/assets", headers=headers)
        problem(response, 431, "HEADERS_TOO_LARGE")
        assert response.headers["x-content-type-options"] == "nosniff"


def test_a_client_that_dribbles_its_headers_is_cut_off(strict: Gateway):
    with socket.create_connection(("127.0.0.1", strict.settings.gateway.port), timeout=5) as connection:
        connection.settimeout(5)
        connection.sendall(b"GET /api/v1/inventory/assets HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        began = time.monotonic()
        received = read_all(connection)
        assert time.monotonic() - began < 3
    assert received == b"" or received.startswith(b"HTTP/1.1 408")
    assert strict.get("/api/v1/inventory/assets").status_code == 200


def test_a_client_that_dribbles_its_body_occupies_no_service(strict: Gateway):
    before = len(strict.services["user_service"].seen)
    with socket.create_connection(("127.0.0.1", strict.settings.gateway.port), timeout=5) as connection:
        connection.settimeout(5)
        connection.sendall(b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
        received = read_all(connection)
    assert received.startswith((b"HTTP/1.1 408", b"HTTP/1.1 429"))
    assert b"application/problem+json" in received
    assert len(strict.services["user_service"].seen) == before


def test_a_connection_that_says_nothing_is_closed(tmp_path, services, keys: Keys):
    with running(tmp_path, keys, services, limits={"connection_idle_seconds": 0.3}) as gateway:
        assert gateway.raw(b"", seconds=3) == b""
        began = time.monotonic()
        gateway.raw(b"", seconds=5)
        assert time.monotonic() - began < 3


def test_connections_are_bounded(tmp_path, services, keys: Keys):
    with running(tmp_path, keys, services, limits={"connections": 3}) as gateway:
        address = ("127.0.0.1", gateway.settings.gateway.port)
        held = [socket.create_connection(address, timeout=5) for _ in range(3)]
        try:
            for connection in held:
                connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
            refused = gateway.raw(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", seconds=2)
            assert refused == b""
        finally:
            for connection in held:
                connection.close()


def read_all(connection: socket.socket) -> bytes:
    received = b""
    try:
        while part := connection.recv(65_536):
            received += part
    except ConnectionError:
        pass
    return received
