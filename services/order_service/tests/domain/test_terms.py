import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnop_ledger import Side
from cnop_orders.domain.errors import OrderLimit, OrderValueLimit, PriceMoved
from cnop_orders.domain.terms import Terms, require_room, require_value_within, require_within_slippage
from cnop_orders.domain.ticket import Slippage


def moved(reference, basis_points, side, price):
    try:
        require_within_slippage(Slippage(reference, basis_points), side=side, price=price)
    except PriceMoved:
        return True
    return False


@pytest.mark.parametrize(
    ("side", "price", "refused"),
    [
        (Side.BUY, 10_100, False),
        (Side.BUY, 10_101, True),
        (Side.BUY, 1, False),
        (Side.SELL, 9_900, False),
        (Side.SELL, 9_899, True),
        (Side.SELL, 10**9, False),
    ],
)
def test_a_worse_price_is_refused_and_a_better_one_never(side, price, refused):
    assert moved(10_000, 100, side, price) == refused


@given(reference=st.integers(1, 10**15), price=st.integers(1, 10**15), basis_points=st.integers(0, 10_000))
def test_the_bound_is_exact_for_both_sides(reference, price, basis_points):
    assert moved(reference, basis_points, Side.BUY, price) == (price * 10_000 > reference * (10_000 + basis_points))
    assert moved(reference, basis_points, Side.SELL, price) == (price * 10_000 < reference * (10_000 - basis_points))


def test_without_a_bound_any_price_is_fine():
    require_within_slippage(None, side=Side.BUY, price=10**15)


def test_limits_hold_at_their_edge():
    terms = Terms(highest_value=100, open_orders=2)
    require_value_within(terms, 100)
    require_room(terms, 1)
    with pytest.raises(OrderValueLimit, match=r"1\.00 USD"):
        require_value_within(terms, 101)
    with pytest.raises(OrderLimit):
        require_room(terms, 2)
