import asyncio
import json

import pytest
from exchange import ALICE, BOB, Exchange

from cnop_ledger import Kind, signed_put
from cnop_ledger.testing import KEYS
from cnop_orders.application.keys import expiry_partitions, order_key
from cnop_orders.domain.order import Order
from cnop_platform.prices import PriceBoard, Quote, snapshot_put
from cnop_platform.store import Anything, Delete, Key, Put


@pytest.fixture
async def exchange(any_store, entropy):
    async with Exchange(any_store, entropy).running() as exchange:
        yield exchange


async def status(exchange, order, user_id=ALICE):
    return (await exchange.get(f"/orders/{order['order_id']}", user_id=user_id))["data"]["status"]


async def entries(exchange, user_id=ALICE):
    return [entry async for entry in exchange.reader.entries(user_id)]


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


class Interrupted:
    """The store, where something happens once, just before the engine reads its first orders."""

    def __init__(self, store, happens):
        self._store, self._happens = store, happens

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def query_index(self, *args, **more):
        page = await self._store.query_index(*args, **more)
        happens, self._happens = self._happens, None
        if happens:
            await happens()
        return page


async def test_nothing_is_filled_once_a_delisting_was_acknowledged_in_the_middle_of_a_pass(exchange):
    await exchange.fund(ALICE, 10_000)
    order, other = await exchange.rest(), await exchange.rest(asset_id="ETH", price="1500", quantity="1")
    engine = exchange.engine(store=Interrupted(exchange.store, lambda: exchange.delist("BTC")))
    await exchange.price(BTC="39000", ETH="1400")
    assert (await engine.work()).filled == 1
    assert [await status(exchange, each) for each in (order, other)] == ["pending", "completed"]
    exchange.clock.advance(seconds=3)
    assert (await engine.work()).withdrawn == 1
    assert await status(exchange, order) == "cancelled"


async def fill_book(exchange, users, each):
    for user_id in users:
        await exchange.fund(user_id, 1_000_000)
        for number in range(each):
            await exchange.rest(user_id=user_id, quantity="0.001", price=str(40_000 + number))


async def test_two_engines_fill_each_order_once(exchange):
    users = [f"usr_{number:026}" for number in range(4)]
    await fill_book(exchange, users, 15)
    await exchange.price(BTC="39000")
    first, second = exchange.engine(), exchange.engine()
    tallies = await asyncio.gather(first.work(), second.work(), first.work())
    assert sum(tally.filled for tally in tallies) == 60
    for user_id in users:
        filled = [entry.order_id for entry in await entries(exchange, user_id) if entry.kind is Kind.BUY]
        assert len(filled) == len(set(filled)) == 15
        wallet = await exchange.wallet(user_id)
        assert (wallet.open_orders, wallet.cash.held, wallet.holdings["BTC"].posted) == (0, 0, 1_500_000)


async def test_while_a_full_book_fills_others_are_answered(exchange):
    users = [f"usr_{number:026}" for number in range(40)]
    await fill_book(exchange, users, 10)
    await exchange.fund(BOB, 1_000_000)
    await exchange.price(BTC="39000")
    filling, answers = asyncio.create_task(exchange.engine().work()), []
    while not filling.done():
        answers.append(await exchange.place(user_id=BOB, asset_id="ETH", quantity="0.01"))
    assert (await filling).filled == 400
    assert {answer.status_code for answer in answers} == {201}
    # The engine has 40 wallets to go through, 16 at a time: who comes in between waits for a turn, not for the end.
    assert len(answers) >= 3
    for user_id in users:
        filled = [entry.order_id for entry in await entries(exchange, user_id) if entry.kind is Kind.BUY]
        assert len(filled) == len(set(filled)) == 10
        assert (await exchange.wallet(user_id)).open_orders == 0


async def test_owners_and_the_engine_race_for_an_order_and_one_of_them_wins(exchange):
    await exchange.fund(ALICE, 10_000)
    orders = [await exchange.rest(quantity="0.001") for _ in range(10)]
    await exchange.price(BTC="39000")
    cancels = [exchange.call("DELETE", f"/orders/{order['order_id']}") for order in orders]
    tally, *answers = await asyncio.gather(exchange.engine().work(), *cancels)
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert tally.filled + sum(answer.status_code == 200 for answer in answers) == 10
    wallet = await exchange.wallet(ALICE)
    assert (wallet.open_orders, wallet.cash.held) == (0, 0)
    assert wallet.holding("BTC").posted == tally.filled * 100_000


async def test_an_order_that_cannot_be_changed_now_does_not_stop_the_others(exchange):
    await exchange.fund(ALICE, 10_000)
    await exchange.fund(BOB, 10_000)
    await exchange.rest()
    good = await exchange.rest(user_id=BOB)
    item = await exchange.store.get(Key("WALLET#" + ALICE, "WALLET"))
    await forge(exchange, item)
    await exchange.price(BTC="39000")
    tally = await exchange.engine().work()
    assert (tally.filled, sum(tally.failed.values())) == (1, 1)
    assert await status(exchange, good, BOB) == "completed"


async def forge(exchange, item):
    await exchange.store.transact([Put(item.key, {**item.body, "mac": "x" * 43})])


