"""Run as a process: `worker.py URL deposit|withdraw USER FIRST_KEY COUNT CALLERS` moves a cent COUNT times.

It says when it is ready, begins on a line from its standard input, and acknowledges each command on a line of its own:
its key, and its transaction id, or the code of the refusal.
"""

import asyncio
import itertools
import sys

from cnop_core.errors import CnopError
from cnop_core.ids import UserId
from cnop_ledger import Ledger
from cnop_ledger.testing import KEYS, deposit_command, withdraw_command
from cnop_platform.store.open import open_store
from cnop_platform.system import SystemClock, entropy

MOVES = {"deposit": deposit_command, "withdraw": withdraw_command}


async def main(url: str, move: str, user: str, first_key: int, count: int, callers: int) -> None:
    store = await open_store(url)
    ledger = Ledger(store, KEYS, clock=SystemClock(), entropy=entropy)
    keys = itertools.islice(itertools.count(first_key), count)
    say("ready")
    await asyncio.to_thread(sys.stdin.readline)

    async def call() -> None:
        for key in keys:
            try:
                outcome = await ledger.execute(MOVES[move](UserId(user), 1, key=f"{move} {key}"))
            except CnopError as refusal:
                say(f"{key} {refusal.stable_code}")
            else:
                say(f"{key} {'replayed' if outcome.entry is None else outcome.entry.transaction_id}")

    await asyncio.gather(*(call() for _ in range(callers)))
    await ledger.close()
    await store.close()


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4], *map(int, sys.argv[4:])))
