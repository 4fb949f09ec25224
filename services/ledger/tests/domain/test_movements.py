"""Each way a wallet may change: what moves, what is held, and what is refused."""

from dataclasses import replace

import pytest

from cnop_core.ids import AssetId, OrderId, TransactionId, UserId
from cnop_core.money import InvalidAmount
from cnop_ledger import (
    USD,
    Account,
    Amount,
    Balance,
    DailyCaps,
    DailyLimit,
    InsufficientAsset,
    InsufficientFunds,
    InvariantViolated,
    Kind,
    Origin,
    Posting,
    Side,
    Stamp,
    Wallet,
    amend_hold,
    deposit,
    fill,
    hold_for,
    place_hold,
    price_trade,
    record,
    release_hold,
    withdraw,
)
from cnop_ledger.domain.wallet import advance

BTC, ETH = AssetId("BTC"), AssetId("ETH")
ORDER = OrderId("ord_1")
NOON = 1_769_860_800_000
DAY = 86_400_000
CAPS = DailyCaps()


def stamp(at_ms=NOON):
    return Stamp(TransactionId("txn_1"), Origin("usr_1", "192.0.2.1", "req_1"), at_ms)


def funded(cents=100_000, at_ms=NOON):
    return deposit(Wallet(UserId("usr_1")), amount=cents, caps=CAPS, stamp=stamp(at_ms)).wallet


def trade(side=Side.BUY, quantity=10**8, price=100 * 10**8, fee=100, asset_id=BTC):
    return price_trade(side=side, asset_id=asset_id, scale=8, quantity=quantity, price=price, fee_basis_points=fee)


def bought(wallet, **terms):
    return fill(wallet, trade=trade(**terms), order_id=ORDER, stamp=stamp()).wallet


def test_a_deposit_comes_from_outside():
    change = deposit(Wallet(UserId("usr_1")), amount=500, caps=CAPS, stamp=stamp())
    assert change.entry.postings == (Posting(Account.USER, USD, 500), Posting(Account.EXTERNAL, USD, -500))
    assert change.entry.after == {USD: Balance(500, 0)}
    assert (change.wallet.cash.posted, change.wallet.seq, change.entry.kind) == (500, 1, Kind.DEPOSIT)


def test_a_withdrawal_goes_outside():
    change = withdraw(funded(500), amount=200, caps=CAPS, stamp=stamp())
    assert change.entry.postings == (Posting(Account.USER, USD, -200), Posting(Account.EXTERNAL, USD, 200))
    assert change.wallet.cash.posted == 300


@pytest.mark.parametrize("amount", [0, -1])
@pytest.mark.parametrize("move", [deposit, withdraw])
def test_an_amount_is_positive(move, amount):
    with pytest.raises(InvalidAmount):
        move(funded(), amount=amount, caps=CAPS, stamp=stamp())


def test_a_withdrawal_beyond_the_balance_is_refused():
    with pytest.raises(InsufficientFunds, match=r"5\.00 USD is available"):
        withdraw(funded(500), amount=501, caps=CAPS, stamp=stamp())


def test_a_withdrawal_cannot_touch_what_is_held():
    held = place_hold(funded(500), hold=Amount(USD, 400), order_id=ORDER, stamp=stamp()).wallet
    with pytest.raises(InsufficientFunds):
        withdraw(held, amount=101, caps=CAPS, stamp=stamp())
    assert withdraw(held, amount=100, caps=CAPS, stamp=stamp()).wallet.cash == replace(
        held.cash, posted=400, updated_ms=NOON
    )


