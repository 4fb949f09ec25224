import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnop_core.ids import AssetId
from cnop_core.money import PRICE_SCALE
from cnop_inventory.domain.simulation import LEVELS, SimulatedMarket

BTC = AssetId("BTC")
USD = 10**PRICE_SCALE
START = 1_769_860_800
SECONDS = st.integers(0, 4_000_000_000)
SEEDS = st.integers(0, 2**64 - 1)


@given(seed=SEEDS, second=SECONDS)
def test_bitcoin_stays_between_30000_and_90000(seed, second):
    assert 30_000 * USD <= SimulatedMarket(seed=seed).price(BTC, second=second) <= 90_000 * USD


@given(seed=SEEDS, second=SECONDS, asset_id=st.sampled_from([*LEVELS, AssetId("NEW"), AssetId("X1")]))
def test_every_price_is_positive_and_on_its_tick(seed, second, asset_id):
    price = SimulatedMarket(seed=seed).price(asset_id, second=second)
    assert price > 0
    if asset_id in LEVELS:
        assert price % LEVELS[asset_id].tick == 0


@settings(max_examples=20)
@given(seed=SEEDS, second=SECONDS)
def test_two_markets_of_one_seed_agree_in_whatever_order_they_are_asked(seed, second):
    forward, backward = SimulatedMarket(seed=seed), SimulatedMarket(seed=seed)
    seconds = [second, second + 1, second + 60, second + 86_400]
    expected = [forward.price(BTC, second=each) for each in seconds]
    assert [backward.price(BTC, second=each) for each in reversed(seconds)] == expected[::-1]


def test_another_seed_is_another_market():
    prices = {SimulatedMarket(seed=seed).price(BTC, second=START) for seed in range(20)}
    assert len(prices) == 20


@settings(max_examples=20)
@given(seed=SEEDS, second=SECONDS)
def test_from_one_second_to_the_next_a_price_moves_little(seed, second):
    market = SimulatedMarket(seed=seed)
    before, after = market.price(BTC, second=second), market.price(BTC, second=second + 1)
    assert abs(after - before) * 1_000 < before


def test_prices_move():
    market = SimulatedMarket(seed=1)
    assert len({market.price(BTC, second=START + second) for second in range(60)}) > 50


@pytest.mark.parametrize("asset_id", LEVELS)
def test_over_months_a_price_comes_back_to_its_level(asset_id):
    market, level = SimulatedMarket(seed=7), LEVELS[asset_id]
    days = [market.price(asset_id, second=START + day * 86_400, finest_seconds=3600) for day in range(0, 1500, 3)]
    mean = sum(days) // len(days)
    assert abs(mean - level.price) * 100 < level.price * 20
    assert min(days) < level.price < max(days)


def test_a_coarse_look_at_the_past_is_close_to_the_exact_one():
    market = SimulatedMarket(seed=3)
    exact, coarse = market.price(BTC, second=START), market.price(BTC, second=START, finest_seconds=3600)
    assert abs(exact - coarse) * 100 < exact * 2
