from dataclasses import replace

import pytest

from cnop_core.money import PRICE_SCALE
from cnop_orders.domain.errors import InvalidOrder
from cnop_orders.domain.order import OrderType, TimeInForce
from cnop_orders.domain.ticket import LONGEST_GTD_MS, QuantityRange, Ticket, check

RANGE = QuantityRange(lowest=100, highest=10_000, scale=2)
NOW = 1_000_000
MARKET = Ticket(OrderType.MARKET_BUY, "BTC", 500)
LIMIT = Ticket(OrderType.LIMIT_BUY, "BTC", 500, limit_price=1, time_in_force=TimeInForce.GTC)


def fields(ticket):
    try:
        check(ticket, quantities=RANGE, now_ms=NOW)
    except InvalidOrder as error:
        return {each.field for each in error.errors}
    return set()


@pytest.mark.parametrize(("quantity", "wrong"), [(99, True), (100, False), (10_000, False), (10_001, True), (0, True)])
def test_the_quantity_lies_within_the_assets_range(quantity, wrong):
    assert fields(replace(MARKET, quantity=quantity)) == ({"quantity"} if wrong else set())


@pytest.mark.parametrize(
    ("price", "wrong"), [(0, True), (1, False), (10**6 * 10**PRICE_SCALE, False), (10**14 + 1, True), (None, True)]
)
def test_a_limit_price_is_there_positive_and_at_most_a_million(price, wrong):
    assert fields(replace(LIMIT, limit_price=price)) == ({"price"} if wrong else set())


@pytest.mark.parametrize(
    ("expires_ms", "wrong"),
    [(NOW, True), (NOW - 1, True), (NOW + 1, False), (NOW + LONGEST_GTD_MS, False), (NOW + LONGEST_GTD_MS + 1, True)],
)
def test_an_order_ends_in_the_future_within_a_year(expires_ms, wrong):
    ticket = replace(LIMIT, time_in_force=TimeInForce.GTD, expires_ms=expires_ms)
    assert fields(ticket) == ({"expires_at"} if wrong else set())


@pytest.mark.parametrize("time_in_force", [TimeInForce.GTC, TimeInForce.IOC])
def test_only_gtd_has_an_end(time_in_force):
    assert fields(replace(LIMIT, time_in_force=time_in_force, expires_ms=NOW + 1)) == {"expires_at"}


def test_what_belongs_to_limit_orders_is_refused_on_market_orders():
    ticket = replace(MARKET, limit_price=1, time_in_force=TimeInForce.GTD, expires_ms=NOW + 1)
    assert fields(ticket) == {"price", "time_in_force", "expires_at"}


def test_a_slippage_bound_needs_its_reference_and_a_market_order():
    assert fields(replace(MARKET, max_slippage_basis_points=1)) == {"reference_price"}
    assert fields(replace(MARKET, reference_price=1)) == {"reference_price"}
    assert fields(replace(MARKET, reference_price=0, max_slippage_basis_points=1)) == {"reference_price"}
    assert fields(replace(MARKET, reference_price=1, max_slippage_basis_points=10_001)) == {"max_slippage_bps"}
    assert fields(replace(MARKET, reference_price=1, max_slippage_basis_points=0)) == set()
    assert fields(replace(LIMIT, reference_price=1, max_slippage_basis_points=1)) == {"max_slippage_bps"}


def test_the_range_is_named_as_a_person_would_write_it():
    with pytest.raises(InvalidOrder) as raised:
        check(replace(MARKET, quantity=1), quantities=RANGE, now_ms=NOW)
    assert raised.value.errors[0].message == "the quantity must be from 1.00 to 100.00"
