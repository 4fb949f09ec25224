"""Requests that two readers could understand in two ways: each is refused, or read in one way only."""

import json

import pytest

from .support import Gateway, Keys

pytestmark = [pytest.mark.enable_socket, pytest.mark.security]

LOGIN = "POST /api/v1/auth/login HTTP/1.1\r\nHost: gateway\r\n"


@pytest.fixture
def probe(gateway: Gateway):
    """Sends raw bytes; afterwards the gateway is alive and no service saw the smuggled request."""
    seen = sum(len(each.seen) for each in gateway.services.values())

    def send(data: str | bytes) -> bytes:
        return gateway.raw(data.encode("latin-1") if isinstance(data, str) else data, seconds=0.5)

    yield send
    assert gateway.get("/health").status_code == 200
    paths = [each["path"] for service in gateway.services.values() for each in service.seen]
    assert not [path for path in paths[seen:] if "admin" in path]


SMUGGLED = "GET /api/v1/admin/users/u1 HTTP/1.1\r\nHost: gateway\r\n\r\n"


@pytest.mark.parametrize(
    "framing",
    [
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        "Content-Length: 5, 6\r\n\r\nhello!",
        "Content-Length: +5\r\n\r\nhello",
        "Content-Length: -5\r\n\r\nhello",
        "Content-Length: 0x5\r\n\r\nhello",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + SMUGGLED,
        "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        "Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5;\nhello\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
        "X-Bad: a\x00b\r\n\r\n",
        " Folded: header\r\n\r\n",
        "No colon\r\n\r\n",
        "Bad Name: x\r\n\r\n",
    ],
)
def test_ambiguous_framing_is_refused_and_ends_the_connection(probe, framing: str):
    answer = probe(LOGIN + framing)
    assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 501")), answer
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in answer
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert json.loads(body)["request_id"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/orders%2ford_1",
        "/api/v1/orders%2Ford_1",
        "/api/v1/inventory%5cassets",
        "/api/v1/inventory/assets/%2e%2e%2fadmin",
        "/api/v1/inventory/assets%00",
        "/api/v1/inventory/assets/a%00b",
        "/api/v1/inventory/assets\x00",
        "/api/v1/inventory/ass ets",
        "//evil.test/%2f..",
    ],
)
def test_paths_with_hidden_separators_are_refused(probe, path: str):
    answer = probe(f"GET {path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 4"), answer
    assert b"application/problem+json" in answer


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/inventory/assets/../../admin/users/u1",
        "/api/v1/inventory/assets/%2e%2e/%2E%2E/admin/users/u1",
        "/api/v1/./admin//users/u1",
        "/api/v1/inventory\\..\\admin/users/u1",
        "http://gateway/api/v1/admin/users/u1",
        "/api/v1/admin/users/u1?/api/v1/inventory/assets",
        "/api/v1/admin/users/u1#/api/v1/inventory/assets",
        "/api/v1/admin/users/u1;/../../inventory/assets",
        "/api/v1/admin/users/u1/",
    ],
)
def test_no_spelling_of_a_guarded_path_gets_around_its_guard(probe, path: str):
    answer = probe(f"GET {path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n")
    assert answer.split(b" ")[1] in {b"400", b"401", b"404"} or b'"path": "/inventory/assets"' in answer, answer


@pytest.mark.parametrize(
    "line",
    [
        "GET /api/v1/inventory/assets HTTP/1.0",
        "GET /api/v1/inventory/assets",
        "GET /api/v1/inventory/assets HTTP/9.9",
        "G\x00T /api/v1/inventory/assets HTTP/1.1",
        "CONNECT evil.test:443 HTTP/1.1",
        "GET api/v1/inventory/assets HTTP/1.1",
        "BREW /api/v1/inventory/assets HTTP/1.1",
    ],
)
def test_odd_request_lines_are_refused(probe, line: str):
    answer = probe(f"{line}\r\nHost: gateway\r\nConnection: close\r\n\r\n")
    assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")) or answer == b"", answer


def test_a_request_without_or_with_two_hosts_is_refused(probe):
    for hosts in ("", "Host: a\r\nHost: b\r\n"):
        answer = probe(f"GET /health HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 400"), answer


def test_an_upgrade_is_not_granted(gateway: Gateway, probe):
    answer = probe(
        "GET /api/v1/inventory/assets HTTP/1.1\r\nHost: gateway\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 403"), answer


@pytest.mark.parametrize(
    ("header", "read"),
    [
        ("X-Odd: a\rContent-Length: 5", "aContent-Length: 5"),
        ("X-Odd: a\r\n b", "a b"),
        ("X-Odd: a\r\n\tb: c", "a\tb: c"),
    ],
)
def test_a_header_that_could_be_read_as_two_is_passed_on_as_one(gateway: Gateway, probe, header: str, read: str):
    answer = probe(f"{LOGIN}{header}\r\nConnection: close\r\n\r\n")
    seen = gateway.services["user_service"].seen[-1]
    assert answer.startswith(b"HTTP/1.1 200")
    assert dict(seen["headers"])["x-odd"] == read
    assert seen["body"] == ""


def test_spare_spaces_in_the_request_line_are_not_passed_on(gateway: Gateway, probe):
    assert probe("GET  /api/v1/inventory/assets  HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").startswith(
        b"HTTP/1.1 200"
    )
    assert gateway.services["inventory_service"].seen[-1]["path"] == "/inventory/assets"


def test_hop_by_hop_headers_cannot_strip_what_the_gateway_adds(gateway: Gateway, keys: Keys):
    for named in ("x-cnop-gateway", "x-forwarded-for", "x-request-id", "authorization"):
        response = gateway.get("/api/v1/orders", headers={"Connection": f"close, {named}", **keys.bearer("customer")})
        if response.status_code == 200:
            seen = dict(response.json()["headers"])
            assert seen["x-cnop-gateway"]
            assert seen["x-forwarded-for"] == "127.0.0.1"
        else:
            assert response.status_code in {400, 401}


def test_pipelined_requests_are_answered_one_by_one_each_by_its_own_rules(gateway: Gateway):
    public = "GET /api/v1/inventory/assets HTTP/1.1\r\nHost: gateway\r\n\r\n"
    guarded = "GET /api/v1/orders HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n"
    answer = gateway.raw((public + guarded).encode(), seconds=2)
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200", b"401"]
