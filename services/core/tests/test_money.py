from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnop_core.money import InvalidAmount, cost_up, fee_up, format_units, parse_units, proceeds_down

SCALES = st.integers(0, 18)


@given(units=st.integers(0, 10**15 - 1), scale=SCALES)
def test_a_formatted_amount_parses_back_to_the_same_units(units, scale):
    assert parse_units(format_units(units, scale=scale), scale=scale) == units


@given(units=st.integers(-(10**20), 10**20), scale=SCALES)
def test_formatting_shows_the_exact_decimal(units, scale):
    assert Decimal(format_units(units, scale=scale)) == Decimal(units).scaleb(-scale)


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1e3", "NaN", "Infinity", ".5", "5.", "1,000", " 1", "1 ", "٣", "1_000", "0x1", "1" * 16]
)
def test_anything_but_a_plain_decimal_is_refused(text):
    with pytest.raises(InvalidAmount):
        parse_units(text, scale=2)


@pytest.mark.parametrize(("text", "units"), [("0.1", 10), ("12.50", 1250), ("7", 700), ("1.2300", 123), ("007", 700)])
def test_plain_decimals_become_exact_units(text, units):
    assert parse_units(text, scale=2) == units


def test_excess_precision_is_refused_not_rounded():
    with pytest.raises(InvalidAmount, match="2 decimals"):
        parse_units("0.001", scale=2)


@given(quantity=st.integers(0, 10**14), price=st.integers(0, 10**14), scale=st.integers(0, 8))
def test_buyers_pay_rounded_up_and_sellers_get_rounded_down(quantity, price, scale):
    exact = Decimal(quantity).scaleb(-scale) * Decimal(price).scaleb(-8) * 100
    assert cost_up(quantity=quantity, price=price, scale=scale) == exact.to_integral_value(ROUND_CEILING)
    assert proceeds_down(quantity=quantity, price=price, scale=scale) == exact.to_integral_value(ROUND_FLOOR)


@pytest.mark.parametrize(
    ("amount", "basis_points", "fee"), [(10_000, 25, 25), (1, 1, 1), (10_001, 25, 26), (500, 0, 0)]
)
def test_fees_round_up_to_the_cent(amount, basis_points, fee):
    assert fee_up(amount=amount, basis_points=basis_points) == fee
