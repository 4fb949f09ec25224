import pytest
from exchange import ALICE, BOB


async def held(exchange, asset_id="USD", user_id=ALICE):
    holding = (await exchange.wallet(user_id)).holding(asset_id)
    return holding.held


async def test_a_resting_buy_holds_its_limit_and_fee(exchange, set_terms):
    set_terms(fee_basis_points=10)
    await exchange.fund(ALICE, 10_000)
    order = await exchange.rest(quantity="0.1", price="40000")
    assert (order["time_in_force"], order["limit_price"], order["price"]) == (
        "GTC",
        "40000.00000000",
        "40000.00000000",
    )
    assert (order["executed_price"], order["total_amount"], order["completed_at"]) == (None, None, None)
    assert await held(exchange) == 400_400
    assert (await exchange.wallet(ALICE)).open_orders == 1


async def test_a_resting_sell_holds_the_asset(exchange):
    await exchange.give(ALICE, "BTC", "1")
    await exchange.rest(order_type="limit_sell", price="60000", quantity="0.3")
    assert await held(exchange, "BTC") == 30_000_000
    answer = await exchange.place(order_type="market_sell", quantity="0.8")
    assert answer.json()["code"] == "INSUFFICIENT_ASSET"


@pytest.mark.parametrize("time_in_force", [None, "GTC", "IOC"])
async def test_a_limit_that_crosses_on_arrival_fills_at_the_market_price(exchange, time_in_force):
    await exchange.fund(ALICE, 10_000)
    answer = await exchange.place(order_type="limit_buy", price="51000", time_in_force=time_in_force)
    order = answer.json()["data"]
    assert (order["status"], order["executed_price"], order["limit_price"]) == (
        "completed",
        "50000.00000000",
        "51000.00000000",
    )
    assert await held(exchange) == 0
    assert (await exchange.wallet(ALICE)).cash.posted == 500_000


async def test_an_ioc_that_does_not_cross_is_cancelled_and_moves_nothing(exchange):
    await exchange.fund(ALICE, 10_000)
    answer = await exchange.place(order_type="limit_buy", price="49000", time_in_force="IOC")
    order = answer.json()["data"]
    assert (answer.status_code, order["status"], order["executed_price"]) == (201, "cancelled", None)
    wallet = await exchange.wallet(ALICE)
    assert (wallet.cash.posted, wallet.cash.held, wallet.open_orders) == (1_000_000, 0, 0)


async def test_an_ioc_needs_a_current_price_and_a_gtc_does_not(exchange):
    await exchange.fund(ALICE, 10_000)
    exchange.clock.advance(seconds=60)
    refused = await exchange.place(order_type="limit_buy", price="51000", time_in_force="IOC")
    assert (refused.status_code, refused.json()["code"]) == (503, "PRICE_STALE")
    resting = await exchange.place(order_type="limit_buy", price="51000")
    assert resting.json()["data"]["status"] == "pending"


async def test_a_gtd_order_keeps_its_end(exchange):
    await exchange.fund(ALICE, 10_000)
    order = await exchange.rest(time_in_force="GTD", expires_at="2026-02-01T13:00:00+01:00")
    assert (order["time_in_force"], order["expires_at"]) == ("GTD", "2026-02-01T12:00:00.000Z")


BAD = [
    {"price": None},
    {"price": "0"},
    {"price": "1000000.00000001"},
    {"price": "0.000000001"},
    {"price": "-5"},
    {"time_in_force": "FOK"},
    {"time_in_force": "GTD"},
    {"expires_at": "2026-02-01T12:00:00Z"},
    {"time_in_force": "IOC", "expires_at": "2026-02-01T12:00:00Z"},
    {"time_in_force": "GTD", "expires_at": "2026-01-31T11:59:59Z"},
    {"time_in_force": "GTD", "expires_at": "2028-01-31T11:59:59Z"},
    {"time_in_force": "GTD", "expires_at": "2026-02-01T12:00:00"},
    {"time_in_force": "GTD", "expires_at": "tomorrow"},
    {"time_in_force": "GTD", "expires_at": 1800000000},
    {"max_slippage_bps": 10, "reference_price": "50000"},
    {"quantity": "1000.00000001"},
]


