import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnop_inventory.domain.figures import clean_figures, number_text, percent_text


@given(st.integers(-(10**20), 10**20), st.integers(0, 12))
def test_a_number_keeps_its_exact_value_and_is_json(units, scale):
    text = number_text(units, scale=scale)
    assert Decimal(text) == Decimal(units).scaleb(-scale)
    assert json.loads(text, parse_float=Decimal) == Decimal(text)


@pytest.mark.parametrize(
    ("now", "before", "expected"), [(110, 100, "10"), (90, 100, "-10"), (1, 3, "-66.6667"), (100, 100, "0")]
)
def test_percents_have_up_to_four_decimals(now, before, expected):
    assert percent_text(now=now, before=before) == expected


def test_figures_keep_the_digits_that_the_provider_sent():
    figures = clean_figures(
        {"market_cap": Decimal("1234567890123.45"), "ath": "126080", "atl": Decimal("1.2E-5"), "low_24h": 7}
    )
    assert figures == {"market_cap": "1234567890123.45", "ath": "126080", "atl": "0.000012", "low_24h": "7"}


def test_times_are_brought_to_one_form():
    assert clean_figures({"ath_date": "2025-10-06T18:57:42.558+02:00"}) == {"ath_date": "2025-10-06T16:57:42.558Z"}


@pytest.mark.parametrize(
    "value", [None, True, "", "abc", "1e5", "NaN", "Infinity", "01", "+1", "1.", "1,5", [1], {}, '1,"x":2', "9" * 40]
)
def test_what_is_no_plain_number_is_left_out(value):
    assert clean_figures({"market_cap": value, "high_24h": "1"}) == {"high_24h": "1"}


@pytest.mark.parametrize("value", [None, 3, "yesterday", "2026-01-31T12:00:00", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_time_is_left_out(value):
    assert clean_figures({"atl_date": value}) == {}


def test_unknown_members_are_left_out():
    assert clean_figures({"price_usd": "1", "name": "Bitcoin"}) == {}
