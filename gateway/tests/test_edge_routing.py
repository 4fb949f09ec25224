"""Which requests reach which service, as what, and what is answered to the others."""

import json
from pathlib import Path

import httpx
import pytest

from .support import ORIGIN, SECRET, Gateway, Keys, free_port, running, until

pytestmark = pytest.mark.enable_socket

REQUEST_ID = "0198f0aa-1111-7222-8333-444455556666"


def sent(response) -> dict[str, str]:
    assert response.status_code == 200, response.text
    return dict(response.json()["headers"])


def test_the_prefix_is_taken_off_and_the_query_stays(gateway: Gateway, keys: Keys):
    seen = gateway.get("/api/v1/orders/ord_1?a=%2Fb&c=/api/v1", headers=keys.bearer("customer")).json()
    assert seen["service"] == "order_service"
    assert seen["path"] == "/orders/ord_1?a=%2Fb&c=/api/v1"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/inventory/assets/",
        "/api/v1//inventory///assets",
        "/api/v1/x/../inventory/assets",
        "/api/v1/./inventory/assets",
        "/api/v1/x/%2e%2e/inventory/assets",
    ],
)
def test_other_spellings_of_a_path_are_the_same_path_without_a_redirect(gateway: Gateway, path: str):
    status, _, _, body = http(gateway, f"GET {path} HTTP/1.1")
    assert status == 200
    assert json.loads(body)["path"] == "/inventory/assets"


def test_a_literal_path_goes_before_a_parameter(gateway: Gateway, keys: Keys):
    response = gateway.get("/api/v1/orders/stream", headers=keys.bearer("customer"))
    assert response.headers["content-type"] == "text/event-stream"


def test_streams_flow_as_they_are_written_and_outlive_the_timeout_of_other_requests(gateway: Gateway, keys: Keys):
    response = gateway.get("/api/v1/orders/stream", headers=keys.bearer("customer"))
    assert response.text == "data: 0\n\ndata: 1\n\ndata: 2\n\n"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/orders",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v2/orders",
        "/api/v1/orders/a/b",
        "/API/v1/orders",
        "/metrics",
        "/api/v1/metrics",
        "/docs",
        "/api/v1/.well-known/x",
    ],
)
def test_an_unknown_path_is_404(gateway: Gateway, path: str):
    response = gateway.get(path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "NOT_FOUND"


def test_an_internal_operation_is_not_routed(gateway: Gateway):
    before = len(gateway.services["user_service"].seen)
    assert gateway.get("/api/v1/user_service/health").status_code == 404
    assert len(gateway.services["user_service"].seen) == before


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/v1/orders", "GET, POST"),
        ("POST", "/api/v1/orders/ord_1", "DELETE, GET"),
        ("POST", "/api/v1/orders/stream", "DELETE, GET"),
        ("OPTIONS", "/api/v1/orders", "GET, POST"),
        ("TRACE", "/api/v1/orders", "GET, POST"),
        ("DELETE", "/api/v1/docs", "GET, HEAD"),
        ("POST", "/health", "GET, HEAD"),
    ],
)
def test_a_known_path_with_another_method_is_405_and_says_what_is_allowed(gateway, method, path, allowed):
    response = gateway.request(method, path)
    assert response.status_code == 405
    assert response.headers["allow"] == allowed
    assert response.json()["code"] == "METHOD_NOT_ALLOWED"


def test_the_gateway_tells_its_own_health(gateway: Gateway):
    response = gateway.get("/health")
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    document = response.json()
    assert document.pop("timestamp").endswith("Z")
    assert document == {
        "status": "healthy",
        "service": "gateway",
        "version": "0.1.0",
        "environment": "local",
        "checks": {},
    }


def test_the_page_process_answers_description_docs_and_health_under_the_prefix(gateway: Gateway):
    for path in ("/api/v1/openapi.json", "/api/v1/docs", "/api/v1/docs/ui.js", "/api/v1/health"):
        seen = gateway.get(path).json()
        assert (seen["service"], seen["path"]) == ("web", path)


def test_the_page_listener_serves_the_api_and_everything_else_from_the_page_process(gateway: Gateway, keys: Keys):
    seen = httpx.get(f"{gateway.page_url}/api/v1/orders", headers=keys.bearer("customer"), trust_env=False).json()
    assert (seen["service"], seen["path"]) == ("order_service", "/orders")
    for path in ("/", "/orders/ord_1", "/assets/index-abc.js", "/health"):
        page = httpx.get(f"{gateway.page_url}{path}", headers={"Cookie": "a=b"}, trust_env=False)
        assert (page.json()["service"], page.json()["path"]) == ("web", path)
        assert "cookie" not in sent(page)
        policy = page.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
    assert httpx.get(f"{gateway.page_url}/api/v1/nothing", trust_env=False).status_code == 404
    assert httpx.post(f"{gateway.page_url}/", trust_env=False).status_code == 405


