import pytest
from exchange import ALICE, BOB, Exchange, entries, status

from cnop_ledger import Kind
from cnop_orders.application.keys import expiry_partitions
from cnop_platform.prices import PriceBoard, Quote, snapshot_put
from cnop_platform.store import Delete


@pytest.fixture
async def exchange(any_store, entropy):
    async with Exchange(any_store, entropy).running() as exchange:
        yield exchange


async def notes(exchange):
    pages = [await exchange.store.query(partition) for partition in expiry_partitions()]
    return [item for page in pages for item in page.items]


async def test_a_buy_fills_at_the_current_price_once_that_is_at_or_below_its_limit(exchange):
    await exchange.fund(ALICE, 10_000)
    order = await exchange.rest(quantity="0.1", price="40000")
    engine = exchange.engine()
    await exchange.price(BTC="40000.00000001")
    assert (await engine.work()).is_empty
    await exchange.price(BTC="39000")
    assert (await engine.work()).filled == 1
    shown = (await exchange.get(f"/orders/{order['order_id']}"))["data"]
    assert (shown["status"], shown["executed_price"], shown["total_amount"]) == (
        "completed",
        "39000.00000000",
        "3900.00",
    )
    wallet = await exchange.wallet(ALICE)
    assert (wallet.cash.posted, wallet.cash.held, wallet.open_orders) == (610_000, 0, 0)
    assert exchange.rung == [ALICE]


async def test_a_sell_fills_once_the_price_is_at_or_above_its_limit(exchange):
    await exchange.give(ALICE, "BTC", "1")
    order = await exchange.rest(order_type="limit_sell", quantity="0.4", price="60000")
    await exchange.price(BTC="60000")
    assert (await exchange.engine().work()).filled == 1
    assert await status(exchange, order) == "completed"
    wallet = await exchange.wallet(ALICE)
    assert (wallet.cash.posted, wallet.holdings["BTC"].posted, wallet.holdings["BTC"].held) == (
        2_400_000,
        60_000_000,
        0,
    )


async def test_only_what_crosses_is_filled(exchange):
    await exchange.fund(ALICE, 10_000)
    orders = [await exchange.rest(quantity="0.01", price=str(price)) for price in (38_000, 39_000, 40_000, 41_000)]
    await exchange.price(BTC="39500")
    assert (await exchange.engine().work()).filled == 2
    assert [await status(exchange, order) for order in orders] == ["pending", "pending", "completed", "completed"]


async def test_a_replaced_order_triggers_by_its_new_price(exchange):
    await exchange.fund(ALICE, 10_000)
    order = await exchange.rest(quantity="0.1", price="40000")
    await exchange.call("PATCH", f"/orders/{order['order_id']}", json={"price": "30000"})
    await exchange.price(BTC="35000")
    assert (await exchange.engine().work()).is_empty
    await exchange.call("PATCH", f"/orders/{order['order_id']}", json={"price": "36000"})
    assert (await exchange.engine().work()).filled == 1


async def test_the_fee_is_the_one_agreed_when_the_order_was_placed(exchange):
    exchange.set_terms(fee_basis_points=10)
    await exchange.fund(ALICE, "4004.00")
    order = await exchange.rest(quantity="0.1", price="40000")
    exchange.set_terms(fee_basis_points=500)
    await exchange.price(BTC="40000")
    assert (await exchange.engine().work()).filled == 1
    assert (await exchange.get(f"/orders/{order['order_id']}"))["data"]["fee"] == "4.00"
    assert (await exchange.wallet(ALICE)).cash.posted == 0


async def test_a_stale_price_fills_nothing(exchange):
    await exchange.fund(ALICE, 10_000)
    await exchange.rest(quantity="0.1", price="40000")
    await exchange.price(BTC="30000")
    exchange.clock.advance(seconds=16)
    assert (await exchange.engine().work()).is_empty