@pytest.mark.parametrize("change", BAD, ids=str)
async def test_a_bad_limit_order_is_refused_and_nothing_moves(exchange, change):
    await exchange.fund(ALICE, 10_000)
    before = await exchange.everything()
    answer = await exchange.place(**{"order_type": "limit_buy", "price": "40000", **change})
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert await exchange.everything() == before


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"quantity": "0.3"}, "INSUFFICIENT_FUNDS"),
        ({"quantity": "3"}, "ORDER_VALUE_LIMIT"),
        ({"order_type": "limit_sell", "price": "60000"}, "INSUFFICIENT_ASSET"),
        ({"asset_id": "NOSUCH"}, "ASSET_UNAVAILABLE"),
    ],
)
async def test_a_limit_order_beyond_means_is_refused_and_nothing_moves(exchange, change, code):
    await exchange.fund(ALICE, 10_000)
    before = await exchange.everything()
    answer = await exchange.place(**{"order_type": "limit_buy", "price": "40000", **change})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await exchange.everything() == before


async def test_there_may_be_so_many_open_orders_and_no_more(exchange, set_terms):
    set_terms(open_orders=2)
    await exchange.fund(ALICE, 10_000)
    first = await exchange.rest(quantity="0.01")
    await exchange.rest(quantity="0.01")
    before = await exchange.everything()
    refused = await exchange.place(order_type="limit_buy", price="40000", quantity="0.01")
    assert (refused.status_code, refused.json()["code"]) == (422, "ORDER_LIMIT")
    assert await exchange.everything() == before
    assert (await exchange.place(quantity="0.01")).status_code == 201, "a market order does not rest"
    await exchange.call("DELETE", f"/orders/{first['order_id']}")
    await exchange.rest(quantity="0.01")


@pytest.mark.parametrize(("method", "suffix"), [("DELETE", ""), ("POST", "/cancel")])
async def test_cancelling_releases_the_hold(exchange, method, suffix):
    await exchange.fund(ALICE, 10_000)
    order = await exchange.rest()
    exchange.clock.advance(seconds=1)
    answer = await exchange.call(method, f"/orders/{order['order_id']}{suffix}")
    assert (answer.status_code, answer.json()["data"]["status"]) == (200, "cancelled")
    assert answer.json()["data"]["updated_at"] > order["updated_at"]
    wallet = await exchange.wallet(ALICE)
    assert (wallet.cash.held, wallet.open_orders) == (0, 0)
    again = await exchange.call(method, f"/orders/{order['order_id']}{suffix}")
    assert (again.status_code, again.json()["code"]) == (409, "ORDER_CLOSED")


async def test_a_filled_order_can_be_neither_cancelled_nor_replaced(exchange):
    await exchange.fund(ALICE, 10_000)
    order = (await exchange.place()).json()["data"]
    before = await exchange.everything()
    cancelled = await exchange.call("DELETE", f"/orders/{order['order_id']}")
    replaced = await exchange.call("PATCH", f"/orders/{order['order_id']}", json={"quantity": "0.2"})
    assert [answer.json()["code"] for answer in (cancelled, replaced)] == ["ORDER_CLOSED"] * 2
    assert await exchange.everything() == before


