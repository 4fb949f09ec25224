"""Every adapter: transactions, their conditions, and all or nothing."""

import asyncio
from types import MappingProxyType

import pytest

from cnop_platform.store import (
    Absent,
    Anything,
    Check,
    ConditionFailed,
    Delete,
    Item,
    Key,
    Put,
    StoreUnavailable,
    Version,
)

A, B, C, D = Key("P#1", "A"), Key("P#1", "B"), Key("P#2", "A"), Key("P#3", "ENTRY#0001")


async def put(store, key, body=MappingProxyType({"n": 1}), **options):
    await store.transact([Put(key, body, **options)])


async def test_a_put_item_reads_back_with_version_one(store):
    await put(store, A, {"name": "Ada", "cents": 1250})
    assert await store.get(A) == Item(A, 1, {"name": "Ada", "cents": 1250})


async def test_a_missing_item_is_none(store):
    assert await store.get(A) is None


async def test_each_put_replaces_the_whole_item_and_counts_the_version_up(store):
    await put(store, A, {"old": True}, expires_at=2_000_000_000, index=Key("OPEN", "1"))
    await put(store, A, {"new": True})
    await put(store, A, {"new": False})
    assert await store.get(A) == Item(A, 3, {"new": False}, None, None)


async def test_expiry_and_index_read_back(store):
    await put(store, A, {}, expires_at=2_000_000_000, index=Key("OPEN", "1"))
    assert await store.get(A) == Item(A, 1, {}, 2_000_000_000, Key("OPEN", "1"))


async def test_the_version_of_a_deleted_item_starts_again_at_one(store):
    await put(store, A)
    await put(store, A)
    await store.transact([Delete(A)])
    assert await store.get(A) is None
    await put(store, A)
    assert (await store.get(A)).version == 1


async def test_put_absent_succeeds_once(store):
    await put(store, A, {"first": True}, condition=Absent())
    with pytest.raises(ConditionFailed) as caught:
        await put(store, A, {"first": False}, condition=Absent())
    assert caught.value.failed == ((0, A),)
    assert await store.get(A) == Item(A, 1, {"first": True})


async def test_put_with_a_version_needs_exactly_that_one(store):
    await put(store, A)
    await put(store, A, {"n": 2}, condition=Version(1))
    for wrong in (Version(0), Version(1), Version(3)):
        with pytest.raises(ConditionFailed):
            await put(store, A, {"n": 9}, condition=wrong)
    assert await store.get(A) == Item(A, 2, {"n": 2})


@pytest.mark.parametrize("number", [0, 1])
async def test_put_with_a_version_fails_on_a_missing_item(store, number):
    with pytest.raises(ConditionFailed):
        await put(store, A, condition=Version(number))
    assert await store.get(A) is None


async def test_delete_without_condition_accepts_a_missing_item(store):
    await store.transact([Delete(A)])
    assert await store.get(A) is None


async def test_delete_with_a_version_needs_exactly_that_one(store):
    await put(store, A)
    for wrong in (Version(0), Version(2), Absent()):
        with pytest.raises(ConditionFailed):
            await store.transact([Delete(A, wrong)])
    assert await store.get(A) is not None
    await store.transact([Delete(A, Version(1))])
    with pytest.raises(ConditionFailed):
        await store.transact([Delete(A, Version(1))])


async def test_delete_absent_accepts_only_a_missing_item(store):
    await store.transact([Delete(A, Absent())])
    assert await store.get(A) is None


async def test_checks_pass_when_they_hold_and_write_nothing(store):
    await put(store, A)
    await store.transact([Check(A, Version(1)), Check(B, Absent())])
    assert await store.get(A) == Item(A, 1, {"n": 1})
    assert await store.get(B) is None


@pytest.mark.parametrize("check", [Check(A, Absent()), Check(A, Version(2)), Check(B, Version(1))])
async def test_a_check_that_fails_stops_the_writes_beside_it(store, check):
    await put(store, A)
    with pytest.raises(ConditionFailed) as caught:
        await store.transact([Put(C, {"n": 1}), check])
    assert caught.value.failed == ((1, check.key),)
    assert await store.get(C) is None


