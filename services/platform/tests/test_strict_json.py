from decimal import Decimal

import pytest
from pydantic import TypeAdapter, ValidationError

from cnop_platform.amounts import DecimalText
from cnop_platform.strict_json import InvalidJson, dumps, loads


def test_numbers_keep_every_digit():
    assert loads('{"amount": 0.1000000000000000055511151231257827}') == {
        "amount": Decimal("0.1000000000000000055511151231257827")
    }


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":2}',
        '[{"b":{"c":1,"c":1}}]',
        "NaN",
        "[Infinity]",
        "-Infinity",
        "{",
        "",
        '"\ud800',
        "[" * 100_000,
        b"\xff",
        b'"\xed\xa0\x80"',
        '"\\ud800"',
        '[{"a":["\\uDBFF!"]}]',
        '{"\\udc00":1}',
        '{"a":1}'.encode("utf-16"),
        # Eleven characters that would become a gigabyte of digits wherever they are written out.
        "1e999999999",
        "1e-999999999",
        "[-0e999999999]",
        "0.1e99999999999999999999",
    ],
)
def test_ambiguous_or_broken_text_is_refused(text):
    with pytest.raises(InvalidJson):
        loads(text)


def test_a_whole_surrogate_pair_is_one_character():
    assert loads('{"a":"\\ud83d\\ude00"}') == {"a": "\U0001f600"}


def test_equal_values_render_equally():
    assert dumps({"b": 1, "a": "ä"}) == dumps({"a": "ä", "b": 1}) == '{"a":"ä","b":1}'


@pytest.mark.parametrize(
    ("value", "text"), [("12.50", "12.50"), (Decimal("0.10"), "0.10"), (3, "3"), (Decimal("1E+2"), "100")]
)
def test_amounts_come_as_text_or_numbers(value, text):
    assert TypeAdapter(DecimalText).validate_python(value) == text


@pytest.mark.parametrize("value", [True, None, "1e5", "-1", Decimal("NaN"), -3, 1.5, [], "1" * 16, Decimal("1E+40")])
def test_other_amounts_are_refused(value):
    with pytest.raises(ValidationError):
        TypeAdapter(DecimalText).validate_python(value)
