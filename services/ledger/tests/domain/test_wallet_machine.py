"""Random lives of a wallet beside a model that knows nothing of postings, entries or averages."""

from fractions import Fraction

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cnop_core.errors import InvalidInput
from cnop_core.ids import AssetId, OrderId, TransactionId, UserId
from cnop_ledger import (
    USD,
    DailyCaps,
    Kind,
    Origin,
    Side,
    Stamp,
    TotalTooSmall,
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

USER = UserId("usr_1")
SCALES = {AssetId("BTC"): 8, AssetId("DOGE"): 2, AssetId("UNIT"): 0}
CAPS = DailyCaps(deposits=10_000_00, withdrawals=5_000_00)
CENTS = st.integers(1, 6_000_00)
ASSETS = st.sampled_from(sorted(SCALES))
QUANTITIES = st.integers(1, 10**9)
PRICES = st.integers(1, 10**12)
FEES = st.sampled_from([0, 1, 25, 10_000])


class WalletMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.wallet = Wallet(USER)
        self.entries = []
        self.now = 1_769_860_800_000
        self.posted = dict.fromkeys([USD, *SCALES], 0)
        self.spent = dict.fromkeys(SCALES, Fraction(0))
        self.orders = {}
        self.moved_today = {Kind.DEPOSIT: 0, Kind.WITHDRAWAL: 0}

    @initialize(amount=CENTS)
    def start_with_cash(self, amount):
        self.bring_in(amount)

    @rule(amount=CENTS)
    def bring_in(self, amount):
        fits = self.moved_today[Kind.DEPOSIT] + amount <= CAPS.deposits
        if self.apply(fits, lambda stamp: deposit(self.wallet, amount=amount, caps=CAPS, stamp=stamp)):
            self.posted[USD] += amount
            self.moved_today[Kind.DEPOSIT] += amount

    @rule(amount=CENTS)
    def take_out(self, amount):
        fits = self.moved_today[Kind.WITHDRAWAL] + amount <= CAPS.withdrawals and amount <= self.free(USD)
        if self.apply(fits, lambda stamp: withdraw(self.wallet, amount=amount, caps=CAPS, stamp=stamp)):
            self.posted[USD] -= amount
            self.moved_today[Kind.WITHDRAWAL] += amount

    @rule(side=st.sampled_from(Side), asset_id=ASSETS, quantity=QUANTITIES, price=PRICES, fee=FEES)
    def trade(self, side, asset_id, quantity, price, fee):
        trade = self.priced(side, asset_id, quantity, price, fee)
        if trade is None:
            return
        fits = trade.cash <= self.free(USD) if side is Side.BUY else quantity <= self.free(asset_id)
        if self.apply(fits, lambda stamp: fill(self.wallet, trade=trade, order_id=OrderId("ord"), stamp=stamp)):
            self.exchange(trade)

    @rule(side=st.sampled_from(Side), asset_id=ASSETS, quantity=QUANTITIES, price=PRICES, fee=FEES)
    def rest(self, side, asset_id, quantity, price, fee):
        trade = self.priced(side, asset_id, quantity, price, fee)
        if trade is None:
            return
        order_id, hold = OrderId(f"ord_{len(self.entries)}"), hold_for(trade)
        fits = hold.units <= self.free(hold.asset_id)
        if self.apply(fits, lambda stamp: place_hold(self.wallet, hold=hold, order_id=order_id, stamp=stamp)):
            self.orders[order_id] = (trade, fee, hold)

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def release(self, data):
        order_id = data.draw(st.sampled_from(sorted(self.orders)))
        _, _, hold = self.orders.pop(order_id)
        assert self.apply(True, lambda stamp: release_hold(self.wallet, held=hold, order_id=order_id, stamp=stamp))

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), quantity=QUANTITIES, price=PRICES)
    def amend(self, data, quantity, price):
        order_id = data.draw(st.sampled_from(sorted(self.orders)))
        old, fee, held = self.orders[order_id]
        trade = self.priced(old.side, old.asset_id, quantity, price, fee)
        if trade is None:
            return
        hold = hold_for(trade)
        fits = hold.units <= self.free(hold.asset_id) + held.units
        if self.apply(
            fits, lambda stamp: amend_hold(self.wallet, held=held, hold=hold, order_id=order_id, stamp=stamp)
        ):
            self.orders[order_id] = (trade, fee, hold)

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def cross(self, data):
        order_id = data.draw(st.sampled_from(sorted(self.orders)))
        limit, fee, held = self.orders[order_id]
        better = data.draw(st.integers(1, limit.price) if limit.side is Side.BUY else st.integers(limit.price, 10**12))
        trade = self.priced(limit.side, limit.asset_id, limit.quantity, better, fee)
        if trade is None:
            return
        assert self.apply(True, lambda stamp: fill(self.wallet, trade=trade, order_id=order_id, stamp=stamp, held=held))
        del self.orders[order_id]
        self.exchange(trade)

    @rule()
    def note(self):
        assert self.apply(True, lambda stamp: record(self.wallet, order_id=OrderId("ord"), stamp=stamp))

    @rule()
    def midnight(self):
        self.now = (self.now // 86_400_000 + 1) * 86_400_000
        self.moved_today = dict.fromkeys(self.moved_today, 0)

    @invariant()
    def postings_sum_to_zero(self):
        assert all(not entry.imbalance() for entry in self.entries)

    @invariant()
    def posted_covers_held_which_is_not_negative(self):
        assert all(holding.posted >= holding.held >= 0 for holding in self.wallet.holdings.values())

    @invariant()
    def the_wallet_is_the_sum_of_its_entries(self):
        replayed = Wallet(USER)
        for entry in self.entries:
            replayed = advance(replayed, entry)
        assert replayed == self.wallet
        for asset_id, posted in self.posted.items():
            assert sum(entry.posted_to_user(asset_id) for entry in self.entries) == posted
            assert self.wallet.holding(asset_id).posted == posted

    @invariant()
    def there_is_no_gap_in_seq(self):
        assert [entry.seq for entry in self.entries] == list(range(1, self.wallet.seq + 1))

    @invariant()
    def holds_are_the_sum_of_open_orders(self):
        for asset_id in self.posted:
            assert self.wallet.holding(asset_id).held == self.held(asset_id)
        assert self.wallet.open_orders == len(self.orders)

    @invariant()
    def average_cost_is_what_was_spent_per_unit_that_is_left(self):
        for asset_id, spent in self.spent.items():
            holding = self.wallet.holding(asset_id)
            if holding.posted:
                exact = spent / holding.posted * 10 ** (SCALES[asset_id] + 6)
                assert abs(holding.average_cost - exact) <= len(self.entries)

    def apply(self, fits, move):
        stamp = Stamp(TransactionId(f"txn_{len(self.entries)}"), Origin("usr_1", "192.0.2.1", "req_1"), self.now)
        if not fits:
            before = self.wallet
            with pytest.raises(InvalidInput):
                move(stamp)
            assert self.wallet == before
            return False
        change = move(stamp)
        assert change.entry.after == {
            asset_id: change.wallet.holdings[asset_id].balance for asset_id in change.entry.changes()
        }
        self.wallet = change.wallet
        self.entries.append(change.entry)
        return True

    def exchange(self, trade):
        asset_id, before = trade.asset_id, self.posted[trade.asset_id]
        if trade.side is Side.BUY:
            self.posted[asset_id] += trade.quantity
            self.posted[USD] -= trade.cash
            self.spent[asset_id] += trade.cash
        else:
            self.posted[asset_id] -= trade.quantity
            self.posted[USD] += trade.cash
            self.spent[asset_id] *= Fraction(before - trade.quantity, before)

    def priced(self, side, asset_id, quantity, price, fee):
        try:
            return price_trade(
                side=side,
                asset_id=asset_id,
                scale=SCALES[asset_id],
                quantity=quantity,
                price=price,
                fee_basis_points=fee,
            )
        except TotalTooSmall:
            return None

    def held(self, asset_id):
        return sum(hold.units for _, _, hold in self.orders.values() if hold.asset_id == asset_id)

    def free(self, asset_id):
        return self.posted[asset_id] - self.held(asset_id)


TestWallet = WalletMachine.TestCase
TestWallet.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
