"""Fair turns at the write lock between the processes that share a SQLite file.

SQLite's lock has no queue: a process that commits back to back takes it again before a waiting one has looked, and the
waiting one starves. So whoever wants the lock first takes the turn, an advisory lock on a file beside the store, and
gives it back once it has the write lock. The process that just committed then finds the turn taken and stands behind.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from cnop_platform.store.sqlite_schema import pauses

_PATIENCE_SECONDS: Final = 0.1
_BYPASS_SECONDS: Final = 1.0


class Turn:
    """This process's place in the order of writers. Fairness rests on it, correctness does not."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        self._bypassed_until = 0.0

    @contextmanager
    def take(self) -> Iterator[None]:
        """Wait for the turn and hold it; after `_PATIENCE_SECONDS` go on without it.

        Its holder may be a paused process, which must not keep the others from writing.
        """
        taken = self._wait()
        try:
            yield
        finally:
            if taken:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Release the file."""
        os.close(self._file)

    def _wait(self) -> bool:
        started = time.monotonic()
        if started < self._bypassed_until:
            return False
        for pause in pauses():
            with suppress(BlockingIOError):
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            if time.monotonic() - started > _PATIENCE_SECONDS:
                self._bypassed_until = time.monotonic() + _BYPASS_SECONDS
                return False
            time.sleep(pause)
        raise AssertionError("the pauses never end")
