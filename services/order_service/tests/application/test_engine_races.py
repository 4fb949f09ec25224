"""Engines, owners and the operator at the same orders at the same time, on every store."""

import asyncio

import pytest
from exchange import ALICE, BOB, Exchange, entries, status

from cnop_ledger import Kind


@pytest.fixture
async def exchange(every_store, entropy):
    async with Exchange(every_store, entropy).running() as exchange:
        yield exchange


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
    users = [f"usr_{number:026}" for number in range(24)]
    await fill_book(exchange, users, 5)
    await exchange.fund(BOB, 1_000_000)
    await exchange.price(BTC="39000")
    filling, answers = asyncio.create_task(exchange.engine().work()), []
    while not filling.done():
        answers.append(await exchange.place(user_id=BOB, asset_id="ETH", quantity="0.01"))
    assert (await filling).filled == 120
    assert {answer.status_code for answer in answers} == {201}
    # The engine has 24 wallets to go through, 16 at a time: who comes in between waits for a turn, not for the end.
    assert len(answers) >= 3
    for user_id in users:
        filled = [entry.order_id for entry in await entries(exchange, user_id) if entry.kind is Kind.BUY]
        assert len(filled) == len(set(filled)) == 5
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
