import asyncio

import pytest
from exchange import ALICE, asset

from cnop_orders.api.answers import OrderData, PreviewData


async def test_a_market_buy_moves_cash_and_asset_in_one_transaction(exchange):
    await exchange.fund(ALICE, 10_000)
    answer = await exchange.place(quantity="0.1")
    assert answer.status_code == 201
    order = OrderData.model_validate_json(answer.content).data
    assert (order.status, order.executed_price, order.total_amount, order.fee) == (
        "completed",
        "50000.00000000",
        "5000.00",
        "0.00",
    )
    wallet = await exchange.wallet(ALICE)
    assert wallet.cash.posted == 500_000
    assert wallet.holdings["BTC"].posted == 10_000_000
    assert wallet.seq == 2
    assert (await exchange.get(f"/orders/{order.order_id}"))["data"] == answer.json()["data"]


async def test_a_market_sell_brings_cash(exchange):
    await exchange.give(ALICE, "BTC", "1", price="40000")
    answer = await exchange.place(order_type="market_sell", quantity="0.25")
    assert answer.json()["data"]["total_amount"] == "12500.00"
    wallet = await exchange.wallet(ALICE)
    assert (wallet.cash.posted, wallet.holdings["BTC"].posted) == (1_250_000, 75_000_000)


async def test_a_buy_rounds_up_and_a_sell_down_to_the_cent(exchange):
    await exchange.list_asset(asset("ODD", min_quantity=1))
    await exchange.price(ODD="0.33333333")
    await exchange.fund(ALICE, 100)
    bought = await exchange.place(asset_id="ODD", quantity="1")
    sold = await exchange.place(asset_id="ODD", quantity="1", order_type="market_sell")
    assert bought.json()["data"]["total_amount"] == "0.34"
    assert sold.json()["data"]["total_amount"] == "0.33"


async def test_json_numbers_are_exact(exchange):
    await exchange.fund(ALICE, 10_000)
    body = b'{"order_type": "market_buy", "asset_id": "BTC", "quantity": 0.10000001}'
    answer = await exchange.call("POST", "/orders", content=body, headers={"Content-Type": "application/json"})
    assert answer.json()["data"]["quantity"] == "0.10000001"
    assert answer.json()["data"]["total_amount"] == "5000.01"


async def test_the_fee_of_a_buy_comes_on_top_and_is_posted_apart(exchange, set_terms):
    set_terms(fee_basis_points=25)
    await exchange.fund(ALICE, 10_000)
    answer = await exchange.place(quantity="0.1")
    assert (answer.json()["data"]["total_amount"], answer.json()["data"]["fee"]) == ("5000.00", "12.50")
    wallet = await exchange.wallet(ALICE)
    assert wallet.cash.posted == 1_000_000 - 501_250
    assert wallet.holdings["BTC"].average_cost == 50_125 * 10**8


BAD = [
    {"quantity": "0"},
    {"quantity": "-1"},
    {"quantity": "0.000000001"},
    {"quantity": "0.0009"},
    {"quantity": "1000.00000001"},
    {"quantity": "1e2"},
    {"quantity": "NaN"},
    {"quantity": True},
    {"quantity": None},
    {"order_type": "market_steal"},
    {"order_type": None},
    {"asset_id": "B;DROP"},
    {"asset_id": ""},
    {"price": "100"},
    {"time_in_force": "GTC"},
    {"time_in_force": "FOK"},
    {"expires_at": "2027-01-01T00:00:00Z"},
    {"max_slippage_bps": 10},
    {"max_slippage_bps": "10", "reference_price": "50000"},
    {"max_slippage_bps": 10_001, "reference_price": "50000"},
    {"max_slippage_bps": 10, "reference_price": "0"},
    {"reference_price": "50000"},
    {"client_order_id": "white space"},
    {"client_order_id": ""},
    {"surprise": 1},
]


