"""Run as a process: `racer.py URL NAME COUNT` appends COUNT entries to one chain that others append to as well.

It says when it is ready, and begins on a line from its standard input.
"""

import asyncio
import sys

from cnop_platform.store import Absent, ConditionFailed, Key, Put, Version
from cnop_platform.store.open import open_store

HEAD = Key("CHAIN", "HEAD")


def entry_key(number: int) -> Key:
    return Key("CHAIN", f"ENTRY#{number:06}")


async def append(store, name: str) -> bool:
    head = await store.get(HEAD)
    number = head.body["entries"] + 1
    try:
        await store.transact(
            [
                Put(HEAD, {"entries": number}, Version(head.version)),
                Put(entry_key(number), {"by": name}, Absent()),
                Put(Key("TALLY", name), {}),
            ]
        )
    except ConditionFailed:
        return False
    return True


async def main(url: str, name: str, count: int) -> None:
    if url.startswith("dynamodb"):
        from cnop_platform.store import dynamodb_client  # noqa: PLC0415 - slow to load, and not always needed

        # DynamoDB Local on a busy machine may be slow; that is not what this is about.
        dynamodb_client.ATTEMPT_SECONDS = dynamodb_client.RETRY_SECONDS = 15.0
    store = await open_store(url)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    conflicts = 0
    while count:
        if await append(store, name):
            count -= 1
        else:
            conflicts += 1
    await store.close()
    sys.stdout.write(f"{conflicts}\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
