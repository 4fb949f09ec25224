"""Several processes on one wallet: the conditions decide, nobody is told anything worse than to try again."""

import asyncio

import pytest

from cnop_core.errors import RateLimited
from cnop_core.ids import OrderId, UserId
from cnop_ledger import Bounds, InsufficientFunds, LedgerReader, verify
from cnop_ledger.application.keys import entry_key, wallet_key
from cnop_ledger.application.settlement import Patience
from cnop_ledger.domain.errors import InvariantViolated
from cnop_ledger.testing import KEYS, deposit_command, market_command, withdraw_command
from cnop_platform.store import Absent, ConditionFailed, Put, StoreUnavailable


async def cash(store, user):
    return (await LedgerReader(store, KEYS).wallet(user)).cash.posted


@pytest.mark.parametrize("seed", range(10))
async def test_of_two_withdrawals_of_the_last_dollar_one_succeeds(make_ledger, make_slow_store, store, user, seed):
    ledgers = [make_ledger(on=make_slow_store(seed * 10 + number)) for number in range(2)]
    await ledgers[0].execute(deposit_command(user, 1_00))
    outcomes = await asyncio.gather(
        *(ledger.execute(withdraw_command(user, 1_00)) for ledger in ledgers), return_exceptions=True
    )
    assert sorted(isinstance(outcome, InsufficientFunds) for outcome in outcomes) == [False, True]
    assert await cash(store, user) == 0


async def test_bursts_from_several_processes_all_count(make_ledger, make_slow_store, store, clock, user):
    bounds = Bounds(wait_seconds=30)
    ledgers = [make_ledger(on=make_slow_store(number), bounds=bounds) for number in range(4)]
    outcomes = await asyncio.gather(
        *(ledgers[number % 4].execute(deposit_command(user, 1, key=str(number))) for number in range(200))
    )
    assert sorted(outcome.entry.seq for outcome in outcomes) == list(range(1, 201))
    assert await cash(store, user) == 200
    async for report in verify(store, KEYS, clock=clock):
        assert report.is_sound


async def test_distinct_wallets_do_not_wait_for_each_other(make_ledger, store, user):
    class Stuck:
        def __getattr__(self, name):
            return getattr(store, name)

        async def get_many(self, keys):
            if keys[0] == wallet_key(user):
                await asyncio.Event().wait()
            return await store.get_many(keys)

    ledger = make_ledger(on=Stuck())
    stuck = asyncio.create_task(ledger.execute(deposit_command(user, 1)))
    outcome = await ledger.execute(deposit_command(UserId("usr_other"), 1))
    assert outcome.entry.seq == 1
    stuck.cancel()
    await cancel_everything_of(ledger)


async def test_endless_conflicts_end_in_a_request_to_try_again(make_ledger, store, user):
    class AlwaysTooLate:
        def __getattr__(self, name):
            return getattr(store, name)

        async def transact(self, writes):
            raise ConditionFailed([(0, writes[0].key)])

    ledger = make_ledger(on=AlwaysTooLate(), patience=Patience(conflicts=5))
    with pytest.raises(RateLimited) as refusal:
        await ledger.execute(deposit_command(user, 1))
    assert refusal.value.retry_after_seconds == 1
    assert ledger.stats.conflicts == 6


async def test_an_entry_beyond_the_head_is_an_alarm_not_a_conflict(make_ledger, store, user):
    await store.transact([Put(entry_key(user, 1), {}, Absent())])
    with pytest.raises(InvariantViolated, match="beyond its head"):
        await make_ledger().execute(deposit_command(user, 1))


async def test_a_line_has_room_for_so_many_and_no_more(make_ledger, user):
    ledger = make_ledger(bounds=Bounds(queue_length=5))
    outcomes = await asyncio.gather(
        *(ledger.execute(deposit_command(user, 1)) for _ in range(10)), return_exceptions=True
    )
    assert [isinstance(outcome, RateLimited) for outcome in outcomes] == [False] * 6 + [True] * 4


async def test_whoever_waits_too_long_is_turned_away_and_never_executed(make_ledger, store, user):
    gate = Gate(store)
    ledger = make_ledger(on=gate, bounds=Bounds(wait_seconds=0.02))
    first = asyncio.create_task(ledger.execute(deposit_command(user, 1)))
    await gate.reached()
    with pytest.raises(RateLimited):
        await ledger.execute(deposit_command(user, 10))
    gate.open()
    assert (await first).entry.seq == 1
    await ledger.close()
    assert await cash(store, user) == 1


async def test_a_caller_that_leaves_before_its_turn_is_not_executed(make_ledger, store, user):
    gate = Gate(store)
    ledger = make_ledger(on=gate)
    first = asyncio.create_task(ledger.execute(deposit_command(user, 1)))
    second = asyncio.create_task(ledger.execute(deposit_command(user, 10)))
    await gate.reached()
    second.cancel()
    gate.open()
    await first
    await ledger.close()
    assert await cash(store, user) == 1


async def test_a_caller_that_leaves_once_it_began_does_not_tear_its_command_apart(make_ledger, store, user):
    gate = Gate(store)
    ledger = make_ledger(on=gate)
    first = asyncio.create_task(ledger.execute(deposit_command(user, 1)))
    await gate.reached()
    first.cancel()
    gate.open()
    await ledger.close()
    assert await cash(store, user) == 1


async def test_a_loop_that_stops_answers_everyone_that_the_outcome_is_unknown(make_ledger, store, user):
    gate = Gate(store)
    ledger = make_ledger(on=gate)
    waiting = [asyncio.create_task(ledger.execute(deposit_command(user, 1))) for _ in range(2)]
    await gate.reached()
    await cancel_everything_of(ledger)
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)


async def test_orders_and_deposits_mix_in_several_processes(make_ledger, make_slow_store, store, clock, user):
    ledgers = [make_ledger(on=make_slow_store(number)) for number in range(3)]
    await ledgers[0].execute(deposit_command(user, 10**7))
    commands = [
        market_command(user, OrderId(f"ord_{number}"), key=str(number)) if number % 2 else deposit_command(user, 1)
        for number in range(60)
    ]
    await asyncio.gather(*(ledgers[number % 3].execute(command) for number, command in enumerate(commands)))
    reports = [report async for report in verify(store, KEYS, clock=clock)]
    assert reports[-1].is_sound
    assert reports[-1].entries == 61


async def cancel_everything_of(ledger):
    for task in list(ledger._running):
        task.cancel()
    await asyncio.sleep(0.01)
    assert not ledger._lines


class Gate:
    """A store whose reads wait until it is opened."""

    def __init__(self, store):
        self._store = store
        self._opened = asyncio.Event()
        self._reached = asyncio.Event()

    def open(self):
        self._opened.set()

    async def reached(self):
        await self._reached.wait()

    async def get_many(self, keys):
        self._reached.set()
        await self._opened.wait()
        return await self._store.get_many(keys)

    def __getattr__(self, name):
        return getattr(self._store, name)