@pytest.mark.parametrize("change", BAD, ids=str)
async def test_a_bad_body_is_refused_by_field_and_nothing_moves(exchange, change):
    await exchange.fund(ALICE, 10_000_000)
    before = await exchange.everything()
    answer = await exchange.place(**change)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert {error["field"] for error in answer.json()["errors"]} & {*change, "max_slippage_bps", "reference_price"}
    assert await exchange.everything() == before


async def test_every_violated_rule_is_named_at_once(exchange):
    answer = await exchange.place(quantity="0.0001", price="1", time_in_force="IOC", reference_price="1")
    fields = {error["field"] for error in answer.json()["errors"]}
    assert fields == {"quantity", "price", "time_in_force", "reference_price"}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"asset_id": "NOSUCH"}, 422, "ASSET_UNAVAILABLE"),
        ({"asset_id": "btc"}, 422, "ASSET_UNAVAILABLE"),
        ({"quantity": "1"}, 422, "INSUFFICIENT_FUNDS"),
        ({"quantity": "2.1"}, 422, "ORDER_VALUE_LIMIT"),
        ({"order_type": "market_sell"}, 422, "INSUFFICIENT_ASSET"),
        ({"max_slippage_bps": 50, "reference_price": "49750"}, 409, "PRICE_MOVED"),
        ({"order_type": "market_sell", "max_slippage_bps": 50, "reference_price": "50252"}, 409, "PRICE_MOVED"),
    ],
)
async def test_a_refusal_has_a_stable_code_and_nothing_moves(exchange, change, status, code):
    await exchange.fund(ALICE, 10_000)
    before = await exchange.everything()
    answer = await exchange.place(**change)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await exchange.everything() == before


async def test_an_inactive_asset_is_unavailable(exchange):
    await exchange.fund(ALICE, 10_000)
    await exchange.delist("BTC")
    before = await exchange.everything()
    assert (await exchange.place()).json()["code"] == "ASSET_UNAVAILABLE"
    assert await exchange.everything() == before


async def test_a_price_within_the_slippage_bound_trades(exchange):
    await exchange.fund(ALICE, 10_000)
    answer = await exchange.place(max_slippage_bps=51, reference_price="49750")
    assert answer.status_code == 201


async def test_a_stale_price_is_503_and_nothing_moves(exchange):
    await exchange.fund(ALICE, 10_000)
    before = await exchange.everything()
    exchange.clock.advance(seconds=15.1)
    answer = await exchange.place()
    assert (answer.status_code, answer.json()["code"]) == (503, "PRICE_STALE")
    assert "retry-after" in answer.headers
    assert await exchange.everything() == before
    await exchange.price(BTC="50000")
    assert (await exchange.place()).status_code == 201


async def test_an_order_worth_less_than_a_cent_is_refused(exchange):
    await exchange.list_asset(asset("DUST"))
    await exchange.price(DUST="0.00001")
    await exchange.give(ALICE, "DUST", "1")
    answer = await exchange.place(asset_id="DUST", quantity="0.5", order_type="market_sell")
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")


async def test_racing_sales_of_the_last_piece_succeed_once(exchange):
    await exchange.give(ALICE, "BTC", "0.5")
    answers = await asyncio.gather(*(exchange.place(order_type="market_sell", quantity="0.5") for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 7
    assert (await exchange.wallet(ALICE)).holdings["BTC"].posted == 0


async def test_a_preview_shows_cost_and_changes_nothing(exchange):
    await exchange.fund(ALICE, 10_000)
    before = await exchange.everything()
    body = {"order_type": "market_buy", "asset_id": "BTC", "quantity": "0.1"}
    answer = await exchange.call("POST", "/orders/preview", json=body)
    assert answer.status_code == 200
    shown = PreviewData.model_validate_json(answer.content).data
    assert (shown.status, shown.cost, shown.available_balance, shown.available_quantity) == (
        "completed",
        "5000.00",
        "5000.00",
        "0.10000000",
    )
    assert await exchange.everything() == before


async def test_a_preview_refuses_what_placing_would_refuse(exchange):
    body = {"order_type": "market_buy", "asset_id": "BTC", "quantity": "0.1"}
    answer = await exchange.call("POST", "/orders/preview", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "INSUFFICIENT_FUNDS")