@pytest.mark.parametrize(
    ("change", "hold"),
    [
        ({"price": "42000"}, 420_000),
        ({"price": "30000"}, 300_000),
        ({"quantity": "0.2"}, 800_000),
        ({"price": "45000", "quantity": "0.05"}, 225_000),
        ({"price": "40000"}, 400_000),
    ],
)
async def test_replacing_moves_the_hold_with_the_terms(exchange, change, hold):
    await exchange.fund(ALICE, 10_000)
    order = await exchange.rest()
    answer = await exchange.call("PATCH", f"/orders/{order['order_id']}", json=change)
    assert answer.status_code == 200, answer.text
    replaced = answer.json()["data"]
    assert (replaced["order_id"], replaced["status"]) == (order["order_id"], "pending")
    assert await held(exchange) == hold
    assert (await exchange.wallet(ALICE)).open_orders == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"quantity": "0.3"}, "INSUFFICIENT_FUNDS"),
        ({"price": "999999"}, "INSUFFICIENT_FUNDS"),
        ({"quantity": "5"}, "ORDER_VALUE_LIMIT"),
        ({"price": "0"}, "VALIDATION_ERROR"),
        ({"price": "1000001"}, "VALIDATION_ERROR"),
        ({"price": "40000.000000001"}, "VALIDATION_ERROR"),
        ({"quantity": "0.0001"}, "VALIDATION_ERROR"),
        ({"quantity": "1001"}, "VALIDATION_ERROR"),
        ({}, "VALIDATION_ERROR"),
        ({"status": "completed"}, "VALIDATION_ERROR"),
    ],
)
async def test_a_bad_replacement_is_refused_and_nothing_moves(exchange, change, code):
    await exchange.fund(ALICE, 10_000)
    order = await exchange.rest()
    before = await exchange.everything()
    answer = await exchange.call("PATCH", f"/orders/{order['order_id']}", json=change)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await exchange.everything() == before


@pytest.mark.parametrize(
    ("method", "suffix", "body"),
    [("PATCH", "", {"price": "41000"}), ("DELETE", "", None), ("POST", "/cancel", None)],
)
async def test_an_order_past_its_end_is_closed_even_before_the_engine_saw_it(exchange, method, suffix, body):
    await exchange.fund(ALICE, 10_000)
    order = await exchange.rest(time_in_force="GTD", expires_at="2026-01-31T12:00:10Z")
    exchange.clock.advance(seconds=11)
    before = await exchange.everything()
    answer = await exchange.call(method, f"/orders/{order['order_id']}{suffix}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "ORDER_CLOSED")
    assert await exchange.everything() == before
    assert (await exchange.engine().work()).expired == 1
    assert (await exchange.get(f"/orders/{order['order_id']}"))["data"]["status"] == "expired"
    assert await held(exchange) == 0


async def test_nobody_touches_another_persons_order(exchange):
    await exchange.fund(ALICE, 10_000)
    order = await exchange.rest()
    before = await exchange.everything()
    path = f"/orders/{order['order_id']}"
    answers = [
        await exchange.call("DELETE", path, user_id=BOB),
        await exchange.call("POST", f"{path}/cancel", user_id=BOB),
        await exchange.call("PATCH", path, json={"price": "1"}, user_id=BOB),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "NOT_FOUND")] * 3
    assert await exchange.everything() == before


async def test_a_fee_raised_later_does_not_touch_an_order_that_rests(exchange, set_terms):
    await exchange.fund(ALICE, 4_000)
    order = await exchange.rest(quantity="0.1", price="40000")
    set_terms(fee_basis_points=100)
    answer = await exchange.call("PATCH", f"/orders/{order['order_id']}", json={"price": "39000"})
    assert answer.status_code == 200
    assert await held(exchange) == 390_000


async def test_a_preview_of_a_resting_order_shows_what_it_would_hold(exchange):
    await exchange.fund(ALICE, 10_000)
    body = {"order_type": "limit_buy", "asset_id": "BTC", "quantity": "0.1", "price": "40000"}
    answer = await exchange.call("POST", "/orders/preview", json=body)
    shown = answer.json()["data"]
    assert (shown["status"], shown["cost"], shown["available_balance"]) == ("pending", "4000.00", "6000.00")
    assert (shown["price"], shown["market_price"]) == ("40000.00000000", "50000.00000000")