def test_deposits_are_capped_per_utc_day():
    wallet = deposit(funded(900_000), amount=100_000, caps=CAPS, stamp=stamp()).wallet
    with pytest.raises(DailyLimit, match=r"10000\.00 USD"):
        deposit(wallet, amount=1, caps=CAPS, stamp=stamp())
    midnight = (NOON // DAY + 1) * DAY
    with pytest.raises(DailyLimit):
        deposit(wallet, amount=1, caps=CAPS, stamp=stamp(midnight - 1))
    assert deposit(wallet, amount=1_000_000, caps=CAPS, stamp=stamp(midnight)).wallet.today.deposited == 1_000_000


def test_withdrawals_are_capped_per_utc_day_by_themselves():
    wallet = withdraw(funded(1_000_000), amount=500_000, caps=CAPS, stamp=stamp()).wallet
    with pytest.raises(DailyLimit):
        withdraw(wallet, amount=1, caps=CAPS, stamp=stamp())
    assert withdraw(wallet, amount=1, caps=CAPS, stamp=stamp(NOON + DAY)).wallet.today.withdrawn == 1


def test_a_clock_that_falls_back_over_midnight_gives_no_second_allowance():
    wallet = funded(1_000_000, at_ms=NOON + DAY)
    with pytest.raises(DailyLimit):
        deposit(wallet, amount=1, caps=CAPS, stamp=stamp(NOON))


def test_a_buy_pays_the_market_and_the_fee():
    change = fill(funded(), trade=trade(), order_id=ORDER, stamp=stamp())
    assert change.entry.postings == (
        Posting(Account.USER, BTC, 10**8),
        Posting(Account.MARKET, BTC, -(10**8)),
        Posting(Account.USER, USD, -101_00),
        Posting(Account.MARKET, USD, 100_00),
        Posting(Account.FEES, USD, 1_00),
    )
    assert (change.entry.kind, change.entry.order_id, change.entry.realized_pnl) == (Kind.BUY, ORDER, None)


def test_a_buy_without_a_fee_has_no_fee_posting():
    change = fill(funded(), trade=trade(fee=0), order_id=ORDER, stamp=stamp())
    assert Account.FEES not in {posting.account for posting in change.entry.postings}


def test_a_buy_beyond_the_cash_including_its_fee_is_refused():
    assert bought(funded(101_00)).cash.posted == 0
    with pytest.raises(InsufficientFunds):
        fill(funded(100_99), trade=trade(), order_id=ORDER, stamp=stamp())


def test_selling_what_one_does_not_own_is_refused():
    with pytest.raises(InsufficientAsset, match=r"1\.00000000 BTC is available"):
        fill(bought(funded()), trade=trade(Side.SELL, quantity=10**8 + 1), order_id=ORDER, stamp=stamp())
    with pytest.raises(InsufficientAsset):
        fill(funded(), trade=trade(Side.SELL), order_id=ORDER, stamp=stamp())


def test_average_cost_is_weighted_and_includes_fees():
    wallet = bought(bought(funded()), price=300 * 10**8)
    assert wallet.holdings[BTC].average_cost == 202 * 10**8


def test_a_sale_keeps_the_average_and_states_its_gain_after_fees():
    change = fill(
        bought(funded()), trade=trade(Side.SELL, quantity=5 * 10**7, price=400 * 10**8), order_id=ORDER, stamp=stamp()
    )
    assert change.wallet.holdings[BTC].average_cost == 101 * 10**8
    assert change.entry.realized_pnl == 200_00 - 2_00 - 50_50


def test_a_sale_below_cost_states_a_loss():
    change = fill(bought(funded()), trade=trade(Side.SELL, price=10**8), order_id=ORDER, stamp=stamp())
    assert change.entry.realized_pnl == 1_00 - 1 - 101_00


def test_selling_everything_forgets_the_average_cost():
    wallet = fill(bought(funded()), trade=trade(Side.SELL), order_id=ORDER, stamp=stamp()).wallet
    assert (wallet.holdings[BTC].posted, wallet.holdings[BTC].average_cost) == (0, 0)


def test_a_resting_buy_holds_cash_with_its_fee_and_a_resting_sell_the_asset():
    assert hold_for(trade()) == Amount(USD, 101_00)
    assert hold_for(trade(Side.SELL)) == Amount(BTC, 10**8)


def test_a_hold_moves_nothing_but_makes_it_unavailable():
    change = place_hold(funded(), hold=Amount(USD, 400_00), order_id=ORDER, stamp=stamp())
    assert change.entry.postings == ()
    assert change.entry.holds == (Amount(USD, 400_00),)
    assert (change.wallet.cash.posted, change.wallet.cash.available, change.wallet.open_orders) == (1000_00, 600_00, 1)


def test_a_hold_beyond_what_is_available_is_refused():
    with pytest.raises(InsufficientFunds):
        place_hold(funded(), hold=Amount(USD, 1000_01), order_id=ORDER, stamp=stamp())
    with pytest.raises(InsufficientAsset):
        place_hold(bought(funded()), hold=Amount(BTC, 10**8 + 1), order_id=ORDER, stamp=stamp())


def test_a_release_frees_the_hold_and_closes_the_order():
    held = place_hold(funded(), hold=Amount(USD, 400_00), order_id=ORDER, stamp=stamp()).wallet
    wallet = release_hold(held, held=Amount(USD, 400_00), order_id=ORDER, stamp=stamp()).wallet
    assert (wallet.cash.available, wallet.open_orders) == (1000_00, 0)


def test_releasing_more_than_is_held_is_a_defect():
    held = place_hold(funded(), hold=Amount(USD, 400_00), order_id=ORDER, stamp=stamp()).wallet
    with pytest.raises(InvariantViolated):
        release_hold(held, held=Amount(USD, 400_01), order_id=ORDER, stamp=stamp())


@pytest.mark.parametrize("units", [100_00, 400_00, 1000_00])
def test_an_amended_hold_replaces_the_old_one(units):
    held = place_hold(funded(), hold=Amount(USD, 400_00), order_id=ORDER, stamp=stamp()).wallet
    change = amend_hold(held, held=Amount(USD, 400_00), hold=Amount(USD, units), order_id=ORDER, stamp=stamp())
    assert (change.wallet.cash.held, change.wallet.open_orders, change.entry.kind) == (units, 1, Kind.AMEND)


def test_an_amended_hold_beyond_what_is_available_is_refused():
    held = place_hold(funded(), hold=Amount(USD, 400_00), order_id=ORDER, stamp=stamp()).wallet
    with pytest.raises(InsufficientFunds):
        amend_hold(held, held=Amount(USD, 400_00), hold=Amount(USD, 1000_01), order_id=ORDER, stamp=stamp())


def test_a_hold_cannot_become_one_of_another_asset():
    held = place_hold(funded(), hold=Amount(USD, 400_00), order_id=ORDER, stamp=stamp()).wallet
    with pytest.raises(InvariantViolated):
        amend_hold(held, held=Amount(USD, 400_00), hold=Amount(BTC, 1), order_id=ORDER, stamp=stamp())


def test_a_fill_from_a_hold_releases_all_of_it_and_pays_the_better_price():
    held = place_hold(funded(101_00), hold=hold_for(trade()), order_id=ORDER, stamp=stamp()).wallet
    cheaper = trade(price=90 * 10**8)
    wallet = fill(held, trade=cheaper, order_id=ORDER, stamp=stamp(), held=hold_for(trade())).wallet
    assert (wallet.cash.posted, wallet.cash.held, wallet.open_orders) == (101_00 - 90_90, 0, 0)


def test_a_fill_from_a_hold_cannot_use_what_other_orders_hold():
    wallet = place_hold(funded(202_00), hold=hold_for(trade()), order_id=ORDER, stamp=stamp()).wallet
    wallet = place_hold(wallet, hold=hold_for(trade()), order_id=OrderId("ord_2"), stamp=stamp()).wallet
    dearer = trade(price=101 * 10**8)
    with pytest.raises(InsufficientFunds):
        fill(wallet, trade=dearer, order_id=ORDER, stamp=stamp(), held=hold_for(trade()))


def test_a_sale_from_a_hold_takes_the_asset_that_was_held():
    sale = trade(Side.SELL)
    held = place_hold(bought(funded()), hold=hold_for(sale), order_id=ORDER, stamp=stamp()).wallet
    wallet = fill(held, trade=sale, order_id=ORDER, stamp=stamp(), held=hold_for(sale)).wallet
    assert wallet.holdings[BTC].balance == Balance(0, 0)


def test_a_record_moves_nothing_and_still_counts():
    before = funded()
    change = record(before, order_id=ORDER, stamp=stamp())
    assert (change.entry.postings, change.entry.holds, change.entry.after) == ((), (), {})
    assert (change.wallet.holdings, change.wallet.seq) == (before.holdings, before.seq + 1)


def test_entries_are_counted_by_kind():
    wallet = bought(bought(funded()))
    assert wallet.counts == {Kind.DEPOSIT: 1, Kind.BUY: 2}


def test_an_unbalanced_entry_is_never_applied():
    entry = deposit(Wallet(UserId("usr_1")), amount=500, caps=CAPS, stamp=stamp()).entry
    crooked = replace(entry, postings=(Posting(Account.USER, USD, 501), Posting(Account.EXTERNAL, USD, -500)))
    with pytest.raises(InvariantViolated, match="sum to zero"):
        advance(Wallet(UserId("usr_1")), crooked)


@pytest.mark.parametrize("change", [{"seq": 2}, {"user_id": UserId("usr_2")}])
def test_an_entry_that_does_not_follow_is_never_applied(change):
    entry = deposit(Wallet(UserId("usr_1")), amount=500, caps=CAPS, stamp=stamp()).entry
    with pytest.raises(InvariantViolated, match="follow"):
        advance(Wallet(UserId("usr_1")), replace(entry, **change))


def test_an_entry_that_overdraws_is_never_applied():
    entry = withdraw(funded(500), amount=500, caps=CAPS, stamp=stamp()).entry
    with pytest.raises(InvariantViolated, match="posted >= held"):
        advance(funded(499), entry)


def test_an_order_that_never_rested_cannot_end():
    held = place_hold(funded(500), hold=Amount(USD, 400), order_id=ORDER, stamp=stamp()).wallet
    with pytest.raises(InvariantViolated, match="open"):
        release_hold(replace(held, open_orders=0), held=Amount(USD, 400), order_id=ORDER, stamp=stamp())


def test_the_scale_of_an_asset_never_changes():
    other = price_trade(side=Side.BUY, asset_id=BTC, scale=7, quantity=1, price=10**8)
    with pytest.raises(InvariantViolated, match="scale"):
        fill(bought(funded()), trade=other, order_id=ORDER, stamp=stamp())


def test_wallets_without_activity_hold_nothing():
    wallet = Wallet(UserId("usr_1"))
    assert (wallet.cash.posted, wallet.cash.scale, wallet.holding(ETH).available, wallet.updated_at) == (0, 2, 0, None)
