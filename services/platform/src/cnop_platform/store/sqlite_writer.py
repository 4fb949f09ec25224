"""Group commit: one thread per process writes, and whatever is queued when it looks becomes durable with one fsync.

Each transaction of a group stands in a savepoint of its own, so one that fails leaves the others untouched. Nothing is
acknowledged before the commit of its group has returned.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from cnop_platform.store.port import ConditionFailed, Key, StoreUnavailable
from cnop_platform.store.sqlite_schema import connect, is_busy, pauses
from cnop_platform.store.sqlite_statements import Statement
from cnop_platform.store.sqlite_turn import Turn

MAX_QUEUED: Final = 4096
MAX_GROUP: Final = 256

Outcome: TypeAlias = Exception | None
"""None: the transaction is durable."""

_DRIVER_ERRORS: Final = (sqlite3.Error, ArithmeticError, TypeError, ValueError)
"""What the driver raises, the last three for a value it cannot bind; nothing of it may end the thread."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A queued transaction and who waits for it until `deadline` (seconds of the monotonic clock)."""

    statements: Sequence[Statement]
    loop: asyncio.AbstractEventLoop
    done: "asyncio.Future[None]"
    deadline: float

    @property
    def is_awaited(self) -> bool:
        """Whether the caller still waits; a job that nobody waits for is not begun."""
        return not self.done.cancelled() and time.monotonic() <= self.deadline


class GroupLost(Exception):
    """SQLite rolled back the whole group because of an error in one of its transactions."""


class Writer:
    """The only writer of this process to one SQLite file."""

    def __init__(self, path: Path, *, timeout_seconds: float) -> None:
        # Waiting for another process is done by `_begin`, hence no busy timeout here.
        self._connection = connect(path, busy_timeout_seconds=0)
        self._cursor = self._connection.cursor()
        self._turn = Turn(path.with_name(f"{path.name}-turn"))
        self._timeout_seconds = timeout_seconds
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    async def commit(self, statements: Sequence[Statement]) -> None:
        """Return when the statements are durable. Raises `ConditionFailed`, `StoreUnavailable`."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        if self._jobs.qsize() >= MAX_QUEUED:
            raise StoreUnavailable(f"{MAX_QUEUED} transactions are waiting already; nothing was written")
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        self._jobs.put(Job(statements, loop, done, time.monotonic() + self._timeout_seconds))
        try:
            # Twice as long: a job begins before its deadline or not at all, but then the disk may take its time.
            async with asyncio.timeout(2 * self._timeout_seconds):
                await done
        except TimeoutError as error:
            raise StoreUnavailable("the disk took too long; whether the transaction took effect is unknown") from error

    def close(self) -> None:
        """Finish what is queued and release the file; it blocks until then."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        more = True
        while more:
            jobs, more = self._take()
            if jobs:
                self._deliver(jobs, self._commit(jobs))
        self._connection.close()
        self._turn.close()

    def _take(self) -> tuple[list[Job], bool]:
        """Wait for a job and return it with all others that are queued; False once closing."""
        jobs: list[Job] = []
        job = self._jobs.get()
        while job is not None:
            jobs.append(job)
            if len(jobs) == MAX_GROUP:
                return jobs, True
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return jobs, True
        return jobs, False

    def _commit(self, jobs: Sequence[Job]) -> list[Outcome]:
        try:
            return self._commit_group(jobs)
        except GroupLost as error:
            if len(jobs) == 1:
                return [_unavailable(error.__cause__)]
            # One transaction took the group down with it: each gets its own, so that only the culprit fails.
            return [outcome for job in jobs for outcome in self._commit([job])]
        except _DRIVER_ERRORS as error:
            self._roll_back()
            return [_unavailable(error) for _ in jobs]

    def _commit_group(self, jobs: Sequence[Job]) -> list[Outcome]:
        self._begin(deadline=max(job.deadline for job in jobs))
        outcomes = [self._apply(job.statements) if job.is_awaited else _too_late() for job in jobs]
        self._cursor.execute("COMMIT")
        return outcomes

    def _begin(self, *, deadline: float) -> None:
        """Take the write lock by `deadline`, or raise `sqlite3.OperationalError`.

        SQLite's own busy handler sleeps up to 100 ms between tries, far longer than a commit takes.
        """
        with self._turn.take():
            for pause in pauses():
                try:
                    self._cursor.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError as error:
                    if not is_busy(error) or time.monotonic() >= deadline:
                        raise
                else:
                    return
                time.sleep(pause)

    def _apply(self, statements: Sequence[Statement]) -> Outcome:
        cursor = self._cursor
        try:
            cursor.execute("SAVEPOINT one")
            failed = _execute_all(cursor, statements)
            if failed:
                cursor.execute("ROLLBACK TO one")
            cursor.execute("RELEASE one")
        except _DRIVER_ERRORS as error:
            return self._abandon(error)
        return ConditionFailed(failed) if failed else None

    def _abandon(self, error: Exception) -> Outcome:
        """Undo the one transaction that failed with `error`; raise `GroupLost` if SQLite undid the whole group."""
        if not self._connection.in_transaction:
            raise GroupLost from error
        try:
            self._cursor.execute("ROLLBACK TO one")
            self._cursor.execute("RELEASE one")
        except sqlite3.Error:
            self._roll_back()
            raise GroupLost from error
        return _unavailable(error)

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            # Should even this fail, the next group cannot begin, and its callers are told so.
            with suppress(sqlite3.Error):
                self._cursor.execute("ROLLBACK")

    def _deliver(self, jobs: Sequence[Job], outcomes: Sequence[Outcome]) -> None:
        """Wake the waiting callers, with one call into each event loop."""
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Job, Outcome]]] = defaultdict(list)
        for job, outcome in zip(jobs, outcomes, strict=True):
            by_loop[job.loop].append((job, outcome))
        for loop, settled in by_loop.items():
            try:
                loop.call_soon_threadsafe(_settle, settled)
            except RuntimeError:
                _log.warning("store_caller_gone", extra={"transactions": len(settled)})


def _execute_all(cursor: sqlite3.Cursor, statements: Sequence[Statement]) -> list[tuple[int, Key]]:
    return [(index, statement.key) for index, statement in enumerate(statements) if not statement.execute(cursor)]


def _settle(settled: Sequence[tuple[Job, Outcome]]) -> None:
    for job, outcome in settled:
        if job.done.done():
            continue
        if outcome is None:
            job.done.set_result(None)
        else:
            job.done.set_exception(outcome)


def _unavailable(error: BaseException | None) -> StoreUnavailable:
    return StoreUnavailable(f"the store could not write: {error}")


def _too_late() -> StoreUnavailable:
    return StoreUnavailable("the store was busy for too long; nothing was written")
