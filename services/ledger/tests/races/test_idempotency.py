"""One effect per idempotency key, and the same answer for whoever asks again."""

import asyncio

import pytest

from cnop_ledger import (
    Bounds,
    Command,
    Decision,
    Idempotency,
    InsufficientFunds,
    KeyReused,
    LedgerReader,
    Response,
)
from cnop_ledger.application.keys import answer_key, idempotency_ref, wallet_key
from cnop_ledger.testing import KEYS, ORIGIN, deposit_command, withdraw_command
from cnop_platform.store import Delete


async def cash(store, user):
    return (await LedgerReader(store, KEYS).wallet(user)).cash.posted


async def test_a_repetition_gets_the_first_answer_byte_for_byte_and_no_second_effect(ledger, store, user):
    first = await ledger.execute(deposit_command(user, 5_00, key="k"))
    again = await ledger.execute(deposit_command(user, 5_00, key="k"))
    assert (again.response, again.replayed, again.entry) == (first.response, True, None)
    assert await cash(store, user) == 5_00


async def test_another_process_replays_too(make_ledger, user):
    first = await make_ledger().execute(deposit_command(user, 5_00, key="k"))
    again = await make_ledger().execute(deposit_command(user, 5_00, key="k"))
    assert (again.response, again.replayed) == (first.response, True)


async def test_a_used_key_with_another_request_is_a_conflict_and_moves_nothing(ledger, store, user):
    await ledger.execute(deposit_command(user, 5_00, key="k"))
    with pytest.raises(KeyReused):
        await ledger.execute(deposit_command(user, 6_00, key="k"))
    assert await cash(store, user) == 5_00


async def test_a_key_belongs_to_one_user_and_one_operation(ledger, store, user):
    await ledger.execute(deposit_command(user, 5_00, key="k"))
    other = await ledger.execute(deposit_command("usr_other", 5_00, key="k"))
    withdrawal = await ledger.execute(withdraw_command(user, 5_00, key="k"))
    assert not other.replayed
    assert not withdrawal.replayed


async def test_a_refusal_is_not_kept_but_decided_anew(ledger, user):
    with pytest.raises(InsufficientFunds):
        await ledger.execute(withdraw_command(user, 5_00, key="k"))
    await ledger.execute(deposit_command(user, 5_00))
    outcome = await ledger.execute(withdraw_command(user, 5_00, key="k"))
    assert not outcome.replayed


async def test_concurrent_duplicates_have_one_effect_and_one_answer(ledger, store, user):
    outcomes = await asyncio.gather(*(ledger.execute(deposit_command(user, 5_00, key="k")) for _ in range(50)))
    assert len({outcome.response for outcome in outcomes}) == 1
    assert sum(not outcome.replayed for outcome in outcomes) == 1
    assert await cash(store, user) == 5_00


@pytest.mark.parametrize("seed", range(20))
async def test_duplicates_in_several_processes_have_one_effect_and_one_answer(make_ledger, make_slow_store, user, seed):
    """The last dollar: a duplicate that sees the money gone must find the answer, not a refusal."""
    ledgers = [make_ledger(on=make_slow_store(seed * 10 + number)) for number in range(3)]
    await ledgers[0].execute(deposit_command(user, 1_00))
    outcomes = await asyncio.gather(*(each.execute(withdraw_command(user, 1_00, key="k")) for each in ledgers * 3))
    assert len({outcome.response for outcome in outcomes}) == 1
    assert sum(not outcome.replayed for outcome in outcomes) == 1


async def test_a_duplicate_that_reads_no_answer_but_a_wallet_already_drained_is_not_refused(make_ledger, store, user):
    """A batch read is no snapshot: the answer may be committed between reading it and reading the wallet."""
    first = make_ledger()
    await first.execute(deposit_command(user, 1_00))
    torn = TornStore(store, wallet_key(user), lambda: first.execute(withdraw_command(user, 1_00, key="k")))
    assert (await make_ledger(on=torn).execute(withdraw_command(user, 1_00, key="k"))).replayed


async def test_an_answer_expires_when_its_time_is_over_whether_the_store_deleted_it_or_not(ledger, clock, store, user):
    await ledger.execute(deposit_command(user, 5_00, key="k"))
    clock.advance(seconds=86_399)
    assert (await ledger.execute(deposit_command(user, 5_00, key="k"))).replayed
    clock.advance(seconds=2)
    assert not (await ledger.execute(deposit_command(user, 5_00, key="k"))).replayed
    assert await cash(store, user) == 10_00
    assert (await ledger.execute(deposit_command(user, 5_00, key="k"))).replayed


async def test_an_expired_answer_that_the_store_deletes_meanwhile_is_no_obstacle(make_ledger, clock, store, user):
    await make_ledger().execute(deposit_command(user, 5_00, key="k"))
    clock.advance(seconds=90_000)
    key = answer_key(user, idempotency_ref("deposit", "k"))
    outcome = await make_ledger(on=DeletesAfterReading(store, key)).execute(deposit_command(user, 5_00, key="k"))
    assert not outcome.replayed
    assert await cash(store, user) == 10_00


async def test_retention_is_a_setting(make_ledger, clock, user):
    ledger = make_ledger(bounds=Bounds(retention_seconds=10 * 86_400))
    await ledger.execute(deposit_command(user, 5_00, key="k"))
    clock.advance(seconds=9 * 86_400)
    assert (await ledger.execute(deposit_command(user, 5_00, key="k"))).replayed


async def test_a_command_that_finds_nothing_to_do_writes_nothing_and_is_not_kept(ledger, store, user):
    bodies = iter("ab")
    command = Command(
        user, ORIGIN, lambda seen: Decision(Response(200, next(bodies))), idempotency=Idempotency("look", "k", "h")
    )
    assert (await ledger.execute(command)).response.body == "a"
    assert (await ledger.execute(command)).response.body == "b"
    assert store.transactions == 0


def test_only_success_can_be_an_answer():
    with pytest.raises(ValueError, match="refusal"):
        Response(409, "{}")


class TornStore:
    """The first batch read reads the wallet last, after something else happened."""

    def __init__(self, store, last, meanwhile):
        self._store = store
        self._last = last
        self._meanwhile = meanwhile

    async def get_many(self, keys):
        found = dict(await self._store.get_many([key for key in keys if key != self._last]))
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile:
            await meanwhile()
        return found | await self._store.get_many([self._last])

    def __getattr__(self, name):
        return getattr(self._store, name)


class DeletesAfterReading:
    """The store's expiry strikes between the ledger's read and its write."""

    def __init__(self, store, key):
        self._store = store
        self._key = key

    async def get_many(self, keys):
        found = await self._store.get_many(keys)
        await self._store.transact([Delete(self._key)])
        return found

    def __getattr__(self, name):
        return getattr(self._store, name)
