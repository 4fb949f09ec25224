import asyncio
from contextlib import asynccontextmanager

import pytest

from cnop_platform.chores import background
from cnop_platform.lease import Lease

TTL_SECONDS = 0.6


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def replica(server, holder):
    client = server.client()
    lease = Lease(client, name="work", holder=holder, ttl_seconds=TTL_SECONDS)
    try:
        async with background([lease.run]):
            yield lease
    finally:
        await client.aclose()


async def test_only_one_of_two_replicas_may_work(valkey_server):
    async with replica(valkey_server, "a") as first:
        await until(lambda: first.may_work)
        async with replica(valkey_server, "b") as second:
            await asyncio.sleep(2 * TTL_SECONDS)
            assert (first.may_work, second.may_work) == (True, False)


async def test_a_clean_stop_hands_over_at_once(valkey_server):
    async with replica(valkey_server, "a") as first:
        await until(lambda: first.may_work)
    async with replica(valkey_server, "b") as second:
        async with asyncio.timeout(TTL_SECONDS / 2):
            await second.wait_until(may_work=True)
    assert not first.may_work


async def test_a_replica_that_died_is_followed_when_its_lease_runs_out(valkey_server, valkey_client):
    await valkey_client.set("cnop:lease:work", "dead", px=300)
    async with replica(valkey_server, "b") as lease:
        await asyncio.sleep(0.1)
        assert not lease.may_work
        await until(lambda: lease.may_work)


async def test_a_lease_that_was_taken_away_ends_the_work(valkey_server, valkey_client):
    async with replica(valkey_server, "a") as lease:
        await lease.wait_until(may_work=True)
        await valkey_client.set("cnop:lease:work", "somebody else")
        async with asyncio.timeout(5):
            await lease.wait_until(may_work=False)
        assert not lease.may_work


async def test_without_valkey_every_replica_works_and_afterwards_one(valkey_server):
    async with replica(valkey_server, "a") as first, replica(valkey_server, "b") as second:
        await until(lambda: first.may_work or second.may_work)
        valkey_server.kill()
        await until(lambda: first.may_work and second.may_work)
        await valkey_server.start()
        await until(lambda: first.may_work != second.may_work)


async def test_a_process_that_pauses_past_its_lease_may_not_go_on(valkey_client):
    elapsed = 100.0
    lease = Lease(valkey_client, name="work", holder="a", ttl_seconds=5, elapsed=lambda: elapsed)
    await lease._claim()
    assert lease.may_work
    elapsed += 5
    assert not lease.may_work


@pytest.mark.parametrize("stranger", ["b", ""])
async def test_letting_go_leaves_another_holders_lease_alone(valkey_server, valkey_client, stranger):
    async with replica(valkey_server, "a") as lease:
        await lease.wait_until(may_work=True)
        await valkey_client.set("cnop:lease:work", stranger)
    assert await valkey_client.get("cnop:lease:work") == stranger.encode()
