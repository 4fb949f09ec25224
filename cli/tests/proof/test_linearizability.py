"""The checker on histories that are right, and on histories that are wrong in each way that matters."""

import random
from dataclasses import replace

import pytest

from cnop_cli.proof.history import Answer, Cancel, Deposit, Place, ReadOrder, Replace, Withdraw
from cnop_cli.proof.linearizability import TooAmbiguous

from .conftest import COIN, DOLLARS, H

BUY = Place("market_buy", "BTC", COIN)
SELL = Place("market_sell", "BTC", COIN)
BID = Place("limit_buy", "BTC", COIN, limit=10 * DOLLARS)
ASK = Place("limit_sell", "BTC", COIN, limit=10 * DOLLARS)


def right(history):
    violation = history.verdict()
    assert violation is None, str(violation)


def wrong(history, *, at):
    """The call at this place, the last ones counted from the end, is the one that cannot be explained."""
    violation = history.verdict()
    assert violation is not None
    assert violation.call is history.calls[at]


# Histories that are right.


def test_an_empty_history_is_right(history):
    right(history)


def test_one_after_the_other(history):
    right(history.deposit(500, (0, 1), 500).withdraw(200, (2, 3), 300).balance(300, (4, 5)))


def test_calls_that_overlap_may_take_effect_in_any_order(history):
    right(history.deposit(100, (0, 10), 300).deposit(200, (1, 9), 200).balance(200, (2, 8)))


def test_a_read_may_see_what_has_begun_and_not_ended(history):
    right(history.deposit(100, (0, 10), 100).balance(100, (1, 2)).balance(100, (3, 4)))


@pytest.mark.parametrize("seen", [0, 100])
def test_an_unknown_outcome_may_have_happened_or_not(history, seen):
    right(history.deposit(100, (0, None)).balance(seen, (5, 6)))


def test_an_unknown_outcome_may_happen_much_later(history):
    history.deposit(100, (0, None)).balance(0, (5, 6)).balance(100, (7, 8))
    history.calls[0].expected = Answer(201, {"balance": "1.00"})
    right(history)


def test_a_repetition_under_one_key_is_answered_alike_and_counts_once(history):
    right(history.deposit(100, (0, 1), 100, key="k").deposit(100, (2, 3), 100, key="k").balance(100, (4, 5)))


def test_repetitions_that_overlap_count_once(history):
    history.deposit(100, (0, 9), 100, key="k").deposit(100, (1, 8), 100, key="k")
    right(history.deposit(50, (10, 11), 150).deposit(100, (12, 13), 100, key="k").balance(150, (14, 15)))


def test_a_life_of_orders():
    history = H(fee_basis_points=100, highest={"BTC": 10 * DOLLARS})
    history.deposit(5000, (0, 1), 5000)
    history.place(BUY, (2, 3), status="completed", price=10 * DOLLARS, total=1000, fee=10, order_id="ord_a")
    history.balance(3990, (4, 5)).holding("BTC", COIN, (6, 7))
    history.place(BID, (8, 9), status="pending", order_id="ord_b").balance(3990, (10, 11), held=1010)
    history.place(ASK, (12, 13), status="pending", order_id="ord_c").holding("BTC", COIN, (14, 15), held=COIN)
    history.replace("ord_b", 2 * COIN, 10 * DOLLARS, (16, 17)).balance(3990, (18, 19), held=2020)
    history.fill(ASK, 12, order_id="ord_c", price=11 * DOLLARS, total=1100, fee=11)
    history.balance(5079, (20, 21), held=2020).order(ASK, (22, 23), order_id="ord_c", status="completed")
    history.cancel("ord_b", (24, 25)).order(BID, (26, 27), order_id="ord_b", status="cancelled")
    right(history.balance(5079, (28, 29)).holding("BTC", 0, (30, 31)))


def test_a_refusal_needs_to_have_been_true_at_one_moment_only(history):
    right(history.deposit(100, (0, 10), 100).refused(Withdraw(50), (1, 9), "INSUFFICIENT_FUNDS"))


def test_a_buyer_at_market_is_refused_by_the_highest_price_there_was():
    history = H(highest={"BTC": 10 * DOLLARS}).deposit(999, (0, 1), 999)
    right(history.refused(BUY, (2, 3), "INSUFFICIENT_FUNDS"))


def test_a_request_to_come_back_later_had_no_effect(history):
    right(history.refused(Deposit(100), (0, 1), "RATE_001", 429).balance(0, (2, 3)))


