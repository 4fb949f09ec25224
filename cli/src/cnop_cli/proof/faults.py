"""Faults: processes are killed and paused, the store's wire is cut, at random but repeatable times."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from cnop_cli.proof.cut import Wire
from cnop_cli.stack import processes
from cnop_cli.stack.record import Identity

Find = Callable[[str], Identity | None]
"""Finds the process that runs now under a name."""
_EVERY_SECONDS: Final = (0.4, 1.6)
_PAUSE_SECONDS: Final = (0.3, 3.0)
_CUT_SECONDS: Final = (0.2, 2.0)
_CUT: Final = 0.2
_KILL: Final = 0.6


@dataclass(slots=True)
class Faults:
    """Does harm to a stack; `done` counts it."""

    victims: Sequence[str]
    find: Find
    dice: random.Random
    wire: Wire | None = None
    done: Counter[str] = field(default_factory=Counter)

    async def run(self) -> None:
        """Do harm until cancelled; whatever is paused or cut by then is let go."""
        async with asyncio.TaskGroup() as group:
            while True:
                await asyncio.sleep(self.dice.uniform(*_EVERY_SECONDS))
                group.create_task(self.one())

    async def one(self) -> None:
        """Do harm once."""
        if self.wire is not None and self.dice.random() < _CUT:
            await self._cut(self.wire)
            return
        name = self.dice.choice(self.victims)
        kill, seconds = self.dice.random() < _KILL, self.dice.uniform(*_PAUSE_SECONDS)
        victim = self.find(name)
        if victim is None or not processes.is_running(victim):
            return
        if kill:
            self.done[f"kill {name}"] += 1
            processes.send(victim.pid, signal.SIGKILL)
        else:
            self.done[f"pause {name}"] += 1
            await pause(victim, seconds)

    async def _cut(self, wire: Wire) -> None:
        self.done["cut store"] += 1
        wire.cut()
        try:
            await asyncio.sleep(self.dice.uniform(*_CUT_SECONDS))
        finally:
            wire.mend()


async def pause(victim: Identity, seconds: float) -> None:
    """Stop a process from running for a while; it goes on even when this is cancelled."""
    processes.send(victim.pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        if processes.is_running(victim):
            processes.send(victim.pid, signal.SIGCONT)
