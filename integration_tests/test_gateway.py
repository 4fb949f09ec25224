import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from platform_client import GATEWAY, PAGE, client, problem, stranger

pytestmark = pytest.mark.gateway


def raw(request: bytes) -> bytes:
    """Send bytes as they are and return the first part of the answer."""
    address = urlsplit(GATEWAY)
    plain = socket.create_connection((address.hostname, address.port), timeout=10)
    secure = address.scheme == "https"
    context = ssl.create_default_context()
    with context.wrap_socket(plain, server_hostname=address.hostname) if secure else plain as connection:
        connection.sendall(request)
        connection.settimeout(10)
        return connection.recv(65536)


def test_the_documented_refusal_of_a_made_up_token(http):
    document = problem(http.get("/orders", headers={"Authorization": "Bearer invalid_token"}), 401, "AUTH_003")
    assert document["request_id"]


def test_no_token_at_all_is_told_apart(http):
    answer = http.get("/orders")
    problem(answer, 401, "AUTH_002")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "path", ["/nowhere", "/auth", "/auth/login/deeper", "/metrics", "/auth/%2e%2e/metrics", "/.env"]
)
def test_unknown_paths_are_problems(http, path):
    answer = http.get(path)
    assert answer.status_code in (400, 404)
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_operational_paths_stay_inside():
    with client(GATEWAY) as http:
        for path in ("/metrics", "/openapi.json", "/docs", "/health/ready", "/stats", "/config_dump", "/orders"):
            assert http.get(path).status_code == 404, path


def test_a_trailing_slash_is_the_same_path(http):
    answer = http.get("/inventory/assets/")
    assert (answer.status_code, answer.history) == (200, [])


def test_a_wrong_method_is_405(http):
    answer = http.delete("/inventory/assets")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]


def test_every_answer_carries_its_request_id_and_security_headers(http):
    answer = http.get("/inventory/assets/BTC")
    assert answer.headers["x-request-id"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "server" not in answer.headers


def test_a_clients_request_id_is_kept_only_when_it_is_one(http):
    good = "11111111-2222-4333-8444-555555555555"
    assert http.get("/inventory/assets/BTC", headers={"X-Request-ID": good}).headers["x-request-id"] == good
    junk = '"><script>'
    assert http.get("/inventory/assets/BTC", headers={"X-Request-ID": junk}).headers["x-request-id"] != junk


def test_cross_origin_use_is_for_the_page_alone(http):
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    allowed = http.options("/orders", headers={"Origin": PAGE, **ask})
    refused = http.options("/orders", headers={"Origin": "https://attacker.test", **ask})
    assert allowed.headers.get("access-control-allow-origin") == PAGE
    assert "access-control-allow-origin" not in refused.headers


def test_an_oversized_body_is_refused(http):
    answer = http.post("/auth/login", content=b"x" * 300_000, headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert answer.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize(
    "request_text",
    [
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",  # noqa: E501 - a request as it is sent
        "GET /api/v1/inventory/assets%2fBTC HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /api/v1/inventory/assets/%00 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET http://elsewhere.test/api/v1/%2e%2e/%2e%2e/metrics HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /api/v1/orders HTTP/1.1\r\nHost: x\r\nX-Long: " + "a" * 100_000 + "\r\n\r\n",
        "GARBAGE\r\n\r\n",
    ],
    ids=["two-lengths", "length-and-chunked", "encoded-slash", "null-byte", "absolute-dots", "long-header", "garbage"],
)
def test_confusing_requests_are_refused_and_do_no_harm(http, request_text):
    answer = raw(request_text.encode())
    assert answer[:12] not in (b"HTTP/1.1 200", b"HTTP/1.1 201"), answer[:200]
    assert http.get("/inventory/assets/BTC").status_code == 200


def test_slow_senders_hold_up_nobody_and_are_hung_up_on(http):
    address = urlsplit(GATEWAY)
    held = [socket.create_connection((address.hostname, address.port), timeout=30) for _ in range(100)]
    try:
        if address.scheme == "https":
            trusting = ssl.create_default_context()
            held = [trusting.wrap_socket(each, server_hostname=address.hostname) for each in held]
        for connection in held:
            connection.sendall(b"GET /api/v1/inventory/assets HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        for _ in range(20):
            assert http.get("/inventory/assets/BTC").elapsed.total_seconds() < 5
        for connection in held:
            answer = connection.recv(65536)
            assert answer == b"" or answer.startswith(b"HTTP/1.1 408")
    finally:
        for connection in held:
            connection.close()


def test_limits_are_announced(http, person):
    answer = person.call("GET", "/balance")
    assert answer.status_code == 200
    for name in ("limit", "remaining", "reset"):
        assert answer.headers[f"x-ratelimit-{name}"].isdigit()
    assert answer.headers["ratelimit"].startswith(f'"read";r={answer.headers["x-ratelimit-remaining"]};t=')
    assert answer.headers["ratelimit-policy"].startswith('"read";q=')


def test_a_flood_of_sign_ins_is_limited_with_a_time_to_come_back():
    with stranger() as http, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: http.post("/auth/login", json={}), range(900)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused, "900 sign-ins in a row were all let through"
    problem(refused[0], 429, "RATE_001")
    assert int(refused[0].headers["retry-after"]) >= 1
    assert {answer.status_code for answer in answers} <= {422, 429}


def test_the_page_and_the_api_share_one_origin():
    with client(PAGE) as http:
        assert http.get("/api/v1/inventory/assets/BTC").status_code == 200
