import secrets
from concurrent.futures import ThreadPoolExecutor
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import pytest
from platform_client import Person, problem

pytestmark = pytest.mark.order
CENT = Decimal("0.01")
ORDER_MEMBERS = {
    "order_id", "order_type", "asset_id", "quantity", "price", "status", "time_in_force", "limit_price",
    "executed_price", "total_amount", "fee", "client_order_id", "created_at", "updated_at", "completed_at",
    "expires_at",
}  # fmt: skip


def test_a_market_buy_moves_exactly_what_it_costs(funded):
    answer = funded.buy("BTC", "0.01")
    assert answer.status_code == 201, answer.text
    order = answer.json()["data"]
    assert order.keys() == ORDER_MEMBERS
    assert (order["status"], order["order_type"], order["quantity"]) == ("completed", "market_buy", "0.01000000")
    cost = Decimal(order["quantity"]) * Decimal(order["executed_price"])
    assert Decimal(order["total_amount"]) == cost.quantize(CENT, ROUND_CEILING)
    assert funded.cash() == Decimal("10000.00") - Decimal(order["total_amount"]) - Decimal(order["fee"])
    holding = funded.get("/assets/BTC/balance")["data"]
    assert (holding["quantity"], holding["available"]) == ("0.01000000", "0.01000000")


def test_a_round_trip_leaves_a_gap_free_story(funded):
    bought = funded.buy("ETH", "1").json()["data"]
    sold = funded.sell("ETH", "0.4").json()["data"]
    assert Decimal(sold["total_amount"]) == (Decimal("0.4") * Decimal(sold["executed_price"])).quantize(
        CENT, ROUND_FLOOR
    )
    assert funded.cash() == Decimal("10000.00") - Decimal(bought["total_amount"]) + Decimal(sold["total_amount"])
    listed = funded.get("/orders")
    assert [order["order_id"] for order in listed["data"]] == [sold["order_id"], bought["order_id"]]
    assert funded.get(f"/orders/{sold['order_id']}")["data"] == sold
    trades = funded.get("/assets/ETH/transactions")["data"]
    assert [(trade["transaction_type"], trade["quantity"]) for trade in trades] == [
        ("SELL", "0.40000000"),
        ("BUY", "1.00000000"),
    ]
    assert funded.get("/assets/ETH/balance")["data"]["quantity"] == "0.60000000"


def test_the_portfolio_adds_up(funded):
    funded.buy("BTC", "0.02")
    funded.buy("ETH", "0.5")
    portfolio = funded.get("/portfolio")
    assert portfolio["username"] == funded.username
    assert portfolio["asset_count"] == 2
    total = sum(Decimal(asset["market_value"]) for asset in portfolio["assets"])
    assert Decimal(portfolio["total_asset_value"]) == total
    assert Decimal(portfolio["total_portfolio_value"]) == total + Decimal(portfolio["usd_balance"])
    assert abs(sum(Decimal(asset["percentage"]) for asset in portfolio["assets"]) - 100) <= Decimal("0.1")
    assert funded.get(f"/portfolio/{funded.username}")["usd_balance"] == portfolio["usd_balance"]


def test_what_one_does_not_own_cannot_be_sold(funded):
    problem(funded.sell("BTC", "0.01"), 422, "INSUFFICIENT_ASSET")
    assert funded.cash() == Decimal("10000.00")
    assert funded.get("/orders")["data"] == []


def test_what_one_cannot_pay_cannot_be_bought(person):
    person.deposit("1.00")
    problem(person.buy("BTC", "0.01"), 422, "INSUFFICIENT_FUNDS")
    assert person.cash() == Decimal("1.00")


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": "0"},
        {"quantity": "-1"},
        {"quantity": "0.000000001"},
        {"quantity": "1e2"},
        {"quantity": "99999999"},
        {"quantity": None},
        {"order_type": "market_steal"},
        {"asset_id": "B;DROP"},
        {"price": "100"},
        {"surprise": 1},
    ],
    ids=str,
)
def test_bad_orders_change_nothing(funded, change):
    body = {"order_type": "market_buy", "asset_id": "BTC", "quantity": "0.01", **change}
    problem(funded.post("/orders", body), 422, "VALIDATION_ERROR")
    assert funded.cash() == Decimal("10000.00")


def test_an_unknown_asset_cannot_be_traded(funded):
    problem(funded.buy("NOSUCH", "1"), 422, "ASSET_UNAVAILABLE")


def test_orders_are_their_owners_alone(http, funded):
    order_id = funded.buy("BTC", "0.01").json()["data"]["order_id"]
    other = Person.register(http)
    problem(other.call("GET", f"/orders/{order_id}"), 404, "NOT_FOUND")
    assert other.get("/orders")["data"] == []
    problem(other.call("GET", f"/portfolio/{funded.username}"), 404, "NOT_FOUND")
    problem(http.get(f"/orders/{order_id}"), 401, "AUTH_002")


def test_an_order_repeated_with_one_key_is_one_order(funded):
    key = {"Idempotency-Key": f"ticket-{secrets.token_hex(8)}"}
    body = {"order_type": "market_buy", "asset_id": "ETH", "quantity": "0.1"}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: funded.post("/orders", body, headers=key), range(6)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len(funded.get("/orders")["data"]) == 1
    replay = funded.post("/orders", body, headers=key)
    assert (replay.content, replay.headers["idempotency-replayed"]) == (answers[0].content, "true")
    assert funded.post("/orders", {**body, "quantity": "0.2"}, headers=key).status_code == 409


def test_two_sales_of_the_last_piece_succeed_once(funded):
    funded.buy("ETH", "0.5")
    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(lambda _: funded.sell("ETH", "0.5").status_code, range(6)))
    assert sorted(statuses) == [201] + [422] * 5
    assert funded.get("/assets/ETH/balance")["data"]["quantity"] == "0.00000000"


def test_a_list_is_read_page_by_page(funded):
    placed = [funded.buy("ETH", "0.01").json()["data"]["order_id"] for _ in range(5)]
    first = funded.get("/orders", params={"limit": 2})
    second = funded.get("/orders", params={"limit": 2, "cursor": first["next_cursor"]})
    third = funded.get("/orders", params={"limit": 2, "cursor": second["next_cursor"]})
    assert [order["order_id"] for page in (first, second, third) for order in page["data"]] == placed[::-1]
    assert (first["has_more"], third["has_more"]) == (True, False)


def test_a_preview_has_no_effect(funded):
    body = {"order_type": "market_buy", "asset_id": "BTC", "quantity": "0.01"}
    answer = funded.post("/orders/preview", body)
    assert answer.status_code == 200, answer.text
    assert funded.cash() == Decimal("10000.00")
    assert funded.get("/orders")["data"] == []
