import pytest
from exchange import ALICE, BOB, asset

from cnop_orders.api.answers import (
    BalanceData,
    BalanceList,
    OrderData,
    OrderList,
    PortfolioAnswer,
    TradeList,
)
from cnop_platform.testing import ocsf


async def test_orders_are_listed_newest_first_page_by_page(exchange):
    await exchange.fund(ALICE, 10_000)
    placed = [(await exchange.place(quantity="0.001")).json()["data"]["order_id"] for _ in range(5)]
    seen, cursor, sizes = [], None, []
    while True:
        page = await exchange.get("/orders", params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        OrderList.model_validate(page)
        seen += [order["order_id"] for order in page["data"]]
        sizes.append(len(page["data"]))
        cursor = page["next_cursor"]
        assert page["has_more"] == (cursor is not None)
        if cursor is None:
            break
    assert (seen, sizes) == (placed[::-1], [2, 2, 1])
    skipped = await exchange.get("/orders", params={"limit": 2, "offset": 2})
    assert [order["order_id"] for order in skipped["data"]] == placed[2:0:-1]


async def test_orders_are_filtered_by_asset_type_and_status(exchange):
    await exchange.fund(ALICE, 10_000)
    bought = (await exchange.place(quantity="0.001")).json()["data"]["order_id"]
    other = (await exchange.place(quantity="0.1", asset_id="ETH")).json()["data"]["order_id"]
    resting = (await exchange.rest(quantity="0.001"))["order_id"]

    async def listed(**params):
        return [order["order_id"] for order in (await exchange.get("/orders", params=params))["data"]]

    assert await listed(asset_id="BTC") == [resting, bought]
    assert await listed(status="pending") == [resting]
    assert await listed(order_type="market_buy") == [other, bought]
    assert await listed(asset_id="ETH", status="pending") == []


async def test_a_filter_reads_a_bounded_number_and_goes_on_by_cursor(exchange, monkeypatch):
    monkeypatch.setattr("cnop_orders.application.queries.MAX_SCANNED", 3)
    await exchange.fund(ALICE, 10_000)
    wanted = (await exchange.place(quantity="0.1", asset_id="ETH")).json()["data"]["order_id"]
    for _ in range(4):
        await exchange.place(quantity="0.001")
    first = await exchange.get("/orders", params={"asset_id": "ETH"})
    assert (first["data"], first["has_more"]) == ([], True)
    second = await exchange.get("/orders", params={"asset_id": "ETH", "cursor": first["next_cursor"]})
    assert [order["order_id"] for order in second["data"]] == [wanted]
    assert second["has_more"] is False


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 0},
        {"limit": 101},
        {"limit": "x"},
        {"offset": -1},
        {"offset": 1001},
        {"cursor": "%%%"},
        {"status": "lost"},
        {"order_type": "gift"},
        {"asset_id": "B;DROP"},
    ],
    ids=str,
)
async def test_bad_list_parameters_are_refused(exchange, params):
    answer = await exchange.call("GET", "/orders", params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")


async def test_unknown_query_parameters_are_ignored(exchange):
    assert (await exchange.get("/orders", params={"colour": "red"}))["data"] == []


async def test_the_portfolio_adds_up(exchange):
    await exchange.give(ALICE, "BTC", "0.5", price="40000")
    await exchange.give(ALICE, "ETH", "5", price="3000")
    await exchange.fund(ALICE, "123.45")
    await exchange.rest(quantity="0.001")
    await exchange.place(order_type="limit_sell", price="60000", quantity="0.2")
    shown = PortfolioAnswer.model_validate(await exchange.get("/portfolio"))
    assert (shown.username, shown.usd_balance) == ("alice_test", "123.45")
    assert (shown.total_asset_value, shown.total_portfolio_value, shown.asset_count) == ("35000.00", "35123.45", 2)
    bitcoin, ether = shown.assets
    assert (bitcoin.quantity, bitcoin.held) == ("0.50000000", "0.20000000")
    assert (bitcoin.average_cost, bitcoin.market_value, bitcoin.unrealized_pnl) == (
        "40000.00000000",
        "25000.00",
        "5000.00",
    )
    assert (bitcoin.percentage, ether.percentage) == ("71.43", "28.57")
    assert ether.unrealized_pnl == "-5000.00"


async def test_a_missing_price_is_null_and_left_out_of_totals(exchange):
    await exchange.list_asset(asset("NEW"))
    await exchange.give(ALICE, "NEW", "3")
    await exchange.give(ALICE, "BTC", "0.1")
    shown = PortfolioAnswer.model_validate(await exchange.get("/portfolio"))
    assert shown.total_asset_value == "5000.00"
    unpriced = shown.assets[1]
    assert (unpriced.asset_id, unpriced.current_price, unpriced.market_value) == ("NEW", None, None)
    assert (unpriced.percentage, unpriced.unrealized_pnl) == (None, None)


async def test_an_empty_wallet_is_an_empty_portfolio(exchange):
    shown = PortfolioAnswer.model_validate(await exchange.get("/portfolio"))
    assert (shown.usd_balance, shown.total_portfolio_value, shown.assets, shown.as_of) == ("0.00", "0.00", [], None)


async def test_balances_show_what_is_left(exchange):
    await exchange.give(ALICE, "BTC", "0.5")
    await exchange.give(ALICE, "ETH", "1")
    await exchange.place(order_type="market_sell", asset_id="ETH", quantity="1")
    await exchange.place(order_type="limit_sell", price="60000", quantity="0.2")
    listed = BalanceList.model_validate(await exchange.get("/assets/balances")).data
    assert [balance.asset_id for balance in listed] == ["BTC"]
    assert (listed[0].asset_name, listed[0].quantity, listed[0].available, listed[0].held) == (
        "BTC coin",
        "0.50000000",
        "0.30000000",
        "0.20000000",
    )
    assert listed[0].total_value == "25000.00"
    sold = BalanceData.model_validate(await exchange.get("/assets/ETH/balance")).data
    assert sold.quantity == "0.00000000"
    never = await exchange.call("GET", "/assets/DOGE/balance")
    assert (never.status_code, never.json()["code"]) == (404, "NOT_FOUND")
    cash = await exchange.call("GET", "/assets/USD/balance")
    assert cash.status_code == 404


async def test_transactions_are_the_trades_of_one_asset(exchange):
    await exchange.fund(ALICE, 10_000)
    bought = (await exchange.place(quantity="0.1")).json()["data"]
    await exchange.place(asset_id="ETH", quantity="1")
    sold = (await exchange.place(order_type="market_sell", quantity="0.04")).json()["data"]
    first = TradeList.model_validate(await exchange.get("/assets/BTC/transactions", params={"limit": 1}))
    second = TradeList.model_validate(
        await exchange.get("/assets/BTC/transactions", params={"limit": 1, "cursor": first.next_cursor})
    )
    shown = [*first.data, *second.data]
    assert [(trade.transaction_type, trade.order_id) for trade in shown] == [
        ("SELL", sold["order_id"]),
        ("BUY", bought["order_id"]),
    ]
    assert (shown[0].quantity, shown[0].price, shown[0].total_amount) == ("0.04000000", "50000.00000000", "2000.00")
    assert shown[0].transaction_id.startswith("txn_")


async def test_another_persons_objects_are_not_there(exchange):
    await exchange.fund(ALICE, 10_000)
    order = (await exchange.place()).json()["data"]
    for path in (f"/orders/{order['order_id']}", "/portfolio/alice_test", "/orders?username=alice_test"):
        answer = await exchange.call("GET", path, user_id=BOB)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND"), path
    assert (await exchange.get("/orders", user_id=BOB))["data"] == []


async def test_naming_oneself_is_fine_in_any_case(exchange):
    assert (await exchange.get("/portfolio/Alice_Test"))["username"] == "alice_test"
    assert (await exchange.get("/orders", params={"username": "ALICE_TEST"}))["data"] == []


@pytest.mark.parametrize("role", ["support", "admin"])
async def test_staff_see_those_they_name(exchange, role):
    await exchange.fund(ALICE, 10_000)
    order = (await exchange.place()).json()["data"]
    staff = {"user_id": BOB, "roles": [role]}
    assert (await exchange.get("/orders?username=alice_test", **staff))["data"] == [order]
    one = await exchange.get(f"/orders/{order['order_id']}?username=alice_test", **staff)
    assert OrderData.model_validate(one).data.order_id == order["order_id"]
    assert (await exchange.get("/portfolio/alice_test", **staff))["asset_count"] == 1
    for path in ("/portfolio/nobody_here", "/orders?username=nobody_here", f"/orders/{order['order_id']}"):
        assert (await exchange.call("GET", path, **staff)).status_code == 404


async def test_staff_who_look_at_somebody_elses_records_leave_a_record(exchange):
    await exchange.fund(ALICE, 10_000)
    order = (await exchange.place()).json()["data"]
    others = {
        "/orders?username=alice_test": "orders",
        f"/orders/{order['order_id']}?username=alice_test": "orders",
        "/portfolio/alice_test": "portfolio",
    }
    for path in others:
        assert (await exchange.call("GET", path)).status_code == 200  # one's own: nothing to record
    for path in others:
        assert (await exchange.call("GET", path, user_id=BOB, roles=["support"])).status_code == 200
    await exchange.call("GET", "/portfolio/nobody_here", user_id=BOB, roles=["support"])
    await exchange.audit.drain()
    found = [item.body["record"] async for item in exchange.store.scan(prefix="AUDIT#")]
    records = [record for record in found if record["activity_name"] == "records_read"]
    assert sorted(record["unmapped"]["records"] for record in records) == sorted(others.values())
    for record in records:
        assert ocsf.problems(record) == []
        assert record["actor"]["user"] == {"uid": BOB}
        assert record["resources"] == [{"type": "user", "uid": ALICE}]
        assert record["src_endpoint"] == {"ip": "203.0.113.9"}


@pytest.mark.parametrize("order_id", ["short", "x" * 51, "ord_%3B%3B%3B%3B%3B%3B"])
async def test_a_malformed_order_id_is_422(exchange, order_id):
    assert (await exchange.call("GET", f"/orders/{order_id}")).status_code == 422
    assert (await exchange.call("DELETE", f"/orders/{order_id}")).status_code == 422
