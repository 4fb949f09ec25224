"""The contract of failure counters: the shared one and the local one that stands in for it behave alike."""

import asyncio
from datetime import UTC, datetime

import pytest

from cnop_core.clock import FixedClock
from cnop_users.adapters.counters import FallbackCounter, LocalCounter, ValkeyCounter
from cnop_users.application.ports import ADMITTED, ATTEMPT_SECONDS, CROWDED, Admission, LimitPolicy

pytestmark = pytest.mark.security

STRICT = LimitPolicy("strict", 3, 60, 10, 35, memory_seconds=100)
DISTINCT = LimitPolicy("distinct", 3, 60, 100, 100, distinct=True)
RELAPSING = LimitPolicy("relapsing", 3, 60, 1, 900, memory_seconds=100, relapse=True)


@pytest.fixture
def clock():
    return FixedClock(datetime(2026, 1, 31, 12, 0, tzinfo=UTC))


@pytest.fixture(params=["valkey", "local", "fallback"])
def counter(request, clock, cache):
    shared, local = ValkeyCounter(cache, clock=clock), LocalCounter(clock=clock)
    return {"valkey": shared, "local": local, "fallback": FallbackCounter(shared=shared, local=local)}[request.param]


async def fail(counter, times, *, policy=STRICT, subject="s", member="m"):
    return [(await counter.failed(policy, subject, member=member)).seconds for _ in range(times)]


async def test_the_last_allowed_failure_blocks(counter, clock):
    assert await fail(counter, 3) == [0, 0, 10]
    assert await counter.blocked_for(STRICT, "s") == 10
    clock.advance(seconds=9.5)
    assert await counter.blocked_for(STRICT, "s") == 1
    clock.advance(seconds=0.5)
    assert await counter.blocked_for(STRICT, "s") == 0


async def test_failures_while_blocked_prolong_nothing(counter, clock):
    await fail(counter, 3)
    clock.advance(seconds=5)
    assert await fail(counter, 5) == [5] * 5
    clock.advance(seconds=5)
    assert await fail(counter, 1) == [0]


async def test_each_block_is_twice_as_long_up_to_the_longest(counter, clock):
    lengths = []
    for _ in range(4):
        lengths.append((await fail(counter, 3))[-1])
        clock.advance(seconds=lengths[-1])
    assert lengths == [10, 20, 35, 35]


async def test_a_relapse_takes_one_failure(counter, clock):
    assert await fail(counter, 3, policy=RELAPSING) == [0, 0, 1]
    clock.advance(seconds=1)
    assert await fail(counter, 1, policy=RELAPSING) == [2]
    clock.advance(seconds=2)
    assert await fail(counter, 1, policy=RELAPSING) == [4]


async def test_failures_age_out_of_the_window(counter, clock):
    await fail(counter, 2)
    clock.advance(seconds=60)
    assert await fail(counter, 2) == [0, 0]


async def test_after_long_enough_a_block_is_forgotten(counter, clock):
    await fail(counter, 3)
    clock.advance(seconds=110)
    assert await fail(counter, 3) == [0, 0, 10]


async def test_forgiving_takes_back_what_that_member_caused(counter):
    await fail(counter, 1, member="owner")
    await fail(counter, 1, member="victim")
    await counter.forgive(STRICT, "s", member="owner")
    await counter.forgive(STRICT, "s", member="owner")
    assert await fail(counter, 2, member="owner") == [0, 10]


async def test_forgiving_lifts_no_block(counter):
    await fail(counter, 3)
    await counter.forgive(STRICT, "s", member="m")
    assert await counter.blocked_for(STRICT, "s") == 10


async def test_subjects_and_policies_are_counted_apart(counter):
    await fail(counter, 3)
    assert await counter.blocked_for(STRICT, "other") == 0
    assert await counter.blocked_for(RELAPSING, "s") == 0
    await counter.forgive(STRICT, "never seen", member="m")


async def test_failures_at_once_are_all_counted(counter):
    results = await asyncio.gather(*(counter.failed(STRICT, "s", member=str(number)) for number in range(20)))
    assert sorted(result.seconds for result in results) == [0, 0] + [10] * 18
    assert [result.just_now for result in results].count(True) == 1


async def test_where_members_count_once_one_of_them_alone_blocks_nothing(counter):
    assert await fail(counter, 9, policy=DISTINCT, member="one") == [0] * 9
    assert await fail(counter, 2, policy=DISTINCT, member="two") == [0] * 2
    await counter.forgive(DISTINCT, "s", member="one")
    assert await fail(counter, 2, policy=DISTINCT, member="three") == [0] * 2
    assert await fail(counter, 1, policy=DISTINCT, member="one") == [100]


async def admit(counter, *attempts, policy=STRICT, subject="s"):
    return [await counter.admit(policy, subject, attempt=attempt) for attempt in attempts]


