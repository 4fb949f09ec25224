"""Commands that wait for one wallet commit together, and none of them notices the others."""

import asyncio
from dataclasses import replace

import pytest

from cnop_core.ids import OrderId
from cnop_ledger import (
    Command,
    Decision,
    InsufficientFunds,
    LedgerReader,
    Response,
    deposit,
    record,
)
from cnop_ledger.application.group import InvalidDecision
from cnop_ledger.application.keys import answer_key, entry_key, wallet_key
from cnop_ledger.testing import KEYS, NO_CAPS, ORIGIN, deposit_command, market_command, withdraw_command
from cnop_platform.store import Absent, ConditionFailed, InvalidWrite, Key, Put, Version
from cnop_platform.store.memory import MemoryStore
from cnop_platform.testing.stores import UnreliableStore

MINE = Key("MINE", "MINE")


def noting(user, *writes, reads=()):
    """A command that moves nothing and writes what it is told to."""

    def decide(seen):
        made = [write(seen) if callable(write) else write for write in writes]
        return Decision(Response(200, "{}"), record(seen.wallet, order_id=OrderId("o"), stamp=seen.stamp), tuple(made))

    return Command(user, ORIGIN, decide, reads=reads)


async def settled(ledger, commands):
    return await asyncio.gather(*map(ledger.execute, commands), return_exceptions=True)


async def test_31_waiting_commands_take_two_transactions(ledger, store, user):
    outcomes = await settled(ledger, [deposit_command(user, 1, key=str(n)) for n in range(31)])
    assert ledger.stats.groups == 2
    assert [outcome.entry.seq for outcome in outcomes] == list(range(1, 32))
    assert (await LedgerReader(store, KEYS).wallet(user)).cash.posted == 31


async def test_a_full_group_of_orders_with_keys_fits_into_one_transaction(ledger, user):
    await ledger.execute(deposit_command(user, 10**9))
    outcomes = await settled(ledger, [market_command(user, OrderId(f"ord_{n}"), key=str(n)) for n in range(31)])
    assert all(outcome.entry for outcome in outcomes)
    assert ledger.stats.groups == 3


async def test_a_refusal_in_a_group_disturbs_nobody_and_sees_what_went_before(ledger, store, user):
    outcomes = await settled(
        ledger,
        [
            deposit_command(user, 10_00),
            withdraw_command(user, 7_00),
            withdraw_command(user, 7_00),
            withdraw_command(user, 3_00),
        ],
    )
    assert isinstance(outcomes[2], InsufficientFunds)
    assert [outcomes[index].entry.seq for index in (0, 1, 3)] == [1, 2, 3]
    assert (await LedgerReader(store, KEYS).wallet(user)).cash.posted == 0


async def test_a_refusal_is_decided_anew_when_what_it_saw_was_never_committed(ledger, user):
    """A withdrawal refused because of another in its group, which then fails, must get its own chance."""

    def drain_in_vain(seen):
        decision = withdraw_command(user, 10_00).decide(seen)
        return replace(decision, writes=(Put(MINE, {}, Version(7)),))

    first, drained, withdrawn = await settled(
        ledger, [deposit_command(user, 10_00), Command(user, ORIGIN, drain_in_vain), withdraw_command(user, 10_00)]
    )
    assert first.entry.seq == 1
    assert isinstance(drained, InsufficientFunds)
    assert withdrawn.entry.after["USD"].posted == 0


async def test_a_defect_in_one_decision_reaches_only_its_own_caller(ledger, user):
    def broken(seen):
        raise KeyError("a defect")

    outcomes = await settled(
        ledger, [deposit_command(user, 1), Command(user, ORIGIN, broken), deposit_command(user, 1)]
    )
    assert isinstance(outcomes[1], KeyError)
    assert [outcomes[index].entry.seq for index in (0, 2)] == [1, 2]


async def test_a_condition_that_never_holds_fails_its_own_command_and_no_other(ledger, store, user):
    await store.transact([Put(MINE, {})])
    commands = [noting(user, Put(MINE, {}, Absent())), *(deposit_command(user, 1) for _ in range(10))]
    outcomes = await settled(ledger, [deposit_command(user, 1), *commands])
    assert isinstance(outcomes[1], ConditionFailed)
    assert sum(isinstance(outcome, Exception) for outcome in outcomes) == 1


