"""When the store does not say whether a transaction took effect, the ledger finds out before it tries again."""

import asyncio

import pytest

from cnop_ledger import InsufficientFunds, LedgerReader
from cnop_ledger.application.settlement import Patience
from cnop_ledger.testing import KEYS, deposit_command, withdraw_command
from cnop_platform.store import StoreUnavailable
from cnop_platform.testing.stores import UnreliableStore


async def cash(store, user):
    return (await LedgerReader(store, KEYS).wallet(user)).cash.posted


async def test_a_lost_answer_is_found_again_and_nothing_happens_twice(ledger, store, user):
    store.lose_next_answer()
    outcome = await ledger.execute(deposit_command(user, 5_00))
    assert outcome.entry.seq == 1
    assert await cash(store, user) == 5_00
    assert ledger.stats.unknown_outcomes == 1


async def test_a_group_whose_answer_was_lost_is_answered_as_it_was_committed(ledger, store, user):
    store.lose_next_answer(2)
    commands = [deposit_command(user, 1_00), withdraw_command(user, 2_00), withdraw_command(user, 1_00)]
    outcomes = await asyncio.gather(*map(ledger.execute, commands), return_exceptions=True)
    assert (outcomes[0].entry.seq, outcomes[2].entry.seq) == (1, 2)
    assert isinstance(outcomes[1], InsufficientFunds)
    assert await cash(store, user) == 0


async def test_a_transaction_that_did_not_take_effect_is_tried_again(ledger, store, user):
    store.refuse_next(3)
    outcome = await ledger.execute(deposit_command(user, 5_00))
    assert outcome.entry.seq == 1
    assert await cash(store, user) == 5_00


async def test_a_lost_answer_is_found_behind_what_others_did_since(make_ledger, store, user):
    other = make_ledger()
    meddled = MeddledStore(store, lambda: other.execute(deposit_command(user, 1)))
    meddled.lose_next_answer()
    outcome = await make_ledger(on=meddled).execute(deposit_command(user, 5_00))
    assert outcome.entry.seq == 1
    assert await cash(store, user) == 5_01


async def test_a_lost_refusal_behind_what_others_did_since_is_tried_again(make_ledger, store, user):
    other = make_ledger()
    meddled = MeddledStore(store, lambda: other.execute(deposit_command(user, 1)))
    meddled.refuse_next()
    outcome = await make_ledger(on=meddled).execute(deposit_command(user, 5_00))
    assert outcome.entry.seq == 2
    assert await cash(store, user) == 5_01


@pytest.mark.parametrize("arrives_after", [1, 2, 3])
async def test_a_transaction_that_arrives_late_takes_effect_at_most_once(make_ledger, store, user, arrives_after):
    """A request that timed out may still be on its way while the next attempt is made."""
    late = LateStore(store, arrives_after=arrives_after)
    outcome = await make_ledger(on=late).execute(deposit_command(user, 5_00))
    await late.arrive()
    assert outcome.entry.seq == 1
    assert await cash(store, user) == 5_00


async def test_a_store_that_stays_away_is_said_to_be_and_the_next_command_gets_through(make_ledger, store, user):
    ledger = make_ledger(patience=Patience(outages=2))
    store.refuse_next(3)
    with pytest.raises(StoreUnavailable):
        await ledger.execute(deposit_command(user, 5_00, key="k"))
    assert not (await ledger.execute(deposit_command(user, 5_00, key="k"))).replayed


async def test_repeating_under_the_same_key_after_an_unknown_outcome_is_safe(make_ledger, store, user):
    ledger = make_ledger(patience=Patience(outages=0))
    store.lose_next_answer()
    with pytest.raises(StoreUnavailable):
        await ledger.execute(deposit_command(user, 5_00, key="k"))
    assert (await ledger.execute(deposit_command(user, 5_00, key="k"))).replayed
    assert await cash(store, user) == 5_00


async def test_a_defect_of_the_store_reaches_the_caller_and_the_line_moves_on(make_ledger, store, user):
    broken = BrokenOnce(store)
    ledger = make_ledger(on=broken)
    outcomes = await asyncio.gather(
        *(ledger.execute(deposit_command(user, 1)) for _ in range(3)), return_exceptions=True
    )
    assert isinstance(outcomes[0], ZeroDivisionError)
    assert [outcome.entry.seq for outcome in outcomes[1:]] == [1, 2]


class MeddledStore(UnreliableStore):
    """Another process gets in once, right after the first transaction."""

    def __init__(self, store, meddle):
        super().__init__(store)
        self._meddle = meddle

    async def transact(self, writes):
        try:
            await super().transact(writes)
        finally:
            meddle, self._meddle = self._meddle, None
            if meddle:
                await meddle()


class LateStore(UnreliableStore):
    """The first transaction gets no answer and is applied only later, before the n-th read or after everything."""

    def __init__(self, store, *, arrives_after):
        super().__init__(store)
        self._late = None
        self._reads_left = arrives_after

    async def get_many(self, keys):
        if self._late:
            self._reads_left -= 1
            if self._reads_left == 0:
                await self.arrive()
        return await super().get_many(keys)

    async def transact(self, writes):
        if self.transactions == 0:
            self.transactions, self._late = 1, writes
            raise StoreUnavailable("no answer in time")
        await super().transact(writes)

    async def arrive(self):
        late, self._late = self._late, None
        if late:
            await asyncio.gather(super().transact(late), return_exceptions=True)


class BrokenOnce(UnreliableStore):
    async def get_many(self, keys):
        self.transactions += 1
        if self.transactions == 1:
            raise ZeroDivisionError
        return await super().get_many(keys)
