from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import BTC, ETH, NOW, USD, quote

from cnop_inventory.domain.sanity import PriceGate, SanityBounds, Verdict
from cnop_platform.prices import HIGHEST, Quote

BOUNDS = SanityBounds(max_jump_bps=1_000, confirm_seconds=60, forget_seconds=600)


@pytest.fixture
def gate():
    gate = PriceGate(BOUNDS)
    assert judge(gate, 100) is Verdict.PUBLISH
    return gate


def judge(gate, price_usd, *, seconds=0, asset_id=BTC):
    return gate.judge(quote(price_usd, seconds=seconds, asset_id=asset_id), now=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("price", [90, 100, 110])
def test_a_price_within_the_bound_is_published(gate, price):
    assert judge(gate, price, seconds=1) is Verdict.PUBLISH


@pytest.mark.parametrize("price", [89.99, 110.01, 1_000_000, 0.01])
def test_a_price_beyond_the_bound_is_held_back(gate, price):
    assert judge(gate, price, seconds=1) is Verdict.QUARANTINED
    assert gate.published(BTC).price == 100 * USD


def test_after_a_single_wrong_price_the_right_one_passes(gate):
    judge(gate, 1, seconds=1)
    assert judge(gate, 101, seconds=2) is Verdict.PUBLISH


def test_a_held_back_price_is_recorded_once_until_a_good_one_came(gate):
    assert [judge(gate, 200, seconds=second) for second in (1, 2, 3)] == [
        Verdict.QUARANTINED,
        Verdict.IGNORE,
        Verdict.IGNORE,
    ]
    judge(gate, 100, seconds=4)
    assert judge(gate, 200, seconds=5) is Verdict.QUARANTINED


def test_a_jump_that_lasts_is_believed_and_becomes_the_new_measure(gate):
    verdicts = [judge(gate, 200 + second / 10, seconds=second) for second in range(1, 62)]
    assert verdicts[0] is Verdict.QUARANTINED
    assert set(verdicts[1:-1]) == {Verdict.IGNORE}
    assert verdicts[-1] is Verdict.CONFIRMED
    assert judge(gate, 206, seconds=62) is Verdict.PUBLISH


def test_prices_that_jump_about_are_never_believed(gate):
    verdicts = {judge(gate, 200 if second % 2 else 400, seconds=second) for second in range(1, 500)}
    assert Verdict.CONFIRMED not in verdicts
    assert gate.published(BTC).price == 100 * USD


def test_after_a_long_silence_there_is_nothing_to_compare_with(gate):
    assert judge(gate, 300, seconds=601) is Verdict.PUBLISH


@pytest.mark.parametrize("price", [0, -5, HIGHEST + 1])
def test_an_impossible_price_is_held_back_however_long_it_lasts(gate, price):
    def impossible(seconds):
        when = NOW + timedelta(seconds=seconds)
        return gate.judge(Quote(BTC, price, when), now=when)

    assert impossible(1) is Verdict.QUARANTINED
    assert {impossible(seconds) for seconds in range(2, 900, 60)} == {Verdict.IGNORE}


def test_a_price_from_the_future_is_held_back(gate):
    assert gate.judge(quote(100, seconds=6), now=NOW) is Verdict.QUARANTINED
    assert gate.judge(quote(100, seconds=5), now=NOW) is Verdict.PUBLISH


def test_an_older_or_equal_time_is_ignored(gate):
    assert judge(gate, 101) is Verdict.IGNORE
    assert judge(gate, 500, seconds=-1) is Verdict.IGNORE


def test_assets_are_judged_apart(gate):
    assert judge(gate, 3_000, asset_id=ETH) is Verdict.PUBLISH
    judge(gate, 9_000, asset_id=ETH, seconds=1)
    assert judge(gate, 101, seconds=1) is Verdict.PUBLISH


def test_what_was_published_before_a_restart_is_the_measure():
    gate = PriceGate(BOUNDS)
    gate.remember(quote(100))
    assert judge(gate, 200, seconds=1) is Verdict.QUARANTINED


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=50))
def test_whatever_comes_no_published_price_jumps_beyond_the_bound_unless_confirmed(prices):
    gate, published = PriceGate(BOUNDS), None
    for second, price in enumerate(prices):
        verdict = judge(gate, price, seconds=second)
        if verdict is Verdict.PUBLISH:
            assert published is None or abs(price - published) * 10 <= published
        if verdict in {Verdict.PUBLISH, Verdict.CONFIRMED}:
            published = price
