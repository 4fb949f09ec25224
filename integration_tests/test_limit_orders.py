"""Orders that wait for their price: what they hold, how they end, and that nothing refused moves anything."""

import time
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal

import pytest
from platform_client import Person, problem

pytestmark = pytest.mark.order
START = Decimal("10000.00")


def price_of(person: Person, asset_id: str = "BTC") -> Decimal:
    return Decimal(str(person.get(f"/inventory/assets/{asset_id}")["data"]["price_usd"]))


def limit(person: Person, factor: str, *, side: str = "buy", quantity: str = "0.01", **more):
    """Place a limit order at a price that is `factor` times the current one."""
    price = str((price_of(person) * Decimal(factor)).quantize(Decimal("0.01")))
    body = {"order_type": f"limit_{side}", "asset_id": "BTC", "quantity": quantity, "price": price, **more}
    return person.post("/orders", body)


def resting(person: Person, **more):
    answer = limit(person, "0.5", **more)
    assert answer.status_code == 201, answer.text
    order = answer.json()["data"]
    assert (order["status"], order["executed_price"]) == ("pending", None)
    return order


def held(person: Person) -> Decimal:
    return Decimal(person.get("/balance")["held_balance"])


def in_a_moment(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def until_status(person: Person, order_id: str, status: str) -> dict:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        order = person.get(f"/orders/{order_id}")["data"]
        if order["status"] == status:
            return order
        time.sleep(0.1)
    raise AssertionError(f"{order_id} is {order['status']} and not {status}")


def test_a_resting_order_holds_what_it_may_cost_and_cancelling_frees_it(funded):
    order = resting(funded)
    cost = (Decimal(order["quantity"]) * Decimal(order["limit_price"])).quantize(Decimal("0.01"), ROUND_CEILING)
    assert (order["time_in_force"], held(funded)) == ("GTC", cost)
    cancelled = funded.call("DELETE", f"/orders/{order['order_id']}")
    assert (cancelled.status_code, cancelled.json()["data"]["status"]) == (200, "cancelled")
    assert held(funded) == 0
    problem(funded.call("DELETE", f"/orders/{order['order_id']}"), 409, "ORDER_CLOSED")


def test_what_is_held_cannot_be_spent_twice(funded):
    price = price_of(funded)
    quantity = str((START / price * Decimal("1.9")).quantize(Decimal("0.0001")))
    assert limit(funded, "0.5", quantity=quantity).status_code == 201
    problem(funded.buy("BTC", str((Decimal(2000) / price).quantize(Decimal("0.0001")))), 422, "INSUFFICIENT_FUNDS")
    problem(funded.post("/balance/withdraw", {"amount": "5000.00"}), 422, "INSUFFICIENT_FUNDS")


def test_a_limit_above_the_price_buys_at_the_price(funded):
    order = limit(funded, "1.5").json()["data"]
    assert order["status"] == "completed"
    assert Decimal(order["executed_price"]) < Decimal(order["limit_price"])
    assert held(funded) == 0


def test_the_engine_fills_a_resting_order_when_its_new_price_crosses(funded):
    order = resting(funded)
    above = str((price_of(funded) * Decimal("1.5")).quantize(Decimal("0.01")))
    replaced = funded.call("PATCH", f"/orders/{order['order_id']}", json={"price": above})
    assert replaced.status_code == 200, replaced.text
    filled = until_status(funded, order["order_id"], "completed")
    assert funded.cash() == START - Decimal(filled["total_amount"]) - Decimal(filled["fee"])
    assert held(funded) == 0


def test_replacing_moves_the_hold_with_the_order(funded):
    order = resting(funded)
    before = held(funded)
    replaced = funded.call("PATCH", f"/orders/{order['order_id']}", json={"quantity": "0.02"}).json()["data"]
    assert (replaced["quantity"], replaced["limit_price"]) == ("0.02000000", order["limit_price"])
    assert abs(held(funded) - 2 * before) <= Decimal("0.01")
    problem(funded.call("PATCH", f"/orders/{order['order_id']}", json={"quantity": "900"}), 422, "ORDER_VALUE_LIMIT")
    problem(funded.call("PATCH", f"/orders/{order['order_id']}", json={"quantity": "1"}), 422, "INSUFFICIENT_FUNDS")
    assert funded.get(f"/orders/{order['order_id']}")["data"] == replaced


def test_immediate_or_cancel_trades_now_or_not_at_all(funded):
    assert limit(funded, "1.5", time_in_force="IOC").json()["data"]["status"] == "completed"
    cash = funded.cash()
    missed = limit(funded, "0.5", time_in_force="IOC")
    assert (missed.status_code, missed.json()["data"]["status"]) == (201, "cancelled")
    assert (funded.cash(), held(funded)) == (cash, 0)


def test_an_order_that_is_good_till_a_date_ends_then_and_frees_what_it_held(funded):
    order = resting(funded, time_in_force="GTD", expires_at=in_a_moment(2))
    assert held(funded) > 0
    until_status(funded, order["order_id"], "expired")
    assert (held(funded), funded.cash()) == (0, START)


def test_one_s_own_id_of_an_order_is_its_key(funded):
    body = {"order_type": "market_buy", "asset_id": "BTC", "quantity": "0.01", "client_order_id": "mine-1"}
    first, second = funded.post("/orders", body), funded.post("/orders", body)
    assert (first.status_code, second.content) == (201, first.content)
    assert len(funded.get("/orders")["data"]) == 1
    assert funded.post("/orders", {**body, "quantity": "0.02"}).status_code == 409


def test_a_price_that_moved_beyond_the_bound_is_not_traded_at(funded):
    bound = {"max_slippage_bps": 10, "reference_price": str((price_of(funded) / 2).quantize(Decimal("0.01")))}
    problem(funded.buy("BTC", "0.01", **bound), 409, "PRICE_MOVED")
    assert funded.cash() == START
    near = {"max_slippage_bps": 1000, "reference_price": str(price_of(funded))}
    assert funded.buy("BTC", "0.01", **near).status_code == 201


def test_a_preview_says_what_placing_then_does(funded):
    body = {"order_type": "limit_buy", "asset_id": "BTC", "quantity": "0.01", "price": "100.00"}
    preview = funded.post("/orders/preview", body).json()["data"]
    assert funded.get("/orders")["data"] == []
    placed = funded.post("/orders", body).json()["data"]
    assert placed["status"] == "pending"
    assert held(funded) == Decimal("1.00")
    assert Decimal(preview["total_amount"]) == Decimal("1.00")


@pytest.mark.parametrize(
    "change",
    [
        {"price": None},
        {"price": "0"},
        {"price": "1000000.01"},
        {"price": "1.123456789"},
        {"time_in_force": "FOK"},
        {"time_in_force": "GTD"},
        {"expires_at": "2199-01-01T00:00:00Z"},
        {"time_in_force": "GTD", "expires_at": "2020-01-01T00:00:00Z"},
        {"time_in_force": "GTD", "expires_at": "tomorrow"},
        {"max_slippage_bps": 10, "reference_price": "1"},
        {"client_order_id": "a b"},
    ],
    ids=str,
)
def test_terms_that_make_no_sense_hold_nothing(funded, change):
    body = {"order_type": "limit_buy", "asset_id": "BTC", "quantity": "0.01", "price": "100.00", **change}
    problem(funded.post("/orders", body), 422, "VALIDATION_ERROR")
    assert (held(funded), funded.get("/orders")["data"]) == (0, [])


def test_nobody_else_can_cancel_or_replace_an_order(http, funded):
    order = resting(funded)
    other = Person.register(http)
    problem(other.call("DELETE", f"/orders/{order['order_id']}"), 404, "NOT_FOUND")
    problem(other.call("PATCH", f"/orders/{order['order_id']}", json={"price": "1.00"}), 404, "NOT_FOUND")
    assert funded.get(f"/orders/{order['order_id']}")["data"] == order