def test_many_rounds_of_concurrent_calls_are_decided_quickly(history):
    dice, balance = random.Random(1), 0
    for begin in range(0, 4000, 10):
        for _ in range(3):
            amount = dice.randint(1, 10**6)
            balance += amount
            history.deposit(amount, (begin + dice.random(), begin + 5 + dice.random()), balance)
    right(history)


# Histories that are wrong.


def test_a_lost_update_is_found(history):
    wrong(history.deposit(100, (0, 10), 100).deposit(200, (1, 11), 200), at=-1)


def test_a_lost_update_that_only_a_later_read_shows_is_found(history):
    history.deposit(100, (0, 1), 100)
    history.withdraw(30, (2, 9), 70)
    wrong(history.withdraw(20, (3, 8), 80).balance(80, (10, 11)), at=1)


def test_a_stale_read_is_found(history):
    wrong(history.deposit(100, (0, 1), 100).balance(0, (2, 3)), at=-1)


def test_a_read_that_goes_back_is_found(history):
    wrong(history.deposit(100, (0, 10), 100).balance(100, (1, 2)).balance(0, (3, 4)), at=-1)


def test_a_doubled_effect_is_found_by_a_read(history):
    wrong(history.deposit(100, (0, 1), 100, key="k").balance(200, (2, 3)), at=-1)


def test_a_doubled_effect_is_found_by_another_answer_to_the_same_key(history):
    history.deposit(100, (0, 1), 100, key="k", transaction_id="txn_a")
    wrong(history.deposit(100, (2, 3), 200, key="k", transaction_id="txn_b"), at=-1)


def test_a_doubled_effect_of_an_unknown_outcome_is_found(history):
    history.deposit(100, (0, None), key="k").deposit(100, (1, 2), 100, key="k")
    wrong(history.balance(200, (3, 4)), at=-1)


def test_a_lost_acknowledged_write_is_found(history):
    wrong(history.deposit(100, (0, 1), 100).deposit(50, (2, 3), 150).balance(100, (4, 5)), at=-1)


def test_an_acknowledged_write_that_the_next_write_does_not_know_is_found(history):
    wrong(history.deposit(100, (0, 1), 100).deposit(50, (2, 3), 50), at=-1)


def test_money_from_nowhere_is_found(history):
    wrong(history.deposit(100, (0, 1), 100).balance(101, (2, 3)), at=-1)


def test_the_last_dollar_paid_out_twice_is_found(history):
    wrong(history.deposit(100, (0, 1), 100).withdraw(100, (2, 9), 0).withdraw(100, (3, 8), 0), at=1)


def test_an_effect_before_its_beginning_is_found(history):
    wrong(history.balance(100, (0, 1)).deposit(100, (2, 3), 100), at=0)


def test_a_refusal_that_was_never_true_is_found(history):
    wrong(history.deposit(100, (0, 1), 100).refused(Withdraw(50), (2, 3), "INSUFFICIENT_FUNDS"), at=-1)


def test_a_refusal_that_does_not_fit_the_request_is_found(history):
    wrong(history.refused(Deposit(100), (0, 1), "INSUFFICIENT_FUNDS"), at=-1)


def test_a_wrong_sum_is_found(history):
    # 0.015 at one dollar costs two cents: a buyer's total rounds up.
    cheap = Place("market_buy", "BTC", 1_500_000)
    history.deposit(100, (0, 1), 100)
    wrong(history.place(cheap, (2, 3), status="completed", price=DOLLARS, total=1), at=-1)


def test_a_missing_fee_is_found():
    history = H(fee_basis_points=100).deposit(5000, (0, 1), 5000)
    wrong(history.place(BUY, (2, 3), status="completed", price=10 * DOLLARS, total=1000, fee=0), at=-1)


def test_a_purchase_beyond_means_is_found(history):
    history.deposit(999, (0, 1), 999)
    wrong(history.place(BUY, (2, 3), status="completed", price=10 * DOLLARS, total=1000), at=-1)


def test_a_sale_of_what_is_not_there_is_found(history):
    wrong(history.place(SELL, (0, 1), status="completed", price=10 * DOLLARS, total=1000), at=-1)


def test_an_order_that_holds_more_than_there_is_is_found(history):
    wrong(history.deposit(999, (0, 1), 999).place(BID, (2, 3), status="pending"), at=-1)


def test_spending_what_an_order_holds_is_found(history):
    history.deposit(1500, (0, 1), 1500).place(BID, (2, 3), status="pending")
    wrong(history.withdraw(600, (4, 5), 900), at=-1)


def test_a_hold_that_is_not_shown_is_found(history):
    wrong(history.deposit(1500, (0, 1), 1500).place(BID, (2, 3), status="pending").balance(1500, (4, 5)), at=-1)


