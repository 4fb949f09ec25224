"""Deletes items long after they expired, a few at a time, as DynamoDB's time to live does."""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from cnop_platform.store.port import Item, Key, StoreUnavailable
from cnop_platform.store.sqlite_statements import COLUMNS, Holds, Statement
from cnop_platform.store.sqlite_writer import Writer

GRACE_SECONDS: Final = 3600
"""Long enough that nobody comes to rely on an expired item being gone."""
BATCH_ITEMS: Final = 200
_INTERVAL_SECONDS: Final = 60.0

_EXPIRED: Final = f"SELECT {COLUMNS} FROM items WHERE expires_at < ? ORDER BY expires_at LIMIT ?"
_DELETE: Final = "DELETE FROM items WHERE pk = ? AND sk = ? AND expires_at < ?"


class Sweeper:
    """Looks for expired items once a minute; its deletions queue with all other writes."""

    def __init__(
        self,
        writer: Writer,
        read: Callable[[str, Sequence[object]], tuple[Item, ...]],
        *,
        now_seconds: Callable[[], float],
    ) -> None:
        self._writer = writer
        self._read = read
        self._now_seconds = now_seconds
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin sweeping in the running event loop, unless it does so already."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="store-sweeper")

    async def stop(self) -> None:
        """End sweeping; a batch that is being written is finished by the writer."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    async def sweep(self) -> int:
        """Delete up to `BATCH_ITEMS` items that expired over `GRACE_SECONDS` ago; return how many were found."""
        before = int(self._now_seconds()) - GRACE_SECONDS
        items = await asyncio.to_thread(self._read, _EXPIRED, (before, BATCH_ITEMS))
        if items:
            await self._writer.commit([_deletion(item.key, before) for item in items])
        return len(items)

    async def _run(self) -> None:
        while True:
            # Every process sweeps; the spread keeps them from doing it at the same moment.
            await asyncio.sleep(random.uniform(0.5, 1.5) * _INTERVAL_SECONDS)  # noqa: S311 - guards nothing
            with suppress(StoreUnavailable):
                while await self.sweep() == BATCH_ITEMS:
                    pass


def _deletion(key: Key, before: int) -> Statement:
    # The expiry is looked at once more, since the item may have been written anew in the meantime.
    return Statement(key, _DELETE, (*key, before), Holds.ALWAYS)
