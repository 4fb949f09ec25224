"""Real processes that share a store: races between them, and what survives `kill -9`."""

import asyncio
import sys
from collections import Counter
from pathlib import Path

import pytest_asyncio

from cnop_ledger import Kind, LedgerReader, verify
from cnop_ledger.testing import KEYS
from cnop_platform.store.open import open_store
from cnop_platform.system import SystemClock

WORKER = str(Path(__file__).parent / "worker.py")


@pytest_asyncio.fixture
async def start(shared_url, user):
    """Start a worker; it waits for `go`."""
    processes = []

    async def run(move, *, first_key=0, count, callers=1):
        arguments = [shared_url, move, user, *map(str, (first_key, count, callers))]
        process = await asyncio.create_subprocess_exec(
            sys.executable, WORKER, *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        processes.append(process)
        assert await process.stdout.readline() == b"ready\n"
        return process

    yield run
    for process in processes:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest_asyncio.fixture
async def shared_store(shared_url):
    store = await open_store(shared_url)
    yield store
    await store.close()


async def answers(*processes):
    """Let the workers go at the same time and return {key: answer} of each."""
    outputs = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert all(process.returncode == 0 for process in processes)
    return [dict(line.split() for line in output.decode().splitlines()) for output, _ in outputs]


async def entries_of(store, user, kind):
    return [entry async for entry in LedgerReader(store, KEYS).entries(user) if entry.kind is kind]


async def is_sound(store):
    reports = [report async for report in verify(store, KEYS, clock=SystemClock())]
    return reports[-1].is_sound


async def test_of_many_withdrawals_of_the_last_cents_as_many_succeed_as_there_are(start, shared_store, user):
    await answers(await start("deposit", count=10))
    first, second = await answers(
        await start("withdraw", count=10, callers=5), await start("withdraw", first_key=10, count=10, callers=5)
    )
    results = Counter(answer.split("_")[0] for answer in [*first.values(), *second.values()])
    assert results == {"txn": 10, "INSUFFICIENT": 10}
    assert (await LedgerReader(shared_store, KEYS).wallet(user)).cash.posted == 0
    assert await is_sound(shared_store)


async def test_bursts_from_two_processes_all_count_once(start, shared_store, user):
    first, second = await answers(
        await start("deposit", count=100, callers=20), await start("deposit", first_key=100, count=100, callers=20)
    )
    acknowledged = {**first, **second}
    deposits = await entries_of(shared_store, user, Kind.DEPOSIT)
    assert len(acknowledged) == 200
    assert sorted(acknowledged.values()) == sorted(entry.transaction_id for entry in deposits)
    assert await is_sound(shared_store)


async def test_the_same_commands_from_two_processes_have_one_effect_each(start, shared_store, user):
    first, second = await answers(*[await start("deposit", count=50, callers=10) for _ in range(2)])
    deposits = await entries_of(shared_store, user, Kind.DEPOSIT)
    assert len(deposits) == 50
    for key in first:
        replay, effect = sorted([first[key], second[key]])
        assert replay == "replayed"
        assert effect.startswith("txn_")


async def test_acknowledged_deposits_survive_kill_9_exactly_once(start, shared_store, user):
    process = await start("deposit", count=100_000, callers=20)
    process.stdin.write(b"go\n")
    lines = [await process.stdout.readline() for _ in range(60)]
    process.kill()
    lines += (await process.communicate())[0].splitlines(keepends=True)
    acknowledged = dict(line.decode().split() for line in lines if line.endswith(b"\n"))

    applied = [entry.transaction_id for entry in await entries_of(shared_store, user, Kind.DEPOSIT)]
    assert set(acknowledged.values()) <= set(applied)
    assert len(applied) == len(set(applied))

    # Whoever got no answer asks again under the same key; in the end each command took effect once.
    asked = max(map(int, acknowledged)) + 1 + 20
    [repeated] = await answers(await start("deposit", count=asked, callers=20))
    assert all(repeated[key] == "replayed" for key in acknowledged)
    assert len(await entries_of(shared_store, user, Kind.DEPOSIT)) == asked
    assert await is_sound(shared_store)
