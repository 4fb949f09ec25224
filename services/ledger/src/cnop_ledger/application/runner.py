"""The ledger's front door: commands on one wallet wait in line, and whoever waits together commits together."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final

from cnop_core.clock import Clock
from cnop_core.errors import RateLimited
from cnop_core.ids import Entropy, TransactionId, UserId, prefixed_id
from cnop_ledger.application.chain import ChainKeys
from cnop_ledger.application.commands import Command, Outcome
from cnop_ledger.application.group import MAX_GROUP, Planner
from cnop_ledger.application.jobs import Job
from cnop_ledger.application.settlement import Means, Patience, Settlement, Sleep, Stats, Witness
from cnop_platform.store import Store, StoreUnavailable
from cnop_platform.store.port import MAX_KEYS

DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long the line in front of one wallet may get, and how long an answer is kept for replay."""

    queue_length: int = 500
    wait_seconds: float = 2.0
    group_size: int = MAX_GROUP
    retention_seconds: int = DAY_SECONDS


class Ledger:
    """Executes commands: each is applied once and durably, or refused; or its caller learns that nobody knows yet."""

    def __init__(
        self,
        store: Store,
        keys: ChainKeys,
        *,
        clock: Clock,
        entropy: Entropy,
        sleep: Sleep = asyncio.sleep,
        bounds: Bounds | None = None,
        patience: Patience | None = None,
        witness: Witness | None = None,
    ) -> None:
        self._bounds = bounds or Bounds()
        planner = Planner(keys, self._bounds.retention_seconds)
        self._means = Means(store, planner, clock, entropy, sleep, patience or Patience(), witness=witness)
        self._lines: dict[UserId, deque[Job]] = {}
        self._running: set[asyncio.Task[None]] = set()

    @property
    def stats(self) -> Stats:
        """Counters since the process started; for metrics."""
        return self._means.stats

    async def execute(self, command: Command) -> Outcome:
        """Decide and commit `command`, or replay the answer it already got.

        Raises what `decide` raises, `KeyReused`, `RateLimited` when the wallet is too busy, and `StoreUnavailable` when
        the store is away: then the outcome is unknown, and repeating the command is safe only under an idempotency key.
        """
        loop = asyncio.get_running_loop()
        job = Job(command, transaction_id=self._new_id(), answer=loop.create_future())
        self._line_up(job)
        timer = loop.call_later(self._bounds.wait_seconds, self._give_up, job)
        try:
            return await job.answer
        finally:
            timer.cancel()

    async def close(self) -> None:
        """Wait until every command that was accepted has its answer."""
        while self._lines:
            await asyncio.wait(self._running)

    def _new_id(self) -> TransactionId:
        return TransactionId(prefixed_id("txn", now=self._means.clock.now(), entropy=self._means.entropy))

    def _line_up(self, job: Job) -> None:
        user_id = job.command.user_id
        line = self._lines.get(user_id)
        if line is None:
            self._lines[user_id] = deque([job])
            self._start_next(user_id)
        elif len(line) < self._bounds.queue_length:
            line.append(job)
        else:
            raise self._too_busy()

    def _give_up(self, job: Job) -> None:
        """Turn away a job that has not begun; one that has will have its outcome soon."""
        if not job.started:
            job.settle(self._too_busy())

    def _too_busy(self) -> RateLimited:
        self.stats.rate_limited += 1
        return RateLimited("too many commands wait for this wallet; try again", retry_after_seconds=1)

    def _start_next(self, user_id: UserId) -> None:
        """Let the next group of this wallet go; one at a time, since two would only get in each other's way."""
        jobs = self._take(self._lines[user_id])
        if not jobs:
            del self._lines[user_id]
            return
        task = asyncio.create_task(self._settle(user_id, jobs), context=jobs[0].context)
        self._running.add(task)
        task.add_done_callback(lambda done: self._finished(user_id, done))

    def _finished(self, user_id: UserId, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if task.cancelled():
            for job in self._lines.pop(user_id):
                job.settle(_stopping())
        else:
            self._start_next(user_id)

    async def _settle(self, user_id: UserId, jobs: list[Job]) -> None:
        settlement = Settlement(self._means, user_id, jobs)
        try:
            await settlement.run()
        except asyncio.CancelledError:
            settlement.fail(_stopping())
            raise
        except Exception as error:  # noqa: BLE001 - the callers get it; the next in line get their own turn
            settlement.fail(error)

    def _take(self, line: deque[Job]) -> list[Job]:
        """Form the next group: as many as may be read for and commit at once. Empty when nobody waits."""
        jobs: list[Job] = []
        room = MAX_KEYS - 1
        while line and len(jobs) < self._bounds.group_size and len(line[0].reads) <= room:
            job = line.popleft()
            if job.answer.done():
                continue
            job.started = True
            room -= len(job.reads)
            jobs.append(job)
        return jobs


def _stopping() -> StoreUnavailable:
    return StoreUnavailable("the service is stopping; the command may or may not have taken effect")
