"""Commands through the whole ledger: one effect, one answer, whatever the store and the other callers do."""

import json

import pytest

from cnop_core.ids import OrderId
from cnop_ledger import InsufficientFunds, KeyReused, Kind
from cnop_ledger.testing import deposit_command, market_command, order_key, withdraw_command


async def test_the_first_command_creates_the_wallet(ledger, user):
    outcome = await ledger.execute(deposit_command(user, 12_50))
    assert outcome.response.status == 201
    assert json.loads(outcome.response.body)["balance"] == 12_50
    assert (outcome.entry.seq, outcome.entry.kind, outcome.replayed) == (1, Kind.DEPOSIT, False)


async def test_a_market_buy_commits_the_order_with_its_entry(ledger, store, user):
    await ledger.execute(deposit_command(user, 100_00))
    order_id = OrderId("ord_1")
    outcome = await ledger.execute(market_command(user, order_id, key="k"))
    order = await store.get(order_key(user, order_id))
    assert order.body["transaction_id"] == outcome.entry.transaction_id
    assert outcome.entry.after["BTC"].posted == 100_000


async def test_a_refusal_moves_nothing(ledger, store, user):
    with pytest.raises(InsufficientFunds):
        await ledger.execute(withdraw_command(user, 1))
    assert store.transactions == 0


async def test_a_repeated_key_gets_the_first_answer_and_no_second_effect(ledger, user):
    first = await ledger.execute(deposit_command(user, 5_00, key="k"))
    again = await ledger.execute(deposit_command(user, 5_00, key="k"))
    assert (again.response, again.replayed, again.entry) == (first.response, True, None)


async def test_a_repeated_key_with_another_body_is_a_conflict(ledger, user):
    await ledger.execute(deposit_command(user, 5_00, key="k"))
    with pytest.raises(KeyReused):
        await ledger.execute(deposit_command(user, 6_00, key="k"))
