import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cnop_core.money import PRICE_SCALE
from cnop_ledger import TotalTooSmall
from cnop_orders.domain.errors import OrderClosed
from cnop_orders.domain.order import Order, OrderType, TimeInForce

PRICE = st.integers(1, 10**14)
QUANTITY = st.integers(1, 10**11)
FEE = st.integers(0, 1_000)
LIMIT_TYPES = st.sampled_from([OrderType.LIMIT_BUY, OrderType.LIMIT_SELL])


def order(order_type=OrderType.LIMIT_BUY, **changes):
    values = {
        "order_id": "ord_1",
        "order_type": order_type,
        "asset_id": "BTC",
        "scale": 8,
        "quantity": 10**8,
        "created_ms": 0,
        "updated_ms": 0,
        "limit_price": 100 * 10**PRICE_SCALE,
        "time_in_force": TimeInForce.GTC,
        **changes,
    }
    return Order(**values)


@given(limit=PRICE, price=PRICE)
def test_a_buy_crosses_at_its_limit_or_below_and_a_sell_at_its_limit_or_above(limit, price):
    assert order(limit_price=limit).crosses(price) == (price <= limit)
    assert order(OrderType.LIMIT_SELL, limit_price=limit).crosses(price) == (price >= limit)
    assert order(OrderType.MARKET_BUY, limit_price=None).crosses(price)


@given(limit=PRICE, price=PRICE, quantity=QUANTITY, fee=FEE, order_type=LIMIT_TYPES)
def test_what_rests_is_always_enough_to_fill_at_any_crossing_price(limit, price, quantity, fee, order_type):
    resting = order(order_type, limit_price=limit, quantity=quantity, fee_basis_points=fee)
    assume(resting.crosses(price))
    try:
        hold, trade = resting.hold, resting.trade_at(price)
    except TotalTooSmall:
        return
    needed = trade.cash if order_type is OrderType.LIMIT_BUY else trade.quantity
    assert hold.units >= needed
    assert hold.asset_id == ("USD" if order_type is OrderType.LIMIT_BUY else "BTC")


def test_a_market_order_holds_nothing():
    with pytest.raises(ValueError, match="never rests"):
        _ = order(OrderType.MARKET_BUY, limit_price=None).hold


def test_time_is_over_from_the_very_millisecond_on():
    ending = order(expires_ms=1_000, time_in_force=TimeInForce.GTD)
    assert [ending.is_past_expiry(at_ms) for at_ms in (999, 1_000, 1_001)] == [False, True, True]
    assert not order().is_past_expiry(10**15)


def test_a_filled_order_says_at_what_price_and_when():
    filled = order().filled(order().trade_at(90 * 10**PRICE_SCALE), at_ms=7)
    assert (filled.status.value, filled.executed_price, filled.total, filled.fee) == (
        "completed",
        90 * 10**PRICE_SCALE,
        9_000,
        0,
    )
    assert (filled.updated_ms, filled.completed_ms, filled.is_open) == (7, 7, False)


def test_a_closed_order_stays_as_it_is():
    trade = order().trade_at(10**PRICE_SCALE)
    for closed in (order().filled(trade, at_ms=1), order().cancelled(at_ms=1), order().expired(at_ms=1)):
        for act in (
            lambda each: each.filled(trade, at_ms=2),
            lambda each: each.cancelled(at_ms=2),
            lambda each: each.expired(at_ms=2),
            lambda each: each.replaced(quantity=1, limit_price=1, at_ms=2),
        ):
            with pytest.raises(OrderClosed):
                act(closed)
