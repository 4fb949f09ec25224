"""bcrypt over a peppered HMAC, in a small pool of its own, so that a flood of sign-ins cannot starve anything else."""

import asyncio
import base64
import contextlib
import hmac
import math
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final, TypeVar

import bcrypt

from cnop_core.ids import Entropy
from cnop_platform.system import monotonic
from cnop_users.adapters.keyring import Keyring, NamedKey
from cnop_users.domain.errors import HashingBusy
from cnop_users.domain.users import StoredPassword

T = TypeVar("T")
# A tenth of the share that other threads get, so that sign-ins neither hold anything else up nor starve. It counts
# among the threads of one session or container, which is why the local stack is one session.
_NICENESS: Final = 10
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_COST_FIELD: Final = 2
_WEIGHT_OF_THE_LATEST: Final = 0.1


class BcryptHasher:
    """Hashes passwords: base64(HMAC-SHA-256(pepper, password)) is what bcrypt sees, so that length is never cut.

    At most `workers` hash at a time, at a lower priority than the rest of the process where the system can do that per
    thread. At most `queue` wait for a turn, and nobody who would wait longer than `longest_wait_seconds`: whoever has
    given up by then would only take the time of those who come later.
    """

    def __init__(
        self,
        *,
        peppers: Keyring,
        cost: int,
        workers: int,
        queue: int,
        longest_wait_seconds: float,
        entropy: Entropy,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._peppers = peppers
        self._cost = cost
        self._workers = workers
        self._queue = queue
        self._longest_wait_seconds = longest_wait_seconds
        self._clock = clock
        self._waiting = 0
        self._turns = asyncio.Semaphore(workers)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="password", initializer=_yield_to_others)
        # Compared with when there is no account: same cost, and nobody knows a password that fits.
        unknown, began = base64.b64encode(entropy(32)), clock()
        self._nobody = StoredPassword(
            bcrypt.hashpw(unknown, bcrypt.gensalt(cost)).decode(), peppers.current.key_id, _LONG_AGO
        )
        self._seconds_each = clock() - began
        self._under_way: list[float] = []

    def require_room(self) -> None:
        """See `PasswordHasher.require_room`."""
        slowest = self._clock() - self._under_way[0] if self._under_way else 0.0
        wait_seconds = self._waiting * max(self._seconds_each, slowest) / self._workers
        if self._waiting >= self._queue or wait_seconds > self._longest_wait_seconds:
            raise HashingBusy(retry_after_seconds=max(1, math.ceil(wait_seconds)))

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """See `PasswordHasher.turn`."""
        self.require_room()
        self._waiting += 1
        try:
            # An estimate can be wrong: whoever waited that long in the end is told so, before the gateway gives up.
            async with asyncio.timeout(self._longest_wait_seconds):
                await self._turns.acquire()
        except TimeoutError:
            raise HashingBusy(retry_after_seconds=math.ceil(self._longest_wait_seconds)) from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._turns.release()

    async def hash(self, password: str, *, now: datetime) -> StoredPassword:
        """See `PasswordHasher.hash`."""
        pepper = self._peppers.current
        digest = await self._run(lambda: bcrypt.hashpw(_peppered(password, pepper), bcrypt.gensalt(self._cost)))
        return StoredPassword(digest.decode(), pepper.key_id, now)

    async def matches(self, password: str, stored: StoredPassword | None) -> bool:
        """See `PasswordHasher.matches`. A digest under a pepper that is gone matches nothing."""
        known = stored if stored and self._peppers.get(stored.pepper_id) else self._nobody
        pepper = self._peppers.get(known.pepper_id) or self._peppers.current
        return await self._run(lambda: self._check(_peppered(password, pepper), known)) and known is stored

    def _check(self, peppered: bytes, known: StoredPassword) -> bool:
        """Compare, and work on after a failure until it is as much as for a digest of today's cost.

        An account whose digest is older and so cheaper would else be told from one that does not exist. The rounds of
        all costs from the older one up to today's, without the latter, add up to what is missing.
        """
        if bcrypt.checkpw(peppered, known.digest.encode()):
            return True
        for cost in range(_cost_of(known), self._cost):
            bcrypt.hashpw(peppered, bcrypt.gensalt(cost))
        return False

    def is_outdated(self, stored: StoredPassword) -> bool:
        """See `PasswordHasher.is_outdated`."""
        return _cost_of(stored) != self._cost or stored.pepper_id != self._peppers.current.key_id

    async def close(self) -> None:
        """Let the pool's threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        began = self._clock()
        self._under_way.append(began)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._under_way.remove(began)
            # How long one takes, as it was lately: a busy machine takes longer.
            self._seconds_each += (self._clock() - began - self._seconds_each) * _WEIGHT_OF_THE_LATEST


def _cost_of(stored: StoredPassword) -> int:
    return int(stored.digest.split("$")[_COST_FIELD])


def _peppered(password: str, pepper: NamedKey) -> bytes:
    return base64.b64encode(hmac.digest(pepper.secret, password.encode(), "sha256"))


def _yield_to_others() -> None:
    """Lower the priority of this thread. Only Linux knows priorities of single threads; elsewhere it stays."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
