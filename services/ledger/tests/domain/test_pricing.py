"""Rounding is never in the trader's favour, and average cost is exact to 8 decimals."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnop_core.ids import AssetId
from cnop_ledger import USD, Side, TotalTooSmall, price_trade
from cnop_ledger.domain.pricing import cost_basis, merged_average

BTC = AssetId("BTC")
QUANTITIES = st.integers(1, 10**13)
PRICES = st.integers(1, 10**14)
SCALES = st.integers(0, 8)


def exact_total(quantity, price, scale):
    return Decimal(quantity).scaleb(-scale) * Decimal(price).scaleb(-8)


@given(quantity=QUANTITIES, price=PRICES, scale=SCALES, fee=st.integers(0, 10_000))
def test_buys_and_fees_round_up_to_the_cent(quantity, price, scale, fee):
    trade = price_trade(side=Side.BUY, asset_id=BTC, scale=scale, quantity=quantity, price=price, fee_basis_points=fee)
    total = exact_total(quantity, price, scale).quantize(Decimal("0.01"), ROUND_CEILING)
    assert Decimal(trade.total).scaleb(-2) == total
    assert Decimal(trade.fee) == (Decimal(trade.total) * fee / 10_000).to_integral_value(ROUND_CEILING)
    assert trade.cash == trade.total + trade.fee


@given(quantity=QUANTITIES, price=PRICES, scale=SCALES, fee=st.integers(0, 10_000))
def test_sells_round_down_to_the_cent_and_never_cost_the_seller(quantity, price, scale, fee):
    total = exact_total(quantity, price, scale).quantize(Decimal("0.01"), ROUND_FLOOR)
    if total == 0:
        with pytest.raises(TotalTooSmall):
            price_trade(side=Side.SELL, asset_id=BTC, scale=scale, quantity=quantity, price=price)
        return
    trade = price_trade(side=Side.SELL, asset_id=BTC, scale=scale, quantity=quantity, price=price, fee_basis_points=fee)
    assert Decimal(trade.total).scaleb(-2) == total
    assert trade.cash == trade.total - trade.fee >= 0


@pytest.mark.parametrize(
    "terms",
    [
        {"quantity": 0, "price": 1},
        {"quantity": 1, "price": 0},
        {"quantity": -1, "price": 1},
        {"quantity": 1, "price": 1, "fee_basis_points": 10_001},
        {"quantity": 1, "price": 1, "fee_basis_points": -1},
        {"quantity": 1, "price": 1, "asset_id": USD},
    ],
)
def test_terms_that_no_use_case_may_ask_for_are_a_defect(terms):
    with pytest.raises(ValueError, match="trade"):
        price_trade(**{"side": Side.BUY, "asset_id": BTC, "scale": 8, **terms})


@given(posted=st.integers(0, 10**13), average=PRICES, bought=QUANTITIES, cost=st.integers(0, 10**12), scale=SCALES)
def test_merging_a_purchase_gives_the_weighted_average_to_8_decimals(posted, average, bought, cost, scale):
    merged = merged_average(posted=posted, average_cost=average, bought=bought, cost=cost, scale=scale)
    whole = Decimal(10) ** scale
    exact = (Decimal(posted) / whole * Decimal(average).scaleb(-8) + Decimal(cost).scaleb(-2)) / (
        Decimal(posted + bought) / whole
    )
    assert abs(Decimal(merged).scaleb(-8) - exact) <= Decimal("0.5000001e-8")


@given(quantity=QUANTITIES, average=PRICES, scale=SCALES)
def test_cost_basis_is_the_nearest_cent(quantity, average, scale):
    basis = cost_basis(quantity=quantity, average_cost=average, scale=scale)
    assert abs(Decimal(basis).scaleb(-2) - exact_total(quantity, average, scale)) <= Decimal("0.005")
