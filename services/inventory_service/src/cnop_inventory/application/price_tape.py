"""The tape of price ticks: written once per change of the board, read by any number of streams at their own pace."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from itertools import dropwhile
from typing import Final, NamedTuple

from cnop_core.clock import epoch_ms
from cnop_core.ids import AssetId
from cnop_platform.prices import PriceBoard, Quote

KEPT_TICKS: Final = 120
"""How far back a reader that was away can resume; one that was away longer gets all prices anew."""
_MAX_AHEAD_MS: Final = 60_000

Encode = Callable[[int, Iterable[Quote]], bytes]
"""(event id, quotes) → the encoded event."""


class Tick(NamedTuple):
    """One event; ids are the time of its newest quote in epoch milliseconds, so they mean the same in every replica."""

    event_id: int
    encoded: bytes


class PriceTape:
    """The latest ticks, shared by all readers."""

    def __init__(self, board: PriceBoard, *, encode: Encode, kept: int = KEPT_TICKS) -> None:
        self._board = board
        self._encode = encode
        self._ticks: deque[Tick] = deque(maxlen=kept)
        self._seen: dict[AssetId, Quote] = {}
        self._missed_from = 0
        self._everything: Tick | None = None
        self._written = asyncio.Event()

    async def run(self) -> None:
        """Write the tape until cancelled."""
        revision = 0
        while True:
            revision = await self._board.wait_for_change(since=revision)
            self.write()

    def write(self) -> None:
        """Write a tick with what has changed on the board."""
        changed = [quote for quote in self._board.all().values() if self._seen.get(quote.asset_id) != quote]
        if not changed:
            return
        self._seen.update((quote.asset_id, quote) for quote in changed)
        newest = max(epoch_ms(quote.as_of) for quote in changed)
        event_id = max(newest, self._ticks[-1].event_id + 1) if self._ticks else newest
        if not self._ticks:
            # What came before this process began is not on its tape.
            self._missed_from = event_id - 1
        elif len(self._ticks) == self._ticks.maxlen:
            self._missed_from = self._ticks[0].event_id
        self._ticks.append(Tick(event_id, self._encode(event_id, changed)))
        self._everything = None
        written, self._written = self._written, asyncio.Event()
        written.set()

    def reader(self, *, last_event_id: int | None) -> "TapeReader":
        """Return a reader that goes on after the event with that id."""
        return TapeReader(self, last_event_id)

    async def after(self, event_id: int | None) -> list[Tick]:
        """Wait for ticks after `event_id`, and return them, oldest first; without it, return all prices in one."""
        while not self._ticks or (event_id is not None and self._is_ahead(event_id)):
            await self._written.wait()
        if event_id is None or not self._missed_from <= event_id <= self._ticks[-1].event_id:
            return [self._all_prices()]
        return list(dropwhile(lambda tick: tick.event_id <= event_id, self._ticks))

    def _is_ahead(self, event_id: int) -> bool:
        """Tell whether a reader has all there is; another replica may have been a little ahead of this one."""
        return 0 <= event_id - self._ticks[-1].event_id <= _MAX_AHEAD_MS

    def _all_prices(self) -> Tick:
        if self._everything is None:
            event_id = self._ticks[-1].event_id
            self._everything = Tick(event_id, self._encode(event_id, self._seen.values()))
        return self._everything


class TapeReader:
    """One stream's place on the tape."""

    def __init__(self, tape: PriceTape, last_event_id: int | None) -> None:
        self._tape = tape
        self._last_event_id = last_event_id

    async def next(self) -> bytes:
        """Wait for what was not read yet; a call that is cancelled loses nothing."""
        ticks = await self._tape.after(self._last_event_id)
        self._last_event_id = ticks[-1].event_id
        return b"".join(tick.encoded for tick in ticks)
