"""Orders that were tampered with, or that this version does not know: left alone, on every store, and nobody waits."""

import json

import pytest
from exchange import ALICE, BOB, Exchange, status

from cnop_ledger import signed_put
from cnop_ledger.testing import KEYS
from cnop_orders.application.keys import order_key
from cnop_orders.domain.order import Order
from cnop_platform.store import Anything, Key, Put


@pytest.fixture
async def exchange(every_store, entropy):
    async with Exchange(every_store, entropy).running() as exchange:
        yield exchange


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
