import asyncio
from datetime import UTC, datetime

import bcrypt
import pytest
from users_under_test import key_text, log_in, make_settings, register

from cnop_platform.system import entropy
from cnop_users.adapters.keyring import Keyring
from cnop_users.adapters.passwords import BcryptHasher
from cnop_users.domain.errors import HashingBusy

pytestmark = pytest.mark.security


class Clock:
    """Says that each hash took as long as the test wants."""

    def __init__(self, seconds_each):
        self.now, self.seconds_each = 0.0, seconds_each

    def __call__(self):
        self.now += self.seconds_each
        return self.now


def hasher(*, seconds_each=0.0, workers=1, queue=100, cost=4):
    peppers = Keyring.from_text(key_text(3), purpose="pepper")
    return BcryptHasher(
        peppers=peppers,
        cost=cost,
        workers=workers,
        queue=queue,
        longest_wait_seconds=5,
        entropy=entropy,
        clock=Clock(seconds_each),
    )


async def waiting(hasher, count):
    """Let one more than `count` ask for a turn that does not come."""

    async def ask():
        async with hasher.turn():
            await asyncio.sleep(60)

    tasks = [asyncio.create_task(ask()) for _ in range(count + 1)]
    await asyncio.sleep(0)
    return tasks


async def give_up(tasks):
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize(("workers", "fits"), [(1, 10), (2, 21)])
async def test_who_would_wait_too_long_is_refused_at_once_and_told_when_to_come_back(workers, fits):
    busy = hasher(seconds_each=0.5, workers=workers)
    tasks = await waiting(busy, fits)
    busy.require_room()
    tasks += await waiting(busy, 0)
    with pytest.raises(HashingBusy) as refused:
        busy.require_room()
    assert refused.value.retry_after_seconds == 6
    await give_up(tasks)
    busy.require_room()


async def test_no_more_than_the_queue_holds_wait_however_fast_a_hash_is():
    busy = hasher(queue=3)
    tasks = await waiting(busy, 3)
    with pytest.raises(HashingBusy) as refused:
        busy.require_room()
    assert refused.value.retry_after_seconds == 1
    await give_up(tasks)


async def test_who_waited_too_long_after_all_is_told_to_come_back():
    """The estimate was wrong: the answer is a refusal that says so, before the gateway's would be a 504."""
    busy = hasher()
    busy._longest_wait_seconds = 0.05
    tasks = await waiting(busy, 0)
    with pytest.raises(HashingBusy) as refused:
        async with busy.turn():
            pytest.fail("there was no turn to have")
    assert refused.value.retry_after_seconds == 1
    await give_up(tasks)
    async with busy.turn():
        busy.require_room()


async def test_a_machine_that_gets_slower_lets_fewer_wait():
    busy = hasher(seconds_each=0.1)
    tasks = await waiting(busy, 20)
    busy.require_room()
    busy._clock.seconds_each = 5.0
    for _ in range(3):
        await busy.matches("a password", None)
    with pytest.raises(HashingBusy):
        busy.require_room()
    await give_up(tasks)


async def test_a_sign_in_that_finds_no_room_costs_nothing(client, service, monkeypatch):
    await register(client)

    def no_room(_hasher):
        raise HashingBusy(retry_after_seconds=7)

    async def must_not_be_asked(*_arguments, **_more):
        raise AssertionError("the store was asked")

    monkeypatch.setattr(BcryptHasher, "require_room", no_room)
    monkeypatch.setattr(service.store, "get", must_not_be_asked)
    monkeypatch.setattr(service.store, "get_many", must_not_be_asked)
    for response in (await log_in(client), await register(client, "somebody_else")):
        assert (response.status_code, response.json()["code"]) == (429, "RATE_001")
        assert response.headers["retry-after"] == "7"


def test_half_of_the_processors_are_left_to_everything_else(tmp_path, monkeypatch):
    for processors, threads in ((1, 1), (2, 1), (8, 4)):
        monkeypatch.setattr("cnop_users.settings.processors", lambda there=processors: there)
        assert make_settings(tmp_path, "valkey://127.0.0.1:6379/0").hashing_threads == threads
    assert make_settings(tmp_path, "valkey://127.0.0.1:6379/0", password_workers=3).hashing_threads == 3


class CountedBcrypt:
    """Does what bcrypt does, and adds up the rounds."""

    def __init__(self):
        self.rounds = 0

    gensalt = staticmethod(bcrypt.gensalt)

    def hashpw(self, password, salt):
        self.rounds += 2 ** int(salt.split(b"$")[2])
        return bcrypt.hashpw(password, salt)

    def checkpw(self, password, digest):
        self.rounds += 2 ** int(digest.split(b"$")[2])
        return bcrypt.checkpw(password, digest)


async def test_a_wrong_password_takes_as_much_work_for_an_older_cheaper_digest_as_for_nobody(monkeypatch):
    now = datetime(2026, 1, 31, tzinfo=UTC)
    older = await hasher(cost=4).hash("an old password 123", now=now)
    today, counted = hasher(cost=7), CountedBcrypt()
    same = await today.hash("a new password 123", now=now)
    monkeypatch.setattr("cnop_users.adapters.passwords.bcrypt", counted)
    work = []
    for stored in (older, same, None):
        counted.rounds = 0
        assert not await today.matches("not the password", stored)
        work.append(counted.rounds)
    assert work == [2**7] * 3
    assert await today.matches("an old password 123", older)
