"""Every adapter that several processes share: races between them, and what survives `kill -9`."""

import asyncio
import sys
from collections import Counter
from pathlib import Path

from cnop_platform.store import Absent, Key, Put
from cnop_platform.store.open import open_store

HERE = Path(__file__).parent
PER_PROCESS = {"sqlite": 80, "dynamodb": 20}
PARTS = ("WALLET", "ENTRY", "ORDER")


async def start(script, *arguments):
    return await asyncio.create_subprocess_exec(
        sys.executable, str(HERE / script), *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )


async def test_racing_processes_leave_one_chain_without_gap_or_loss(shared_url):
    store = await open_store(shared_url)
    await store.transact([Put(Key("CHAIN", "HEAD"), {"entries": 0}, Absent())])
    names = ("left", "right", "middle")
    each = PER_PROCESS[shared_url.partition(":")[0]]
    processes = [await start("racer.py", shared_url, name, str(each)) for name in names]
    assert [await process.stdout.readline() for process in processes] == [b"ready\n"] * 3
    outputs = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sum(int(output) for output, _ in outputs) > 0, "they never met, so nothing was proven"

    total = each * len(names)
    entries = (await store.query("CHAIN", prefix="ENTRY#", limit=1000)).items
    assert [entry.key.sk for entry in entries] == [f"ENTRY#{number:06}" for number in range(1, total + 1)]
    assert Counter(entry.body["by"] for entry in entries) == dict.fromkeys(names, each)
    head = await store.get(Key("CHAIN", "HEAD"))
    assert (head.body["entries"], head.version) == (total, total + 1)
    for name in names:
        assert (await store.get(Key("TALLY", name))).version == each
    await store.close()


async def test_acknowledged_transactions_survive_kill_9_and_none_is_torn(shared_url):
    process = await start("crasher.py", shared_url)
    acknowledged = [int(await process.stdout.readline()) for _ in range(100)]
    process.kill()
    rest = (await process.communicate())[0]
    acknowledged += [int(line) for line in rest.splitlines(keepends=True) if line.endswith(b"\n")]

    store = await open_store(shared_url)
    found = {part: set() for part in PARTS}
    async for item in store.scan():
        found[item.key.sk].add(item.body["n"])
    assert found["WALLET"] == found["ENTRY"] == found["ORDER"]
    assert set(acknowledged) <= found["WALLET"]
    await store.close()
