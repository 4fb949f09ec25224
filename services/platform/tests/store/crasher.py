"""Run as a process: `crasher.py URL` writes three items at a time until killed, and prints what was acknowledged."""

import asyncio
import itertools
import sys

from cnop_platform.store import Absent, Key, Put
from cnop_platform.store.open import open_store

PARTS = ("WALLET", "ENTRY", "ORDER")


async def write(store, numbers) -> None:
    for number in numbers:
        await store.transact([Put(Key(f"{part}#{number}", part), {"n": number}, Absent()) for part in PARTS])
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


async def main(url: str) -> None:
    if url.startswith("dynamodb"):
        from cnop_platform.store import dynamodb_client  # noqa: PLC0415 - slow to load, and not always needed

        # DynamoDB Local on a busy machine may be slow; that is not what this is about.
        dynamodb_client.ATTEMPT_SECONDS = dynamodb_client.RETRY_SECONDS = 15.0
    store = await open_store(url)
    numbers = itertools.count()
    await asyncio.gather(*(write(store, numbers) for _ in range(20)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
