"""Whatever breaks an invariant of a stored wallet is found, and the first broken entry named."""

import json
from dataclasses import replace

import pytest

from cnop_core.ids import OrderId, UserId
from cnop_ledger import (
    USD,
    Account,
    Amount,
    ChainKeys,
    Command,
    CorruptItem,
    Decision,
    Invariant,
    LedgerReader,
    OpenHolds,
    Posting,
    Response,
    Side,
    place_hold,
    verify,
)
from cnop_ledger.application.codec import put_entry, put_wallet, read_entry, read_wallet
from cnop_ledger.application.keys import answer_key, entry_key, entry_sk, idempotency_ref, wallet_key
from cnop_ledger.application.verify import _PAGE
from cnop_ledger.testing import BTC, KEYS, ORIGIN, deposit_command, market_command
from cnop_platform.store import Anything, Delete, Put


@pytest.fixture
async def traded(ledger, user):
    """Entry 1 a deposit, 2 a buy, 3 a sale, 4 a hold, 5 a deposit; each with an idempotency key."""

    def hold(seen):
        change = place_hold(seen.wallet, hold=Amount(USD, 1_23), order_id=OrderId("ord_3"), stamp=seen.stamp)
        return Decision(Response(201, "{}"), change)

    await ledger.execute(deposit_command(user, 1000_00, key="1"))
    await ledger.execute(market_command(user, OrderId("ord_1"), key="2"))
    await ledger.execute(market_command(user, OrderId("ord_2"), side=Side.SELL, quantity=50_000, key="3"))
    await ledger.execute(Command(user, ORIGIN, hold))
    await ledger.execute(deposit_command(user, 5_00, key="5"))


@pytest.fixture
def check(store, clock):
    async def run(keys=KEYS, **options):
        return [report async for report in verify(store, keys, clock=clock, **options)][-1]

    return run


@pytest.fixture
def finding(check):
    async def run(**options):
        report = await check(**options)
        assert not report.is_sound
        assert len(report.findings) == 1
        return report.findings[0].seq, report.findings[0].invariant

    return run


async def forge(store, user, seq, **changes):
    """Rewrite an entry and everything that must follow from it, as only a holder of the key could."""
    wallet = read_wallet(user, await store.get(wallet_key(user)), KEYS)
    entries = [read_entry(user, await store.get(entry_key(user, n)), KEYS) for n in range(1, wallet.seq + 1)]
    entries[seq - 1] = replace(entries[seq - 1], **changes)
    head = ""
    for entry in entries:
        sealed, put = put_entry(entry, KEYS, previous=head, ref=entry.idempotency_ref)
        head = sealed.mac
        await store.transact([replace(put, condition=Anything())])
    await store.transact([put_wallet(wallet, KEYS, head=head, condition=Anything())])


async def entry_of(store, user, seq):
    return read_entry(user, await store.get(entry_key(user, seq)), KEYS)


async def test_a_sound_store_is_sound(check, traded, user):
    report = await check()
    assert report.is_sound
    assert (report.wallets, report.found, report.entries) == (1, 1, 5)


async def test_an_empty_store_is_sound(check):
    assert (await check()).is_sound


async def test_accounts_are_the_sum_of_all_entries_and_balance_each_other(check, ledger, traded, user):
    await ledger.execute(deposit_command(UserId("usr_other"), 7_00))
    report = await check()
    assert report.accounts[Account.EXTERNAL, USD] == -1012_00
    assert report.accounts[Account.FEES, USD] == 7 + 3
    for asset_id in (USD, BTC):
        assert sum(units for (_, asset), units in report.accounts.items() if asset == asset_id) == 0


async def test_progress_is_reported_after_each_wallet(store, clock, ledger):
    for number in range(3):
        await ledger.execute(deposit_command(UserId(f"usr_{number}"), 1))
    progress = [(report.wallets, report.found) async for report in verify(store, KEYS, clock=clock)]
    assert progress == [(1, 3), (2, 3), (3, 3), (3, 3)]


async def test_more_entries_than_a_page_are_all_read(check, ledger, user):
    for _ in range(_PAGE + 1):
        await ledger.execute(deposit_command(user, 1))
    assert (await check()).entries == _PAGE + 1


async def test_the_chain_verifies_not_after_an_edit(store, finding, traded, user):
    item = await store.get(entry_key(user, 2))
    data = json.loads(item.body["data"])
    data["trade"][4] -= 1
    await store.transact([Put(item.key, {**item.body, "data": json.dumps(data)})])
    assert await finding() == (2, Invariant.CHAIN)


async def test_the_chain_verifies_not_when_an_entry_comes_from_another_wallet(store, ledger, finding, traded, user):
    await ledger.execute(deposit_command(UserId("usr_other"), 1000_00))
    stolen = await store.get(entry_key(UserId("usr_other"), 1))
    await store.transact([Put(entry_key(user, 1), stolen.body)])
    assert await finding() == (1, Invariant.CHAIN)


async def test_the_chain_verifies_not_when_an_entry_does_not_follow_its_predecessor(store, finding, traded, user):
    _, put = put_entry(await entry_of(store, user, 3), KEYS, previous="elsewhere", ref=None)
    await store.transact([replace(put, condition=Anything())])
    assert await finding() == (3, Invariant.CHAIN)