def test_a_hold_that_is_not_released_is_found(history):
    history.deposit(1500, (0, 1), 1500).place(BID, (2, 3), status="pending").cancel("ord_1", (4, 5))
    wrong(history.balance(1500, (6, 7), held=1000), at=-1)


def test_a_fill_after_the_cancellation_is_found(history):
    history.deposit(1500, (0, 1), 1500).place(BID, (2, 3), status="pending").cancel("ord_1", (4, 5))
    history.fill(BID, 2, price=9 * DOLLARS, total=900)
    wrong(history.balance(600, (6, 7)), at=-1)


def test_a_fill_beyond_its_limit_is_found(history):
    history.deposit(1500, (0, 1), 1500).place(BID, (2, 3), status="pending")
    history.fill(BID, 2, price=11 * DOLLARS, total=1100)
    wrong(history.balance(400, (4, 5)), at=-1)


def test_an_order_filled_twice_is_found(history):
    history.deposit(2500, (0, 1), 2500).place(BID, (2, 3), status="pending")
    history.fill(BID, 2, price=9 * DOLLARS, total=900)
    wrong(history.balance(700, (4, 5)), at=-1)


def test_a_trade_that_left_another_balance_than_the_books_show_is_found():
    history = H(balances={"ord_1": 1}).deposit(1500, (0, 1), 1500)
    wrong(history.place(BUY, (2, 3), status="completed", price=10 * DOLLARS, total=1000), at=-1)


def test_an_immediate_order_that_rests_is_found(history):
    immediate = Place("limit_buy", "BTC", COIN, limit=10 * DOLLARS, time_in_force="IOC")
    wrong(history.deposit(1500, (0, 1), 1500).place(immediate, (2, 3), status="pending"), at=-1)


def test_an_order_of_another_size_than_asked_for_is_found(history):
    history.deposit(5000, (0, 1), 5000)
    wrong(history.place(BUY, (2, 3), status="completed", price=10 * DOLLARS, total=2000, quantity=2 * COIN), at=-1)


def test_a_cancellation_of_a_closed_order_is_found(history):
    history.deposit(1500, (0, 1), 1500).place(BID, (2, 3), status="pending").cancel("ord_1", (4, 5))
    wrong(history.cancel("ord_1", (6, 7)), at=-1)


def test_a_replacement_beyond_means_is_found(history):
    history.deposit(1500, (0, 1), 1500).place(BID, (2, 3), status="pending")
    wrong(history.replace("ord_1", 2 * COIN, 10 * DOLLARS, (4, 5)), at=-1)


def test_a_refused_replacement_that_was_covered_is_found(history):
    history.deposit(2500, (0, 1), 2500).place(BID, (2, 3), status="pending")
    wrong(history.refused(Replace("ord_1", 2 * COIN, 10 * DOLLARS), (4, 5), "INSUFFICIENT_FUNDS"), at=-1)


@pytest.mark.parametrize("asked", [Replace("ord_1", COIN, DOLLARS), Cancel("ord_1")])
def test_an_order_said_to_be_closed_while_it_rests_is_found(history, asked):
    history.deposit(1500, (0, 1), 1500).place(BID, (2, 3), status="pending")
    wrong(history.refused(asked, (4, 5), "ORDER_CLOSED", 409), at=-1)


@pytest.mark.parametrize("asked", [Replace("ord_1", COIN, DOLLARS), Cancel("ord_1")])
def test_an_order_is_closed_from_its_last_moment_on_though_it_still_holds_cash(history, asked):
    # By the wall clock, on which all calls of these tests end at 0.
    bid = replace(BID, time_in_force="GTD", expires_at=0.0)
    history.deposit(1500, (0, 1), 1500).place(bid, (2, 3), status="pending")
    history.refused(asked, (4, 5), "ORDER_CLOSED", 409)
    right(history.refused(Withdraw(1000), (6, 7), "INSUFFICIENT_FUNDS"))


def test_an_order_that_vanished_is_found(history):
    history.deposit(1500, (0, 1), 1500).place(BID, (2, 3), status="pending")
    wrong(history.refused(ReadOrder("ord_1"), (4, 5), "NOT_FOUND", 404), at=-1)


def test_an_answer_that_no_contract_knows_is_found(history):
    wrong(history.refused(Deposit(100), (0, 1), "TEAPOT", 418), at=-1)


def test_what_cannot_be_decided_is_said_to_be(history):
    for amount in range(20):
        history.deposit(2**amount, (0, None))
    with pytest.raises(TooAmbiguous):
        history.balance(2**21, (1, 2)).verdict()