async def test_one_failed_condition_undoes_every_kind_of_write(store):
    await put(store, A, {"n": "old"}, index=Key("OPEN", "1"))
    await put(store, B, {"n": "old"})
    with pytest.raises(ConditionFailed) as caught:
        await store.transact(
            [Put(A, {"n": "new"}, Version(1)), Delete(B), Put(C, {"n": "new"}, Absent()), Put(D, {}, Version(7))]
        )
    assert caught.value.failed == ((3, D),)
    assert caught.value.concerns(D)
    assert not caught.value.concerns(A)
    assert await store.get(A) == Item(A, 1, {"n": "old"}, None, Key("OPEN", "1"))
    assert await store.get(B) == Item(B, 1, {"n": "old"})
    assert await store.get(C) is None
    assert [item.key for item in (await store.query_index("OPEN")).items] == [A]


async def test_all_failed_conditions_are_reported_with_their_place(store):
    await put(store, A)
    writes = [Put(A, {}, Absent()), Put(B, {}, Anything()), Delete(C, Version(1)), Check(D, Version(1))]
    with pytest.raises(ConditionFailed) as caught:
        await store.transact(writes)
    assert set(caught.value.failed) == {(0, A), (2, C), (3, D)}


async def test_a_hundred_writes_are_one_transaction(store):
    keys = [Key("P#1", f"{number:03}") for number in range(100)]
    await store.transact([Put(key, {"n": 1}, Absent()) for key in keys])
    with pytest.raises(ConditionFailed) as caught:
        await store.transact([Put(key, {"n": 2}, Version(1)) for key in keys[:-1]] + [Put(keys[-1], {}, Absent())])
    assert caught.value.failed == ((99, keys[-1]),)
    assert {item.body["n"] for item in (await store.get_many(keys)).values()} == {1}


async def test_a_body_given_away_is_not_the_stored_one(store):
    body = {"list": [1, 2]}
    await put(store, A, body)
    body["list"].append(3)
    (await store.get(A)).body["list"].append(4)
    assert (await store.get(A)).body == {"list": [1, 2]}


async def test_of_concurrent_puts_with_one_version_exactly_one_wins(store):
    await put(store, A, {"winner": None})
    attempts = [store.transact([Put(A, {"winner": number}, Version(1))]) for number in range(20)]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    winners = [number for number, outcome in enumerate(outcomes) if outcome is None]
    assert len(winners) == 1
    assert sum(isinstance(outcome, ConditionFailed) for outcome in outcomes) == 19
    assert await store.get(A) == Item(A, 2, {"winner": winners[0]})


async def test_concurrent_failures_hurt_only_themselves(store):
    await put(store, A)
    good = [store.transact([Put(Key("GOOD", f"{n:03}"), {"n": n}, Absent())]) for n in range(30)]
    bad = [store.transact([Put(Key("BAD", f"{n:03}"), {}), Put(A, {}, Absent())]) for n in range(30)]
    outcomes = await asyncio.gather(
        *(call for pair in zip(good, bad, strict=True) for call in pair), return_exceptions=True
    )
    assert all(outcome is None for outcome in outcomes[::2])
    assert all(isinstance(outcome, ConditionFailed) for outcome in outcomes[1::2])
    assert len((await store.query("GOOD")).items) == 30
    assert (await store.query("BAD")).items == ()


async def test_concurrent_unconditional_puts_all_count(store):
    await asyncio.gather(*(put(store, A, {"n": number}) for number in range(20)))
    assert (await store.get(A)).version == 20


async def test_an_acknowledged_write_is_seen_by_the_next_read(store):
    for number in range(1, 30):
        await put(store, A, {"n": number})
        assert (await store.get(A)).body == {"n": number}


async def test_a_store_answers_a_ping(store):
    await store.ping()


async def test_closing_finishes_what_is_queued_and_then_the_store_is_unavailable(store):
    calls = [asyncio.create_task(put(store, Key("P", f"{n:03}"))) for n in range(30)]
    await asyncio.sleep(0)
    await store.close()
    assert await asyncio.gather(*calls) == [None] * 30
    await store.close()
    reads = (store.get(A), store.get_many([A]), store.query("P"), store.query("P", limit=1000), store.query_index("P"))
    for call in (*reads, store.ping(), put(store, A)):
        with pytest.raises(StoreUnavailable):
            await call