async def test_a_write_that_no_store_takes_fails_its_own_command_and_no_other(ledger, user):
    commands = [noting(user, Put(MINE, {"amount": 0.1})), *(deposit_command(user, 1) for _ in range(10))]
    outcomes = await settled(ledger, [deposit_command(user, 1), *commands])
    assert isinstance(outcomes[1], InvalidWrite)
    assert sum(isinstance(outcome, Exception) for outcome in outcomes) == 1


async def test_commands_that_share_an_item_follow_each_other(ledger, store, user):
    def counted(seen):
        item = seen.items.get(MINE)
        return Put(MINE, {"n": item.body["n"] + 1 if item else 1}, Version(item.version) if item else Absent())

    outcomes = await settled(ledger, [noting(user, counted, reads=(MINE,)) for _ in range(8)])
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert (await store.get(MINE)).body["n"] == 8


async def test_a_command_that_reads_what_another_in_line_writes_sees_it_written(ledger, user):
    def looking(seen):
        body = str(seen.items[MINE].body["n"])
        return Decision(Response(200, body), record(seen.wallet, order_id=OrderId("o"), stamp=seen.stamp))

    writers = [noting(user, Put(MINE, {"n": number})) for number in (1, 2)]
    outcomes = await settled(ledger, [*writers, Command(user, ORIGIN, looking, reads=(MINE,))])
    assert outcomes[2].response.body == "2"


async def test_commands_that_write_the_same_item_unseen_commit_one_by_one(make_ledger, user):
    store = UnreliableStore(MemoryStore())
    outcomes = await settled(make_ledger(on=store), [noting(user, Put(MINE, {"n": number})) for number in range(4)])
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert store.transactions == 4


async def test_large_decisions_are_spread_over_transactions_of_100_writes(ledger, user):
    commands = [
        noting(user, *(Put(Key("MINE", f"{number}-{index}"), {}, Absent()) for index in range(20)))
        for number in range(12)
    ]
    outcomes = await settled(ledger, commands)
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert ledger.stats.groups == 4  # the first by itself, then 4 + 4 + 3 of 21 writes each


@pytest.mark.parametrize("key", [wallet_key, lambda user: entry_key(user, 9), lambda user: answer_key(user, "ref")])
async def test_only_the_ledger_writes_wallets_entries_and_answers(ledger, store, user, key):
    with pytest.raises(InvalidDecision):
        await ledger.execute(noting(user, Put(key(user), {})))
    assert store.transactions == 0


async def test_a_decision_writes_each_item_once(ledger, user):
    with pytest.raises(InvalidDecision):
        await ledger.execute(noting(user, Put(MINE, {}), Put(MINE, {})))


async def test_a_decision_must_follow_from_its_snapshot(ledger, user):
    def doubled(seen):
        first = deposit(seen.wallet, amount=1, caps=NO_CAPS, stamp=seen.stamp)
        return Decision(Response(200, "{}"), deposit(first.wallet, amount=1, caps=NO_CAPS, stamp=seen.stamp))

    def of_another_time(seen):
        stamp = replace(seen.stamp, at_ms=seen.stamp.at_ms - 1)
        return Decision(Response(200, "{}"), deposit(seen.wallet, amount=1, caps=NO_CAPS, stamp=stamp))

    for decide in (doubled, of_another_time):
        with pytest.raises(InvalidDecision):
            await ledger.execute(Command(user, ORIGIN, decide))


def test_items_are_never_written_without_an_entry():
    with pytest.raises(ValueError, match="entry"):
        Decision(Response(200, "{}"), writes=(Put(MINE, {}),))


async def test_every_entry_has_the_id_and_time_its_decision_saw(ledger, store, clock, user):
    outcome = await ledger.execute(deposit_command(user, 1))
    assert outcome.entry.transaction_id in outcome.response.body
    assert outcome.entry.created_at == clock.now()
    assert outcome.entry.stamp.origin == ORIGIN