async def test_time_ends_an_order_and_frees_its_hold(exchange):
    await exchange.fund(ALICE, 10_000)
    order = await exchange.rest(time_in_force="GTD", expires_at="2026-01-31T12:01:00Z")
    engine = exchange.engine()
    exchange.clock.advance(seconds=59)
    assert (await engine.work()).is_empty
    exchange.clock.advance(seconds=2)
    assert (await engine.work()).expired == 1
    assert await status(exchange, order) == "expired"
    wallet = await exchange.wallet(ALICE)
    assert (wallet.cash.held, wallet.open_orders) == (0, 0)
    assert await notes(exchange) == []


async def test_after_downtime_what_expired_meanwhile_expires_even_if_its_price_has_come(exchange):
    await exchange.fund(ALICE, 10_000)
    late = await exchange.rest(quantity="0.01", time_in_force="GTD", expires_at="2026-01-31T12:01:00Z")
    lasting = await exchange.rest(quantity="0.01")
    exchange.clock.advance(seconds=7 * 86_400)
    await exchange.price(BTC="39000")
    tally = await exchange.engine().work()
    assert (tally.expired, tally.filled) == (1, 1)
    assert [await status(exchange, order) for order in (late, lasting)] == ["expired", "completed"]


async def test_an_order_past_its_end_never_fills_even_if_its_note_was_lost(exchange):
    await exchange.fund(ALICE, 10_000)
    order = await exchange.rest(time_in_force="GTD", expires_at="2026-01-31T12:01:00Z")
    (note,) = await notes(exchange)
    await exchange.store.transact([Delete(note.key)])
    exchange.clock.advance(seconds=60)
    await exchange.price(BTC="39000")
    assert (await exchange.engine().work()).is_empty
    assert await status(exchange, order) == "pending"


async def test_the_note_of_an_order_that_ended_early_is_cleared_when_its_time_comes(exchange):
    await exchange.fund(ALICE, 10_000)
    order = await exchange.rest(time_in_force="GTD", expires_at="2026-01-31T12:01:00Z")
    await exchange.call("DELETE", f"/orders/{order['order_id']}")
    assert len(await notes(exchange)) == 1
    exchange.clock.advance(seconds=61)
    assert (await exchange.engine().work()).is_empty
    assert await notes(exchange) == []
    assert await status(exchange, order) == "cancelled"


async def test_open_orders_of_a_delisted_asset_are_cancelled_and_their_holds_freed(exchange):
    await exchange.fund(ALICE, 10_000)
    await exchange.give(BOB, "BTC", "1")
    buy = await exchange.rest()
    other = await exchange.rest(asset_id="ETH", price="1000", quantity="1")
    sell = await exchange.rest(user_id=BOB, order_type="limit_sell", price="90000", quantity="0.5")
    await exchange.delist("BTC")
    await exchange.price(BTC="1")
    assert (await exchange.engine().work()).withdrawn == 2
    assert await status(exchange, buy) == await status(exchange, sell, BOB) == "cancelled"
    assert await status(exchange, other) == "pending"
    assert (await exchange.wallet(ALICE)).cash.held == 100_000
    assert (await exchange.wallet(BOB)).holdings["BTC"].held == 0
    last = (await entries(exchange, BOB))[-1]
    assert (last.kind, last.stamp.origin.actor) == (Kind.RELEASE, "order_engine")


async def test_an_engine_reads_prices_from_the_store_while_valkey_is_away(exchange):
    await exchange.fund(ALICE, 10_000)
    order = await exchange.rest()
    board = PriceBoard(store=exchange.store, cache=exchange.cache, clock=exchange.clock)
    await exchange.store.transact([snapshot_put([Quote("BTC", 39_000 * 10**8, exchange.clock.now())])])
    await board.load_snapshot()
    assert (await exchange.engine(board=board).work()).filled == 1
    assert await status(exchange, order) == "completed"
