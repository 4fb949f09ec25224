"""Every endpoint: without a token, with each role that may not pass, and described as it is declared."""

import pytest
from exchange import ALICE

from cnop_orders.bootstrap import describe

ORDER_ID = "ord_00000000000000000000000000"
BODY = {"order_type": "market_buy", "asset_id": "BTC", "quantity": "0.1"}
CUSTOMER, READERS = {"customer"}, {"customer", "support", "admin"}
ENDPOINTS = {
    ("POST", "/orders"): CUSTOMER,
    ("POST", "/orders/preview"): CUSTOMER,
    ("GET", "/orders"): READERS,
    ("GET", "/orders/stream"): CUSTOMER,
    ("GET", "/orders/{order_id}"): READERS,
    ("DELETE", "/orders/{order_id}"): CUSTOMER,
    ("POST", "/orders/{order_id}/cancel"): CUSTOMER,
    ("PATCH", "/orders/{order_id}"): CUSTOMER,
    ("GET", "/portfolio"): READERS,
    ("GET", "/portfolio/history"): CUSTOMER,
    ("GET", "/portfolio/{username}"): READERS,
    ("GET", "/assets/balances"): CUSTOMER,
    ("GET", "/assets/{asset_id}/balance"): CUSTOMER,
    ("GET", "/assets/{asset_id}/transactions"): CUSTOMER,
}
ROLES = ["customer", "support", "auditor", "admin"]


def test_these_are_all_endpoints_and_their_roles():
    described = {
        (method.upper(), path): set(operation["x-access"]["roles"])
        for path, operations in describe()["paths"].items()
        for method, operation in operations.items()
    }
    assert described == ENDPOINTS


async def send(exchange, method, path, **more):
    target = path.format(order_id=ORDER_ID, username="alice_test", asset_id="BTC")
    body = {"json": {"price": "1"} if method == "PATCH" else BODY} if method in ("POST", "PATCH") else {}
    return await exchange.call(method, target, **body, **more)


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
async def test_nobody_gets_in_without_a_token(exchange, method, path):
    await exchange.fund(ALICE, 10_000)
    before = await exchange.everything()
    answer = await send(exchange, method, path, user_id=None)
    assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_002")
    assert "www-authenticate" in answer.headers
    assert await exchange.everything() == before


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
async def test_roles_pass_as_declared(exchange, method, path):
    exchange.streams.stop()  # a stream that opens ends at once
    for role in ROLES:
        answer = await send(exchange, method, path, roles=[role])
        assert (answer.status_code == 403) == (role not in ENDPOINTS[method, path]), role


async def test_an_ended_session_gets_nowhere(exchange):
    exchange.sessions.ended.add(f"ses_{ALICE}")
    answer = await exchange.call("GET", "/orders")
    assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_003")
