"""One request, one trace: from the gateway through its service to the last call of the store; and in both logs."""

import json
import secrets
import time
from collections.abc import Iterator

import httpx
import pytest
from conftest import Stack

from cnop_platform.testing.collector import Collector, SeenSpan

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def customer(stack: Stack) -> Iterator[httpx.Client]:
    base_url = f"{stack.services['CNOP_BASE_URL']}/api/v1"
    with httpx.Client(base_url=base_url, timeout=20, trust_env=False) as client:
        sign_in(client)
        yield client


def sign_in(client: httpx.Client) -> None:
    name, password = f"user_{secrets.token_hex(6)}", secrets.token_urlsafe(18)
    person = {"username": name, "email": f"{name}@example.com", "password": password}
    assert client.post("/auth/register", json=person).status_code == 201
    login = client.post("/auth/login", json={"username": name, "password": password})
    client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
    assert client.post("/balance/deposit", json={"amount": "1000.00"}).status_code == 201


def ancestors(span: SeenSpan, trace: list[SeenSpan]) -> list[str]:
    """Give the services and names above a span, the nearest first."""
    above = {each.span_id: each for each in trace}
    names = []
    while span.parent_id in above:
        span = above[span.parent_id]
        names.append(f"{span.service}: {span.name}")
    return names


def logged(stack: Stack, component: str, trace_id: str) -> list[dict[str, object]]:
    """Give the lines that a component logged in a trace; the gateway writes its log once a second."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        lines = stack.state.log_of(component).read_text().splitlines()
        found = [json.loads(line) for line in lines if line.startswith("{") and trace_id in line]
        if found:
            return found
        time.sleep(0.2)
    return []


def test_an_order_is_one_trace_from_the_gateway_to_the_store(
    stack: Stack, spans: Collector, customer: httpx.Client
) -> None:
    trace_id = secrets.token_hex(16)
    order = {"order_type": "market_buy", "asset_id": "BTC", "quantity": "0.001"}
    answer = customer.post("/orders", json=order, headers={"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"})
    assert answer.status_code == 201, answer.text

    def complete(_seen: list[SeenSpan]) -> bool:
        names = {f"{span.service}: {span.name}" for span in spans.trace(trace_id)}
        return {"gateway: POST /api/v1/orders", "order_service: POST /orders", "order_service: store transact"} <= names

    spans.wait_for(complete)
    trace = spans.trace(trace_id)
    by_name = {f"{span.service}: {span.name}": span for span in trace}
    assert ancestors(by_name["order_service: POST /orders"], trace) == ["gateway: POST /api/v1/orders"]
    calls = [span for span in trace if span.name.startswith("store ")]
    assert {"store transact", "store get_many"} <= {span.name for span in calls}
    for span in calls:
        assert ancestors(span, trace) == ["order_service: POST /orders", "gateway: POST /api/v1/orders"], span
        assert span.attributes["db.system.name"] == "sqlite"
    written = json.dumps([span.attributes for span in trace])
    assert str(customer.headers["Authorization"]).removeprefix("Bearer ") not in written


def test_the_logs_of_gateway_and_service_name_the_trace(stack: Stack, customer: httpx.Client) -> None:
    answer = customer.get("/balance")
    request_id = answer.headers["x-request-id"]
    (line,) = [each for each in logged(stack, "gateway", request_id) if each["request_id"] == request_id]
    trace_id = str(line["trace_id"])
    (request,) = [each for each in logged(stack, "user_service", trace_id) if each["event"] == "request"]
    assert request["request_id"] == request_id
    assert len(str(request["span_id"])) == 16


def test_the_page_process_passes_the_trace_on(stack: Stack, spans: Collector) -> None:
    trace_id = secrets.token_hex(16)
    url = f"{stack.services['CNOP_BASE_URL']}/api/v1/openapi.json"
    httpx.get(url, headers={"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"}, trust_env=False, timeout=20)
    services = {"gateway", "web", "user_service", "order_service", "inventory_service"}
    spans.wait_for(lambda _seen: services <= {span.service for span in spans.trace(trace_id)})


def test_probes_and_polling_are_in_no_trace(stack: Stack, spans: Collector) -> None:
    httpx.get(f"{stack.services['CNOP_BASE_URL']}/health", trust_env=False)
    assert not [span for span in spans.spans if span.name.startswith(("GET /health", "GET /metrics"))]
    assert not [span for span in spans.spans if span.name.startswith("store ") and not span.parent_id]
    assert {span.service for span in spans.spans}.isdisjoint({"price_feed", "order_engine"})
