from hypothesis import given
from hypothesis import strategies as st

from cnop_ledger import USD, Holding, Wallet
from cnop_orders.domain.portfolio import value_wallet

AMOUNT = st.integers(0, 10**15)
PRICE = st.integers(1, 10**14)


def holding(posted, *, held=0, scale=8, average_cost=0):
    return Holding(posted, held, scale, average_cost, 0, 0)


@given(cash=AMOUNT, holdings=st.dictionaries(st.sampled_from("ABCDEF"), st.tuples(AMOUNT, st.one_of(st.none(), PRICE))))
def test_totals_are_the_sums_of_what_is_shown(cash, holdings):
    wallet = Wallet("usr_1", {USD: holding(cash, scale=2), **{name: holding(n) for name, (n, _) in holdings.items()}})
    prices = {name: price for name, (_, price) in holdings.items() if price is not None}
    valued = value_wallet(wallet, prices)
    assert valued.asset_value == sum(position.value or 0 for position in valued.positions)
    assert valued.total == cash + valued.asset_value
    assert {position.asset_id for position in valued.positions} == {name for name, (n, _) in holdings.items() if n}
    for position in valued.positions:
        assert (position.value is None) == (position.asset_id not in prices)
    shares = [position.share for position in valued.positions if position.share is not None]
    if valued.asset_value:
        assert abs(sum(shares) - 10_000) <= len(shares)


def test_a_value_rounds_down_and_a_gain_counts_from_average_cost():
    wallet = Wallet("usr_1", {"A": holding(3 * 10**8, held=10**8, average_cost=2 * 10**8)})
    (position,) = value_wallet(wallet, {"A": 133333333}).positions
    assert (position.value, position.unrealized_pnl, position.share) == (399, -201, 10_000)


def test_worthless_assets_have_a_share_of_nothing():
    wallet = Wallet("usr_1", {"A": holding(1)})
    (position,) = value_wallet(wallet, {"A": 1}).positions
    assert (position.value, position.share) == (0, 0)
