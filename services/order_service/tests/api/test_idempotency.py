import asyncio

import pytest
from exchange import ALICE, BOB


async def test_the_same_request_is_answered_byte_for_byte_and_trades_once(exchange):
    await exchange.fund(ALICE, 10_000)
    first = await exchange.place(key="ticket-1")
    await exchange.price(BTC="60000")
    second = await exchange.place(key="ticket-1")
    assert (second.status_code, second.content) == (201, first.content)
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert (await exchange.wallet(ALICE)).seq == 2


async def test_a_replay_needs_neither_price_nor_listing(exchange):
    await exchange.fund(ALICE, 10_000)
    first = await exchange.place(key="ticket-1")
    exchange.clock.advance(seconds=3600)
    await exchange.delist("BTC")
    assert (await exchange.call("GET", "/orders")).status_code == 200
    again = await exchange.place(key="ticket-1")
    assert (again.status_code, again.content) == (201, first.content)


async def test_the_same_key_with_another_body_is_a_conflict(exchange):
    await exchange.fund(ALICE, 10_000)
    await exchange.place(key="ticket-1")
    before = await exchange.everything()
    answer = await exchange.place(key="ticket-1", quantity="0.05")
    assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
    assert await exchange.everything() == before


async def test_client_order_id_is_the_key_when_there_is_no_header(exchange):
    await exchange.fund(ALICE, 10_000)
    first = await exchange.place(client_order_id="mine-1")
    second = await exchange.place(client_order_id="mine-1")
    assert first.json()["data"]["client_order_id"] == "mine-1"
    assert (second.content, second.headers["idempotency-replayed"]) == (first.content, "true")


async def test_header_and_client_order_id_may_be_equal_but_not_differ(exchange):
    await exchange.fund(ALICE, 10_000)
    assert (await exchange.place(key="mine-1", client_order_id="mine-1")).status_code == 201
    before = await exchange.everything()
    answer = await exchange.place(key="ticket-1", client_order_id="mine-2")
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert await exchange.everything() == before


async def test_a_refusal_is_decided_anew(exchange):
    assert (await exchange.place(key="ticket-1")).json()["code"] == "INSUFFICIENT_FUNDS"
    await exchange.fund(ALICE, 10_000)
    assert (await exchange.place(key="ticket-1")).status_code == 201


async def test_keys_of_two_people_do_not_meet(exchange):
    await exchange.fund(ALICE, 10_000)
    await exchange.fund(BOB, 10_000)
    first = await exchange.place(key="ticket-1")
    second = await exchange.place(key="ticket-1", user_id=BOB)
    assert second.status_code == 201
    assert second.json()["data"]["order_id"] != first.json()["data"]["order_id"]


async def test_concurrent_duplicates_have_one_effect_and_one_answer(exchange):
    await exchange.fund(ALICE, 10_000)
    answers = await asyncio.gather(*(exchange.place(key="ticket-1") for _ in range(10)))
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 9
    assert (await exchange.wallet(ALICE)).seq == 2


async def test_a_key_is_kept_a_day(exchange):
    await exchange.fund(ALICE, 20_000)
    first = await exchange.place(key="ticket-1")
    exchange.clock.advance(seconds=86_399)
    assert (await exchange.place(key="ticket-1")).content == first.content
    exchange.clock.advance(seconds=2)
    await exchange.price(BTC="50000")
    assert (await exchange.place(key="ticket-1")).content != first.content


@pytest.mark.parametrize("key", ["", "x" * 256, "caf\u00e9"])
async def test_a_key_that_is_none_is_refused(exchange, key):
    headers = {"Idempotency-Key": key.encode()}
    body = {"order_type": "market_buy", "asset_id": "BTC", "quantity": "0.1"}
    answer = await exchange.call("POST", "/orders", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")


async def test_cancel_and_replace_honour_the_key_too(exchange):
    await exchange.fund(ALICE, 10_000)
    order = await exchange.rest()
    path, key = f"/orders/{order['order_id']}", {"Idempotency-Key": "change-1"}
    changed = await exchange.call("PATCH", path, json={"price": "41000"}, headers=key)
    assert (await exchange.call("PATCH", path, json={"price": "41000"}, headers=key)).content == changed.content
    assert (await exchange.call("PATCH", path, json={"price": "42000"}, headers=key)).status_code == 409
    cancelled = await exchange.call("POST", f"{path}/cancel", headers=key)
    again = await exchange.call("DELETE", path, headers=key)
    assert (again.status_code, again.content) == (200, cancelled.content)
    assert again.headers["idempotency-replayed"] == "true"