def test_what_a_service_is_told_comes_from_the_gateway_only(gateway: Gateway):
    forged = {
        "X-User-Id": "admin",
        "X-User-Roles": "admin",
        "X-Cnop-Gateway": "guess",
        "X-Cnop-Anything": "x",
        "X-Forwarded-For": "10.1.1.1, 10.2.2.2",
        "X-Forwarded-Host": "evil.test",
        "X-Real-IP": "10.1.1.1",
        "Forwarded": "for=10.1.1.1",
        "X-Original-URL": "/admin/users",
        "X-HTTP-Method-Override": "DELETE",
        "X-Envoy-Upstream-Rq-Timeout-Ms": "60000",
        "X-Forwarded-Client-Cert": "By=x",
        "Host": "evil.test",
    }
    response = gateway.get("/api/v1/inventory/assets", headers=forged)
    seen = response.json()["headers"]
    assert [value for name, value in seen if name == "x-cnop-gateway"] == [SECRET]
    assert [value for name, value in seen if name == "x-forwarded-for"] == ["127.0.0.1"]
    assert [value for name, value in seen if name == "host"] == ["inventory_service"]
    names = {name for name, _ in seen}
    gone = {name.lower() for name in forged} - {"x-cnop-gateway", "x-forwarded-for", "host"}
    assert not names & gone
    assert SECRET not in str(response.headers)


def test_headers_with_underscores_are_dropped(gateway: Gateway):
    _, _, _, body = http(gateway, "GET /api/v1/inventory/assets HTTP/1.1", "x_user_id: admin")
    assert "x_user_id" not in dict(json.loads(body)["headers"])


def test_a_good_request_id_is_kept_echoed_and_passed_on(gateway: Gateway):
    response = gateway.get("/api/v1/inventory/assets", headers={"X-Request-ID": REQUEST_ID})
    assert response.headers.get_list("x-request-id") == [REQUEST_ID]
    assert sent(response)["x-request-id"] == REQUEST_ID
    refused = gateway.get("/api/v1/orders", headers={"X-Request-ID": REQUEST_ID})
    assert refused.headers["x-request-id"] == refused.json()["request_id"] == REQUEST_ID


@pytest.mark.parametrize(
    "junk", ["x", "1' OR 1=1", REQUEST_ID + "0", "a" * 500, '{"$ne":1}', f"{REQUEST_ID},{REQUEST_ID}"]
)
def test_a_request_id_that_is_no_uuid_is_replaced(gateway: Gateway, junk: str):
    response = gateway.get("/api/v1/inventory/assets", headers={"X-Request-ID": junk})
    made = sent(response)["x-request-id"]
    assert len(made) == 36
    assert made != junk
    assert response.headers.get_list("x-request-id") == [made]


def test_two_request_ids_are_none(gateway: Gateway):
    other = REQUEST_ID.replace("0198", "0199")
    _, _, head, body = http(
        gateway, "GET /api/v1/inventory/assets HTTP/1.1", f"x-request-id: {REQUEST_ID}", f"x-request-id: {other}"
    )
    ids = [value for name, value in json.loads(body)["headers"] if name == "x-request-id"]
    assert len(ids) == 1
    assert ids[0] not in {REQUEST_ID, other}
    assert head["x-request-id"] == ids[0]


def test_the_trace_context_passes(gateway: Gateway):
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    response = gateway.get("/api/v1/inventory/assets", headers={"traceparent": parent, "tracestate": "a=b"})
    assert sent(response)["traceparent"] == parent
    assert sent(response)["tracestate"] == "a=b"


def test_cookies_reach_only_the_operations_that_ask_for_them(gateway: Gateway, keys: Keys):
    cookie = {"Cookie": "__Host-cnop_refresh=abc"}
    login = gateway.request("POST", "/api/v1/auth/login", headers=cookie)
    assert sent(login)["cookie"] == "__Host-cnop_refresh=abc"
    assert login.headers["set-cookie"] == "session=1"
    other = gateway.get("/api/v1/orders", headers={**cookie, **keys.bearer("customer")})
    assert "cookie" not in sent(other)
    assert "set-cookie" not in other.headers


def test_responses_carry_security_headers_and_do_not_name_their_servers(gateway: Gateway):
    for path, status in (
        ("/api/v1/inventory/assets", 200),
        ("/api/v1/orders", 401),
        ("/nothing", 404),
        ("/health", 200),
    ):
        response = gateway.get(path)
        assert response.status_code == status
        assert response.headers.get_list("x-content-type-options") == ["nosniff"]
        assert response.headers.get_list("x-frame-options") == ["DENY"]
        assert response.headers.get_list("referrer-policy") == ["no-referrer"]
        assert response.headers.get_list("content-security-policy") == ["default-src 'none'; frame-ancestors 'none'"]
        assert response.headers.get_list("cache-control") == ["no-store"]
        assert not {"server", "x-powered-by", "x-envoy-upstream-service-time", "strict-transport-security"} & set(
            response.headers
        )