async def test_an_engine_reads_prices_from_the_store_while_valkey_is_away(exchange):
    await exchange.fund(ALICE, 10_000)
    order = await exchange.rest()
    board = PriceBoard(store=exchange.store, cache=exchange.cache, clock=exchange.clock)
    await exchange.store.transact([snapshot_put([Quote("BTC", 39_000 * 10**8, exchange.clock.now())])])
    await board.load_snapshot()
    assert (await exchange.engine(board=board).work()).filled == 1
    assert await status(exchange, order) == "completed"


async def damage(exchange, key, change):
    """Overwrite members of a stored item; where it is, and where the index has it, stays."""
    item = await exchange.store.get(key)
    await exchange.store.transact([Put(key, change(item.body), index=item.index)])


def key_of(order, user_id=ALICE):
    return order_key(user_id, order["order_id"])


def edited(before, after):
    def edit(body):
        text = body["data"].replace(before, after)
        assert text != body["data"]
        return {**body, "data": text}

    return edit


DAMAGES = {
    "with a lower fee": edited('"bps":50', '"bps":0'),
    "with a higher limit": edited('"limit":4000000000000', '"limit":4900000000000'),
    "with a larger quantity": edited('"qty":10000000', '"qty":90000000'),
    "of another key": lambda body: {**body, "key": "AAAAAAAA"},
    "without a signature": lambda body: {"data": body["data"]},
    "in clear": lambda body: json.loads(body["data"]),
    "cut short": edited('"at":', '"as":'),
    "empty": lambda body: {},
}


@pytest.mark.parametrize("change", DAMAGES.values(), ids=DAMAGES)
async def test_an_order_that_was_tampered_with_is_left_and_the_others_fill(exchange, change):
    exchange.set_terms(fee_basis_points=50)
    await exchange.fund(ALICE, 10_000)
    await exchange.fund(BOB, 10_000)
    broken, beside, good = await exchange.rest(), await exchange.rest(), await exchange.rest(user_id=BOB)
    await damage(exchange, key_of(broken), change)
    before = await exchange.store.get(key_of(broken))
    await exchange.price(BTC="39000")
    tally = await exchange.engine().work()
    assert (tally.filled, tally.failed.total(), list(tally.broken)) == (2, 1, [key_of(broken)])
    assert await status(exchange, beside) == await status(exchange, good, BOB) == "completed"
    assert await exchange.store.get(key_of(broken)) == before


async def test_an_order_of_a_later_version_is_left_for_a_process_that_knows_it(exchange):
    await exchange.fund(ALICE, 10_000)
    order, good = await exchange.rest(), await exchange.rest()
    item = await exchange.store.get(key_of(order))
    later = {**json.loads(item.body["data"]), "v": 99}
    await exchange.store.transact([signed_put(item.key, later, KEYS, Anything(), index=item.index)[0]])
    await exchange.price(BTC="39000")
    tally = await exchange.engine().work()
    assert (tally.filled, list(tally.broken)) == (1, [key_of(order)])
    assert await status(exchange, good) == "completed"


async def test_an_order_cannot_be_moved_to_another_owner(exchange):
    await exchange.fund(ALICE, 10_000)
    await exchange.fund(BOB, 10_000)
    order, other = await exchange.rest(), await exchange.rest(user_id=BOB)
    item = await exchange.store.get(key_of(order))
    await damage(exchange, key_of(other, BOB), lambda _: item.body)
    await exchange.price(BTC="39000")
    tally = await exchange.engine().work()
    assert (tally.filled, list(tally.broken)) == (1, [key_of(other, BOB)])


async def test_nobody_can_read_or_change_an_order_that_was_tampered_with(exchange):
    await exchange.fund(ALICE, 10_000)
    order = await exchange.rest()
    await damage(exchange, key_of(order), edited('"limit":4000000000000', '"limit":1'))
    before = await exchange.everything()
    path = f"/orders/{order['order_id']}"
    answers = [
        await exchange.call("GET", path),
        await exchange.call("DELETE", path),
        await exchange.call("PATCH", path, json={"quantity": "0.2"}),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(500, "INTERNAL_ERROR")}
    assert await exchange.everything() == before


async def test_an_order_that_cannot_be_read_keeps_no_other_from_expiring(exchange):
    await exchange.fund(ALICE, 10_000)
    ends = {"time_in_force": "GTD", "expires_at": "2026-01-31T12:01:00Z"}
    broken, good = await exchange.rest(**ends), await exchange.rest(**ends)
    await damage(exchange, key_of(broken), lambda body: {})
    await exchange.store.transact([Put(Key("EXPIRING#0", "0000000000001#nobody"), {})])
    exchange.clock.advance(seconds=61)
    tally = await exchange.engine().work()
    assert (tally.expired, set(tally.broken)) == (1, {key_of(broken), Key("EXPIRING#0", "0000000000001#nobody")})
    assert await status(exchange, good) == "expired"


async def test_a_defect_in_one_order_does_not_stop_the_others(exchange, monkeypatch):
    await exchange.fund(ALICE, 10_000)
    await exchange.fund(BOB, 10_000)
    bad, good = await exchange.rest(), await exchange.rest(user_id=BOB)
    filled = Order.filled

    def fails_for_one(order, trade, *, at_ms):
        if order.order_id == bad["order_id"]:
            raise ZeroDivisionError("a defect")
        return filled(order, trade, at_ms=at_ms)

    monkeypatch.setattr(Order, "filled", fails_for_one)
    await exchange.price(BTC="39000")
    tally = await exchange.engine().work()
    assert (tally.filled, tally.failed) == (1, {"INTERNAL_ERROR": 1})
    assert await status(exchange, good, BOB) == "completed"
