import asyncio
import stat

import pytest

from cnop_platform.store import Key, Put, StoreUnavailable
from cnop_platform.store.backup import backup
from cnop_platform.store.sqlite import SqliteStore

A, B = Key("P", "A"), Key("P", "B")


async def test_a_backup_taken_under_load_holds_whole_transactions(tmp_path):
    store = SqliteStore.open(tmp_path / "store.db")
    await store.transact([Put(A, {"n": 0}), Put(B, {"n": 0})])
    stop = asyncio.Event()

    async def write_on():
        number = 0
        while not stop.is_set():
            number += 1
            await store.transact([Put(A, {"n": number}), Put(B, {"n": number})])

    load = asyncio.create_task(write_on())
    while (await store.get(A)).version < 20:
        await asyncio.sleep(0)
    acknowledged = (await store.get(A)).body["n"]
    await asyncio.to_thread(backup, tmp_path / "store.db", tmp_path / "copy.db")
    stop.set()
    await load
    await store.close()

    copy = SqliteStore.open(tmp_path / "copy.db")
    numbers = {(await copy.get(key)).body["n"] for key in (A, B)}
    await copy.close()
    assert len(numbers) == 1
    assert numbers.pop() >= acknowledged


async def test_a_backup_replaces_an_older_one_and_is_private(tmp_path):
    store = SqliteStore.open(tmp_path / "store.db")
    for number in (1, 2):
        await store.transact([Put(A, {"n": number})])
        backup(tmp_path / "store.db", tmp_path / "copy.db")
    await store.close()
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    assert not list(tmp_path.glob("copy.db-*")), "the copy is one file and can be moved"
    copy = SqliteStore.open(tmp_path / "copy.db")
    assert (await copy.get(A)).body == {"n": 2}
    await copy.close()


def test_a_backup_that_fails_leaves_nothing_behind(tmp_path):
    with pytest.raises(StoreUnavailable, match="no store"):
        backup(tmp_path / "missing.db", tmp_path / "copy.db")
    (tmp_path / "broken.db").write_bytes(b"no database at all" * 1000)
    with pytest.raises(StoreUnavailable, match="failed"):
        backup(tmp_path / "broken.db", tmp_path / "copy.db")
    assert [file.name for file in tmp_path.iterdir()] == ["broken.db"]