def test_the_docs_page_may_load_its_own_assets(gateway: Gateway):
    assert "default-src 'self'" in gateway.get("/api/v1/docs").headers["content-security-policy"]


def test_only_the_page_s_own_origin_may_call_from_a_browser(gateway: Gateway):
    def preflight(origin: str):
        asked = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization",
        }
        return gateway.request("OPTIONS", "/api/v1/orders", headers=asked)

    allowed = preflight(ORIGIN)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == ORIGIN
    assert "access-control-allow-credentials" not in allowed.headers
    for origin in ("http://localhost:3001", "http://localhost:3000.evil.test", "https://localhost:3000", "null"):
        assert "access-control-allow-origin" not in preflight(origin).headers
    refused = gateway.get("/api/v1/orders", headers={"Origin": ORIGIN})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == ORIGIN


def test_a_service_that_is_away_is_503_and_one_that_is_slow_504(gateway: Gateway, folder: Path, keys: Keys):
    slow = gateway.get("/api/v1/slow")
    assert slow.status_code == 504
    assert slow.json()["code"] == "SVC_002"
    with running(
        folder, keys, {}, upstreams={name: {"port": free_port()} for name in gateway.settings.upstreams}
    ) as lonely:
        for _ in range(20):
            away = lonely.get("/api/v1/inventory/assets")
            assert away.status_code == 503
            assert away.json()["code"] == "SVC_001"


def test_the_address_is_the_one_that_trusted_proxies_vouch_for(folder: Path, services, keys: Keys):
    with running(folder, keys, services, trusted_hops=1) as behind_proxy:
        claimed = {"X-Forwarded-For": "6.6.6.6, 203.0.113.7"}
        response = behind_proxy.get("/api/v1/inventory/assets", headers=claimed)
        assert sent(response)["x-forwarded-for"] == "203.0.113.7"


def test_the_admin_interface_shows_figures_and_no_secret_and_takes_no_orders(gateway: Gateway):
    admin = f"http://127.0.0.1:{gateway.settings.admin_port}"
    figures = httpx.get(f"{admin}/stats/prometheus", trust_env=False)
    assert "envoy_http_downstream_rq_total" in figures.text
    for method, path in (
        ("GET", "/config_dump"),
        ("GET", "/"),
        ("POST", "/quitquitquit"),
        ("POST", "/logging"),
    ):
        refused = httpx.request(method, admin + path, trust_env=False)
        assert refused.status_code == 403
        assert SECRET not in refused.text


def test_the_log_has_one_line_a_request_without_query_names_or_tokens(gateway: Gateway, keys: Keys):
    bearer = keys.bearer("admin", sub="user-log")
    response = gateway.get("/api/v1/admin/users/alice?token=hunter2", headers=bearer)
    line = gateway.logged(response.headers["x-request-id"])
    assert line["route"] == "/api/v1/admin/users/{user_id}"
    assert line["operation"] == "user_service GET /admin/users/{user_id}"
    assert (line["status"], line["user_id"], line["client"], line["upstream"]) == (
        200,
        "user-log",
        "127.0.0.1",
        "user_service",
    )
    assert isinstance(line["duration_ms"], int)
    text = json.dumps(line)
    for secret in ("alice", "hunter2", bearer["Authorization"].split(".")[1], SECRET):
        assert secret not in text


def test_probes_of_the_gateway_s_health_are_not_logged(gateway: Gateway):
    probe = gateway.get("/health").headers["x-request-id"]
    after = gateway.get("/api/v1/health").headers["x-request-id"]
    assert gateway.logged(after)["route"] == "/api/v1/health"
    assert probe not in gateway.log.read_text()


def test_without_a_path_the_log_goes_to_standard_output(folder: Path, keys: Keys, services):
    with running(folder, keys, services, log_path=None) as gateway:
        made = gateway.get("/api/v1/inventory/assets").headers["x-request-id"]
        until(lambda: made in (folder / "envoy.err").read_text())
    line = json.loads(next(each for each in (folder / "envoy.err").read_text().splitlines() if made in each))
    assert line["request_id"] == made


def test_the_log_names_the_path_that_nothing_answers(gateway: Gateway):
    response = gateway.get("/api/v1/nowhere?secret=hunter2")
    line = gateway.logged(response.headers["x-request-id"])
    assert line["path"] == "/api/v1/nowhere"
    assert line["route"] == "unmatched"
    assert "hunter2" not in json.dumps(line)


def http(gateway: Gateway, *lines: str, body: bytes = b"") -> tuple[int, str, dict[str, str], bytes]:
    head = "\r\n".join([*lines, "Host: gateway", "Connection: close", "", ""]).encode()
    answer, _, content = gateway.raw(head + body).partition(b"\r\n\r\n")
    first, *rest = answer.decode().split("\r\n")
    return (
        int(first.split()[1]),
        first,
        {name.lower(): value for name, value in (each.split(": ", 1) for each in rest)},
        content,
    )