async def test_the_chain_verifies_not_under_another_key(check, traded):
    report = await check(keys=ChainKeys(bytes(32)))
    assert [finding.invariant for finding in report.findings] == [Invariant.CHAIN]


async def test_no_gap_in_seq_when_an_entry_was_deleted(store, finding, traded, user):
    await store.transact([Delete(entry_key(user, 3))])
    assert await finding() == (3, Invariant.NO_GAP)


async def test_no_gap_in_seq_when_the_last_entry_was_deleted(store, finding, traded, user):
    await store.transact([Delete(entry_key(user, 5))])
    assert await finding() == (5, Invariant.NO_GAP)


async def test_no_gap_in_seq_when_something_else_lies_between(store, finding, traded, user):
    await store.transact([Put(replace_sk(entry_key(user, 2), entry_sk(2) + "x"), {})])
    assert await finding() == (3, Invariant.NO_GAP)


async def test_the_wallet_is_the_sum_of_its_entries_or_it_is_found(store, finding, traded, user):
    wallet = read_wallet(user, await store.get(wallet_key(user)), KEYS)
    richer = replace(wallet, holdings={**wallet.holdings, USD: replace(wallet.cash, posted=wallet.cash.posted + 1)})
    await store.transact([put_wallet(richer, KEYS, head=wallet.head, condition=Anything())])
    assert await finding() == (None, Invariant.SUM_OF_ENTRIES)


@pytest.mark.parametrize("change", [{"open_orders": 2}, {"counts": {}}, {"created_ms": 1}, {"updated_ms": 1}])
async def test_every_part_of_the_wallet_is_compared(store, finding, traded, user, change):
    wallet = read_wallet(user, await store.get(wallet_key(user)), KEYS)
    await store.transact([put_wallet(replace(wallet, **change), KEYS, head=wallet.head, condition=Anything())])
    assert await finding() == (None, Invariant.SUM_OF_ENTRIES)


async def test_a_wallet_that_no_ledger_signed_is_found(store, finding, traded, user):
    item = await store.get(wallet_key(user))
    await store.transact([Put(item.key, {**item.body, "mac": "x" * 22})])
    assert await finding() == (None, Invariant.CHAIN)


async def test_a_broken_entry_tells_more_than_a_broken_wallet(store, finding, traded, user):
    item = await store.get(wallet_key(user))
    await store.transact([Put(item.key, {**item.body, "mac": "x" * 22}), Delete(entry_key(user, 2))])
    assert await finding() == (2, Invariant.NO_GAP)


async def test_a_wallet_put_back_to_an_earlier_state_is_found(store, ledger, finding, traded, user):
    earlier = await store.get(wallet_key(user))
    await ledger.execute(deposit_command(user, 1))
    await store.transact([Put(earlier.key, earlier.body)])
    assert await finding() == (6, Invariant.SUM_OF_ENTRIES)


async def test_a_deleted_wallet_is_found(store, finding, traded, user):
    await store.transact([Delete(wallet_key(user))])
    assert await finding() == (1, Invariant.SUM_OF_ENTRIES)


async def test_postings_sum_to_zero_or_it_is_found(store, finding, traded, user):
    postings = (Posting(Account.USER, USD, 1000_00), Posting(Account.EXTERNAL, USD, -999_99))
    await forge(store, user, 1, postings=postings)
    assert await finding() == (1, Invariant.BALANCED)


async def test_posted_covers_held_or_it_is_found(store, finding, traded, user):
    await forge(store, user, 4, holds=(Amount(USD, 10_000_00),))
    assert await finding() == (4, Invariant.COVERED)


async def test_stated_balances_follow_from_the_entry_or_it_is_found(store, finding, traded, user):
    entry = await entry_of(store, user, 1)
    await forge(store, user, 1, after={USD: replace_units(entry.after[USD])})
    assert await finding() == (1, Invariant.SUM_OF_ENTRIES)


async def test_totals_follow_from_quantity_and_price_or_it_is_found(store, finding, traded, user):
    entry = await entry_of(store, user, 2)
    await forge(store, user, 2, trade=replace(entry.trade, total=entry.trade.total + 1))
    assert await finding() == (2, Invariant.PRICED)


async def test_gains_follow_from_average_cost_or_it_is_found(store, finding, traded, user):
    entry = await entry_of(store, user, 3)
    await forge(store, user, 3, realized_pnl=entry.realized_pnl + 1)
    assert await finding() == (3, Invariant.PRICED)


async def test_one_effect_per_idempotency_key_or_it_is_found(store, finding, traded, user):
    await forge(store, user, 5, idempotency_ref=(await entry_of(store, user, 1)).idempotency_ref)
    assert await finding() == (5, Invariant.ONE_EFFECT)


async def test_a_missing_answer_is_found_while_its_key_could_be_repeated(store, clock, check, finding, traded, user):
    await store.transact([Delete(answer_key(user, idempotency_ref("order", "2")))])
    assert await finding() == (2, Invariant.ONE_EFFECT)
    clock.advance(seconds=86_401)
    assert (await check()).is_sound


