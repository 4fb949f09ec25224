from itertools import pairwise

import pytest

from cnop_core.ids import AssetId
from cnop_inventory.domain.backfill import DEPTH_SECONDS, missing_candles
from cnop_inventory.domain.candles import Interval
from cnop_inventory.domain.simulation import SimulatedMarket

NOW = 1_769_860_823
BTC = AssetId("BTC")


def price(second, finest):
    return SimulatedMarket(seed=1).price(BTC, second=second, finest_seconds=finest)


def flat(_second, _finest):
    return 100


@pytest.mark.parametrize("interval", Interval)
def test_the_past_is_filled_without_a_gap_up_to_the_open_candle(interval):
    candles = list(missing_candles(interval, present=(), now=NOW, price=flat))
    assert candles[0].start == interval.start_of(NOW - DEPTH_SECONDS[interval])
    assert candles[-1].start == interval.start_of(NOW)
    assert {after.start - before.start for before, after in pairwise(candles)} == {interval.seconds}


def test_what_is_present_is_left_alone():
    minute = Interval.MINUTE
    present = {minute.start_of(NOW) - 60 * number for number in range(1, 100)}
    made = {candle.start for candle in missing_candles(minute, present=present, now=NOW, price=flat)}
    assert not made & present
    assert minute.start_of(NOW) in made


def test_no_sample_lies_in_the_future():
    asked = []
    list(missing_candles(Interval.DAY, present=(), now=NOW, price=lambda second, _: asked.append(second) or 100))
    assert max(asked) <= NOW


def test_candles_are_well_formed_and_follow_on_each_other():
    candles = list(missing_candles(Interval.HOUR, present=(), now=NOW, price=price))
    assert all(each.low <= min(each.open, each.close) <= max(each.open, each.close) <= each.high for each in candles)
    assert all(before.close == after.open for before, after in pairwise(candles))
    assert len({each.close for each in candles}) > len(candles) // 2
