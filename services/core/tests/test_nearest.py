from datetime import UTC, datetime
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from cnop_core.clock import epoch_ms, from_epoch_ms
from cnop_core.money import divide_nearest


@given(numerator=st.integers(-(10**30), 10**30), denominator=st.integers(1, 10**20))
def test_the_nearest_quotient_is_what_exact_rounding_gives(numerator, denominator):
    assert divide_nearest(numerator, denominator) == round(Fraction(numerator, denominator))


def test_halves_go_to_the_even_neighbour():
    assert [divide_nearest(number, 2) for number in (-3, -1, 1, 3, 5)] == [-2, 0, 0, 2, 2]


@given(st.integers(0, 4_000_000_000_000))
def test_milliseconds_survive_the_way_to_an_instant_and_back(milliseconds):
    assert epoch_ms(from_epoch_ms(milliseconds)) == milliseconds


def test_milliseconds_count_from_1970_in_utc():
    assert from_epoch_ms(1_769_860_800_000) == datetime(2026, 1, 31, 12, tzinfo=UTC)
