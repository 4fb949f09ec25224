"""What the books are compared with, and what they complete."""

import pytest

from cnop_cli.proof.books import Books
from cnop_cli.proof.history import Answer, Deposit, Expire, Fill, History, Place
from cnop_cli.proof.reckoning import reckon
from cnop_cli.proof.resolution import balances_after, resolve

from .conftest import COIN, DOLLARS, cash, order

BID = Place("limit_buy", "BTC", COIN, limit=10 * DOLLARS)
BUY = Place("market_buy", "BTC", COIN)


def movement(transaction_id, *, kind="deposit", amount="1.00", after="1.00", reference=None):
    return {
        "transaction_id": transaction_id,
        "transaction_type": kind,
        "amount": amount,
        "balance_after": after,
        "reference": reference,
    }


def books(*movements, orders=()):
    return Books(tuple(movements), {document["order_id"]: document for document in orders})


def record(history, action, *, began=0.0, ended=1.0, key=None, answer=None):
    call = history.begin(action, at=began, key=key)
    if answer is not None:
        call.ended, call.answer = ended, answer
    return call


@pytest.fixture
def history():
    return History()


def placed(document):
    return Answer(201, {"data": document})


def test_what_was_told_is_there_once(history):
    filled = order(BUY, status="completed", price=DOLLARS, total=100)
    record(history, Deposit(100), key="a", answer=cash(100, "txn_1"))
    record(history, BUY, key="b", answer=placed(filled))
    trade = movement("txn_2", kind="buy", reference="ord_1")
    found = reckon(history, books(movement("txn_1"), trade, orders=[filled]))
    assert (found.acknowledged, found.applied, found.lost, found.doubled) == (2, 2, [], [])


def test_a_lost_deposit_and_a_lost_order_are_found(history):
    record(history, Deposit(100), answer=cash(100, "txn_1"))
    record(history, BID, answer=placed(order(BID, status="pending")))
    assert reckon(history, books()).lost == ["ord_1", "txn_1"]


def test_a_key_with_two_effects_is_found(history):
    record(history, Deposit(100), key="a", answer=cash(100, "txn_1"))
    record(history, Deposit(100), key="a", answer=cash(200, "txn_2"))
    assert reckon(history, books(movement("txn_1"), movement("txn_2"))).doubled == ["a: ['txn_1', 'txn_2']"]


def test_an_effect_that_is_there_twice_is_found(history):
    record(history, Deposit(100), answer=cash(100, "txn_1"))
    assert reckon(history, books(movement("txn_1"), movement("txn_1"))).doubled == ["txn_1 2 times"]


def test_an_effect_that_nobody_asked_for_is_found(history):
    stray = order(BID, status="cancelled", order_id="ord_9")
    found = reckon(history, books(movement("txn_1"), orders=[stray]))
    assert found.doubled == [
        "txn_1: a deposit 100 cents that nobody asked for",
        "ord_9: an order that nobody was told of",
    ]


def test_an_unknown_outcome_without_a_key_explains_one_effect_of_its_amount_and_no_more(history):
    record(history, Deposit(100))
    assert reckon(history, books(movement("txn_1"))).doubled == []
    assert len(reckon(history, books(movement("txn_1"), movement("txn_2"))).doubled) == 1
    assert len(reckon(history, books(movement("txn_1", amount="1.01"))).doubled) == 1


@pytest.mark.parametrize(("status", "trades"), [("completed", 0), ("completed", 2), ("cancelled", 1), ("pending", 1)])
def test_an_order_is_traded_once_if_it_is_completed_and_else_never(history, status, trades):
    document = order(BID, status=status)
    record(history, BID, answer=placed(document))
    moved = [movement(f"txn_{number}", kind="buy", reference="ord_1") for number in range(trades)]
    found = reckon(history, books(*moved, orders=[document]))
    assert found.doubled == [f"ord_1 is {status} and was traded {trades} times"]


# What the books complete.


def test_an_unknown_outcome_reaches_to_the_answer_under_its_key(history):
    record(history, Deposit(100), began=1, key="a")
    record(history, Deposit(100), began=5, ended=6, key="a", answer=cash(100, "txn_1"))
    record(history, Deposit(100), began=8, ended=9, key="a", answer=cash(100, "txn_1"))
    times = [(call.began, call.ended) for call in resolve(history, books(movement("txn_1")))]
    assert times == [(1, 6), (8, 9)]


def test_what_was_refused_in_the_end_keeps_its_own_time(history):
    record(history, Deposit(100), began=1, key="a")
    record(history, Deposit(100), began=5, ended=6, key="a", answer=Answer(422, {}, "DAILY_LIMIT"))
    assert [(call.began, call.ended) for call in resolve(history, books())] == [(5, 6)]


def test_an_unknown_outcome_without_a_key_is_known_by_its_movement(history):
    record(history, Deposit(100), began=1)
    record(history, Deposit(200), began=2)
    (call,) = resolve(history, books(movement("txn_1", amount="2.00", after="7.00")))
    assert (call.action, call.ended) == (Deposit(200), None)
    assert call.expected is not None
    assert call.expected.body["balance"] == "7.00"


@pytest.mark.parametrize(("status", "act"), [("completed", Fill), ("expired", Expire), ("cancelled", None)])
def test_the_engine_did_what_ended_an_order_that_rested(history, status, act):
    record(history, BID, began=3, key="a")
    record(history, BID, began=4, key="a", answer=placed(order(BID, status="pending")))
    calls = resolve(history, books(orders=[order(BID, status=status)]))
    acts = [(type(call.action), call.began, call.answer) for call in calls if call.door == "engine"]
    assert acts == ([(act, 3, None)] if act else [])


def test_an_order_that_was_filled_on_arrival_needed_no_engine(history):
    filled = order(BID, status="completed", price=DOLLARS, total=100)
    record(history, BID, answer=placed(filled))
    assert len(resolve(history, books(orders=[filled]))) == 1


def test_a_trade_is_known_by_the_balance_that_it_left():
    assert balances_after(books(movement("a"), movement("b", after="3.21", reference="ord_1"))) == {"ord_1": 321}
