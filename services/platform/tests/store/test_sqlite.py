"""What only the SQLite adapter has: a file, a writer thread, a sweeper, other processes at its lock."""

import asyncio
import contextlib
import resource
import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from cnop_platform.store import Absent, ConditionFailed, Delete, Key, Put, StoreUnavailable, Version, sqlite_turn
from cnop_platform.store.sqlite import SqliteStore
from cnop_platform.store.sqlite_statements import Holds, Statement
from cnop_platform.store.sqlite_sweeper import BATCH_ITEMS, GRACE_SECONDS
from cnop_platform.store.sqlite_turn import Turn
from cnop_platform.store.sqlite_writer import MAX_QUEUED

A, B = Key("P", "A"), Key("P", "B")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


@contextlib.asynccontextmanager
async def opened(path, **options):
    store = SqliteStore.open(path, **options)
    try:
        yield store
    finally:
        await store.close()


@contextlib.contextmanager
def write_lock_held(path):
    """Stands in for another process in the middle of a commit."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


async def test_an_opened_store_is_private_to_its_owner(path):
    async with opened(path) as store:
        await store.transact([Put(A, {})])
        files = sorted(path.parent.iterdir())
        assert [file.name for file in files] == ["store.db", "store.db-shm", "store.db-turn", "store.db-wal"]
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


async def test_a_commit_waits_for_the_disk(path):
    async with opened(path) as store:
        for pragma, value in {"journal_mode": "wal", "synchronous": 2, "fullfsync": 1}.items():
            assert store._writer._connection.execute(f"PRAGMA {pragma}").fetchone() == (value,)


async def test_what_was_written_is_there_after_opening_again(path):
    async with opened(path) as store:
        await store.transact([Put(A, {"n": 1}, index=Key("OPEN", "1"), expires_at=7)])
        before = await store.get(A)
    async with opened(path) as store:
        assert await store.get(A) == before
        assert (await store.query_index("OPEN")).items == (before,)


async def test_a_read_does_not_wait_for_a_commit_of_another_process(path):
    async with opened(path) as store:
        await store.transact([Put(A, {"n": 1})])
        with write_lock_held(path):
            writing = asyncio.create_task(store.transact([Put(A, {"n": 2})]))
            assert (await store.get(A)).body == {"n": 1}
            assert len((await store.query("P", limit=1000)).items) == 1
            assert [item.body async for item in store.scan()] == [{"n": 1}]
            assert not writing.done()
        await writing
        assert (await store.get(A)).body == {"n": 2}


async def test_a_lock_that_never_comes_free_is_unavailable_and_nothing_is_written(path):
    async with opened(path, write_timeout_seconds=0.05) as store:
        with write_lock_held(path):
            outcomes = await asyncio.gather(*(store.transact([Put(A, {})]) for _ in range(3)), return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 3
        await store.transact([Put(B, {})])
        assert await store.get(A) is None


async def test_a_transaction_that_nobody_waits_for_is_not_begun(path):
    async with opened(path) as store:
        with write_lock_held(path):
            first = asyncio.create_task(store.transact([Put(A, {})]))
            await asyncio.sleep(0)
            async with asyncio.timeout(5):
                while not store._writer._jobs.empty():
                    await asyncio.sleep(0.001)
            second = asyncio.create_task(store.transact([Put(B, {})]))
            await asyncio.sleep(0)
            second.cancel()
            await asyncio.sleep(0)
        await first
        await store.transact([Put(Key("P", "C"), {})])
        assert [item.key.sk for item in (await store.query("P")).items] == ["A", "C"]


async def test_a_disk_that_hangs_is_unavailable(path, monkeypatch):
    async with opened(path, write_timeout_seconds=0.05) as store:
        released = threading.Event()
        commit_group = store._writer._commit_group

        def hang(jobs):
            released.wait(5)
            return commit_group(jobs)

        monkeypatch.setattr(store._writer, "_commit_group", hang)
        try:
            with pytest.raises(StoreUnavailable, match="unknown"):
                await store.transact([Put(A, {})])
        finally:
            released.set()


async def test_the_queue_is_bounded(path):
    async with opened(path) as store:
        with write_lock_held(path):
            calls = [asyncio.create_task(store.transact([Put(Key("Q", str(n)), {})])) for n in range(MAX_QUEUED + 300)]
            done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED, timeout=5)
            assert done
            assert all(isinstance(call.exception(), StoreUnavailable) for call in done)
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
    refused = sum(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
    assert outcomes.count(None) + refused == len(calls)
    assert 0 < refused < 301


async def test_an_error_inside_a_group_hurts_only_its_own_transaction(path):
    async with opened(path) as store:
        await store.transact([Put(A, {"n": 1})])
        limit_pages(store, spare=40)
        large = [Put(Key("LARGE", str(n)), {"text": "x" * 300_000}) for n in range(3)]
        with write_lock_held(path):
            calls = [
                asyncio.create_task(store.transact(writes))
                for writes in (
                    [Put(B, {})],
                    [Put(A, {}, Absent())],
                    large,
                    [Put(Key("P", "C"), {}), Delete(A, Version(1))],
                )
            ]
            await asyncio.sleep(0.05)
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [type(None), ConditionFailed, StoreUnavailable, type(None)]
        assert [item.key.sk for item in (await store.query("P")).items] == ["B", "C"]
        assert (await store.query("LARGE")).items == ()


async def test_a_value_that_the_driver_cannot_bind_hurts_only_its_own_transaction(path):
    async with opened(path) as store:
        unbindable = Statement(A, "DELETE FROM items WHERE pk = ?", (2**70,), Holds.ALWAYS)
        calls = [store.transact([Put(A, {})]), store._writer.commit([unbindable]), store.transact([Put(B, {})])]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [type(None), StoreUnavailable, type(None)]
        await store.transact([Put(A, {})])


async def test_a_full_disk_is_unavailable_and_passes(path):
    async with opened(path) as store:
        limit_pages(store, spare=2)
        with pytest.raises(StoreUnavailable, match="full"):
            await store.transact([Put(A, {"text": "x" * 100_000})])
        assert await store.get(A) is None
        limit_pages(store, spare=1000)
        await store.transact([Put(A, {"text": "x" * 100_000})])


def limit_pages(store, *, spare):
    connection = store._writer._connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + spare}")


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="the system cannot limit the size of a file")
def test_a_log_that_cannot_grow_loses_no_acknowledged_write(path):
    script = textwrap.dedent(
        """
        import asyncio, resource, sys
        from cnop_platform.store import Key, Put, StoreUnavailable
        from cnop_platform.store.sqlite import SqliteStore

        async def main(path):
            store = SqliteStore.open(path)
            resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
            for number in range(100):
                try:
                    await store.transact([Put(Key("P", f"{number:03}"), {"text": "x" * 8000})])
                except StoreUnavailable:
                    break
                print(number)
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            await store.transact([Put(Key("P", "after"), {})])
            await store.close()

        asyncio.run(main(sys.argv[1]))
        """
    )
    run = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    acknowledged = [int(line) for line in run.stdout.split()]
    assert 0 < len(acknowledged) < 100
    assert set(asyncio.run(sort_keys(path))) >= {f"{number:03}" for number in acknowledged} | {"after"}


async def sort_keys(path):
    async with opened(path) as store:
        return [item.key.sk for item in (await store.query("P", limit=1000)).items]


async def test_closing_finishes_what_is_queued(path):
    store = SqliteStore.open(path)
    calls = [asyncio.create_task(store.transact([Put(Key("P", f"{n:03}"), {})])) for n in range(300)]
    await asyncio.sleep(0)
    await store.close()
    assert await asyncio.gather(*calls) == [None] * 300
    assert len(await sort_keys(path)) == 300


async def test_a_cancelled_caller_hurts_nobody(path):
    async with opened(path) as store:
        calls = [asyncio.create_task(store.transact([Put(Key("P", f"{n:03}"), {})])) for n in range(50)]
        await asyncio.sleep(0)
        for call in calls[::2]:
            call.cancel()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert outcomes[1::2] == [None] * 25
        await store.transact([Put(A, {})])


def test_one_file_serves_several_event_loops_one_after_another(path):
    store = SqliteStore.open(path)
    for number in (1, 2, 3):
        asyncio.run(store.transact([Put(A, {"n": number})]))
    assert asyncio.run(store.get(A)).version == 3
    asyncio.run(store.close())


def test_a_file_of_something_else_is_left_alone(path):
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE notes (text)")
    other.close()
    with pytest.raises(StoreUnavailable, match="something else"):
        SqliteStore.open(path)
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreUnavailable):
        SqliteStore.open(path)


def test_a_store_of_a_newer_program_is_refused(path):
    asyncio.run(SqliteStore.open(path).close())
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(StoreUnavailable, match="update the program"):
        SqliteStore.open(path)


def test_a_path_that_cannot_be_a_file_is_unavailable(tmp_path):
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        SqliteStore.open(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        SqliteStore.open(tmp_path / "file" / "store.db")


def test_processes_that_start_together_all_open_the_new_file(path):
    script = "import sys; from cnop_platform.store.sqlite import SqliteStore; SqliteStore.open(sys.argv[1])"
    command = [sys.executable, "-W", "ignore", "-c", script, str(path)]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(4)]
    assert [process.communicate()[1] for process in processes] == [b""] * 4


async def test_the_sweeper_deletes_only_what_expired_long_ago(path):
    now = 1_800_000_000
    async with opened(path, now_seconds=lambda: now) as store:
        long_ago, just_now = now - GRACE_SECONDS - 1, now - GRACE_SECONDS
        expiries = {"long ago": long_ago, "just now": just_now, "later": now + 1, "never": None}
        await store.transact([Put(Key("P", name), {}, expires_at=expiry) for name, expiry in expiries.items()])
        assert await store._sweeper.sweep() == 1
        assert {item.key.sk for item in (await store.query("P")).items} == {"just now", "later", "never"}


async def test_the_sweeper_works_in_bounded_batches(path):
    async with opened(path) as store:
        keys = [Key("P", f"{n:04}") for n in range(BATCH_ITEMS + 50)]
        for start in range(0, len(keys), 100):
            await store.transact([Put(key, {}, expires_at=1) for key in keys[start : start + 100]])
        assert await store._sweeper.sweep() == BATCH_ITEMS
        assert len((await store.query("P", limit=1000)).items) == 50
        assert await store._sweeper.sweep() == 50
        assert await store._sweeper.sweep() == 0


async def test_the_sweeper_spares_an_item_that_was_written_anew(path):
    async with opened(path) as store:
        await store.transact([Put(A, {}, expires_at=1)])
        found = store._sweeper._read

        def read_then_renew(sql, parameters):
            items = found(sql, parameters)
            with sqlite3.connect(path) as other:
                other.execute("UPDATE items SET expires_at = NULL")
            other.close()
            return items

        store._sweeper._read = read_then_renew
        assert await store._sweeper.sweep() == 1
        assert await store.get(A) is not None


async def test_a_write_by_another_process_is_seen_at_once(path):
    async with opened(path) as left, opened(path) as right:
        for number in range(1, 20):
            await left.transact([Put(A, {"n": number}, Version(number - 1) if number > 1 else Absent())])
            assert (await right.get(A)).version == number


async def test_a_writer_stands_behind_whoever_has_the_turn(path, monkeypatch):
    monkeypatch.setattr(sqlite_turn, "_PATIENCE_SECONDS", 5)
    turn = Turn(path.with_name("store.db-turn"))
    async with opened(path) as store:
        with turn.take():
            writing = asyncio.create_task(store.transact([Put(A, {})]))
            await asyncio.sleep(0.05)
            assert not writing.done()
        await writing
    turn.close()


async def test_a_writer_gives_the_turn_back_once_it_has_the_lock(path):
    turn = Turn(path.with_name("store.db-turn"))
    async with opened(path) as store:
        for number in range(20):
            await store.transact([Put(A, {"n": number})])
            started = time.monotonic()
            with turn.take():
                assert time.monotonic() - started < 0.05
    turn.close()