async def test_an_answer_without_its_entry_is_found(store, finding, traded, user):
    await store.transact([Put(answer_key(user, "of-nothing"), {"seq": 2})])
    assert await finding() == (None, Invariant.ONE_EFFECT)


async def test_a_key_reused_after_its_retention_is_sound(ledger, clock, check, traded, user):
    clock.advance(seconds=90_000)
    await ledger.execute(deposit_command(user, 1000_00, key="1"))
    assert (await check()).is_sound


@pytest.mark.parametrize(
    ("orders", "units", "is_sound"),
    [
        (1, {USD: 1_23}, True),
        (1, {USD: 1_23, BTC: 0}, True),
        (2, {USD: 1_23}, False),
        (1, {USD: 1_24}, False),
        (1, {}, False),
        (1, {USD: 1_23, BTC: 1}, False),
    ],
)
async def test_holds_are_the_sum_of_open_orders_or_it_is_found(check, traded, orders, units, is_sound):
    report = await check(open_orders=Orders(OpenHolds(orders, units)))
    assert [finding.invariant for finding in report.findings] == ([] if is_sound else [Invariant.HOLDS])


async def test_a_wallet_that_keeps_changing_is_said_to_be_unsettled(check, ledger, traded, user):
    async def deposit():
        await ledger.execute(deposit_command(user, 1))

    report = await check(open_orders=Orders(OpenHolds(1, {USD: 1_23}), meanwhile=deposit))
    assert (report.is_sound, report.unsettled) == (True, 1)


async def test_a_wallet_that_moves_on_while_it_is_checked_is_sound(store, make_ledger, clock, traded, user):
    class Busy:
        """Deposits get in after each read of this wallet."""

        def __getattr__(self, name):
            return getattr(store, name)

        async def get(self, key):
            item = await store.get(key)
            await make_ledger().execute(deposit_command(user, 1, key=f"busy-{item.version}"))
            return item

    reports = [report async for report in verify(Busy(), KEYS, clock=clock)]
    assert reports[-1].is_sound


async def test_a_sound_wallet_is_checked_beside_a_broken_one(store, ledger, check, traded, user):
    await ledger.execute(deposit_command(UserId("usr_other"), 7_00))
    await store.transact([Delete(entry_key(user, 3))])
    report = await check()
    assert (report.wallets, [found.user_id for found in report.findings]) == (2, [user])


class Orders:
    def __init__(self, holds, meanwhile=None):
        self._holds = holds
        self._meanwhile = meanwhile

    async def open_holds(self, user_id):
        if self._meanwhile:
            await self._meanwhile()
        return self._holds


def replace_sk(key, sk):
    return key._replace(sk=sk)


def replace_units(balance):
    return balance._replace(posted=balance.posted + 1)


class FilledOrders:
    """The two orders of `traded`, as their items say it, changed as told."""

    def __init__(self, reader, user, **changes):
        self._reader, self._user, self._changes = reader, user, changes

    async def open_holds(self, _user):
        fills = {entry.order_id: entry.trade async for entry in self._reader.entries(self._user) if entry.trade}
        return OpenHolds(orders=1, units={USD: 1_23}, fills={**fills, **self._changes})


@pytest.fixture
def orders(store, user):
    return lambda **changes: FilledOrders(LedgerReader(store, KEYS), user, **changes)


@pytest.mark.usefixtures("traded")
async def test_orders_that_say_what_was_booked_are_sound(check, orders):
    assert (await check(open_orders=orders())).is_sound


@pytest.mark.usefixtures("traded")
@pytest.mark.parametrize("changes", [{"fee": 0}, {"total": 1}, {"quantity": 1}, {"price": 1}])
async def test_an_order_that_says_another_trade_than_was_booked_is_found(finding, orders, store, user, changes):
    other = replace((await entry_of(store, user, 2)).trade, **changes)
    assert await finding(open_orders=orders(ord_1=other)) == (None, Invariant.FILLS)


@pytest.mark.usefixtures("traded")
async def test_a_trade_whose_order_is_not_filled_and_an_order_without_trade_are_found(finding, orders, store, user):
    assert await finding(open_orders=orders(ord_2=None)) == (None, Invariant.FILLS)
    trade = (await entry_of(store, user, 2)).trade
    assert await finding(open_orders=orders(ord_9=trade)) == (None, Invariant.FILLS)


@pytest.mark.usefixtures("traded")
async def test_an_order_that_was_filled_twice_is_found(finding, ledger, user):
    await ledger.execute(market_command(user, OrderId("ord_4")))
    market = market_command(user, OrderId("ord_4"))

    def again(seen):
        return replace(market.decide(seen), writes=())

    await ledger.execute(replace(market, decide=again))
    assert await finding() == (7, Invariant.FILLS)


@pytest.mark.usefixtures("traded")
async def test_an_order_that_cannot_be_read_is_found(finding):
    class Unreadable:
        async def open_holds(self, user):
            raise CorruptItem("an order was not written by this ledger")

    assert await finding(open_orders=Unreadable()) == (None, Invariant.ORDERS)