async def test_no_more_attempts_are_under_way_than_failures_are_left(counter):
    await fail(counter, 1)
    assert await admit(counter, "a", "b", "c") == [ADMITTED, ADMITTED, CROWDED]
    await counter.release(STRICT, "s", attempt="a")
    assert await admit(counter, "c", "d") == [ADMITTED, CROWDED]


async def test_attempts_at_once_are_admitted_as_often_as_failures_are_left(counter):
    answers = await asyncio.gather(*(counter.admit(STRICT, "s", attempt=str(number)) for number in range(20)))
    assert sorted(answer == ADMITTED for answer in answers) == [False] * 17 + [True] * 3


async def test_a_failure_takes_the_place_of_its_attempt(counter):
    await admit(counter, "a", "b")
    await fail(counter, 2)
    await counter.release(STRICT, "s", attempt="a")
    await counter.release(STRICT, "s", attempt="b")
    assert await admit(counter, "c", "d") == [ADMITTED, CROWDED]


async def test_nobody_is_admitted_during_a_block(counter, clock):
    await fail(counter, 3)
    assert await admit(counter, "a") == [Admission(10, blocked=True)]
    clock.advance(seconds=10)
    assert await admit(counter, "a") == [ADMITTED]


async def test_an_attempt_outlives_the_window_that_it_began_in(counter, clock):
    await fail(counter, 1)
    clock.advance(seconds=55)
    await admit(counter, "a")
    clock.advance(seconds=10)
    await fail(counter, 1)
    assert await admit(counter, "b", "c") == [ADMITTED, CROWDED]


async def test_failures_of_a_past_window_keep_nobody_out(counter, clock):
    await fail(counter, 2)
    clock.advance(seconds=60)
    assert await admit(counter, "a", "b", "c") == [ADMITTED] * 3


async def test_an_attempt_of_a_process_that_died_gives_its_place_back(counter, clock):
    await admit(counter, "a", "b", "c")
    clock.advance(seconds=ATTEMPT_SECONDS)
    assert await admit(counter, "d") == [ADMITTED]


async def test_attempts_at_other_subjects_and_under_other_policies_take_no_place(counter):
    await admit(counter, "a", "b", "c")
    assert await admit(counter, "d", subject="other") == [ADMITTED]
    assert await admit(counter, "d", policy=RELAPSING) == [ADMITTED]
    await counter.release(STRICT, "never seen", attempt="a")


async def test_nothing_stays_in_valkey_for_ever(cache, clock):
    counter = ValkeyCounter(cache, clock=clock)
    await fail(counter, 1, subject="once")
    await fail(counter, 3, subject="blocked")
    await admit(counter, "a", "b", subject="tried")
    await admit(counter, "a", subject="twice")
    await fail(counter, 1, subject="twice")
    lasting = {key.rpartition(b":")[2]: await cache.ttl(key) for key in await cache.keys("*")}
    assert lasting == {b"blocked": 110, b"once": 60, b"tried": ATTEMPT_SECONDS, b"twice": 60}
    assert all(key.startswith(b"cnop:rl:") for key in await cache.keys("*"))


async def test_the_local_counter_is_bounded(clock, monkeypatch):
    monkeypatch.setattr("cnop_users.adapters.counters._MAX_SUBJECTS", 100)
    counter = LocalCounter(clock=clock)
    for number in range(300):
        await fail(counter, 1, subject=str(number))
        await admit(counter, "a", subject=f"tried {number}")
    assert len(counter._tallies) == 100


class Hanging:
    """A shared counter that hangs for as long as it should, and counts who asked."""

    def __init__(self, counter):
        self.counter, self.hangs, self.asked = counter, True, 0

    def __getattr__(self, name):
        async def ask(*arguments, **named):
            self.asked += 1
            if self.hangs:
                await asyncio.sleep(60)
            return await getattr(self.counter, name)(*arguments, **named)

        return ask


async def test_a_shared_counter_that_hangs_is_asked_once_a_second_and_then_trusted_again(clock, cache, monkeypatch):
    monkeypatch.setattr("cnop_users.adapters.counters._TIMEOUT_SECONDS", 0.01)
    now, shared = [0.0], Hanging(ValkeyCounter(cache, clock=clock))
    counter = FallbackCounter(shared=shared, local=LocalCounter(clock=clock), elapsed=lambda: now[0])
    assert await fail(counter, 2) == [0, 0]
    assert await admit(counter, "a", "b") == [ADMITTED, CROWDED]
    await counter.release(STRICT, "s", attempt="a")
    assert await counter.blocked_for(STRICT, "s") == 0
    assert shared.asked == 1
    now[0], shared.hangs = 1.0, False
    assert await fail(counter, 3) == [0, 0, 10]
    assert shared.asked == 4
