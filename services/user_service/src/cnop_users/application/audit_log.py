"""The audit trail as auditors read it: newest first, by person, class and time."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from cnop_core.clock import Clock
from cnop_core.ids import ulid
from cnop_platform.audit.recent import RecentChain, recent_chain
from cnop_platform.audit.trail import record_key
from cnop_platform.store import InvalidCursor, Item, Store

_LOOK_BACK_DAYS: Final = 30
_MOST_DAYS: Final = 400
_MOST_LOOKED_AT: Final = 1_000
_CHUNK: Final = 200
_ULID_LENGTH: Final = 26


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which records are wanted; `user` is whom they are about, or who acted where they are about nobody."""

    user: str | None = None
    class_uid: int | None = None
    start: datetime | None = None
    end: datetime | None = None

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Tell whether a record is of the wanted class; person and time are in its key."""
        return self.class_uid is None or record["class_uid"] == self.class_uid


@dataclass(frozen=True, slots=True)
class AuditPage:
    """OCSF records. A page may come back short and still have a cursor: it looks at 1,000 records at most."""

    records: tuple[Mapping[str, Any], ...]
    next_cursor: str | None


class AuditLog:
    """Pages through audit records."""

    def __init__(self, *, store: Store, clock: Clock, key: bytes) -> None:
        self._store = store
        self._clock = clock
        self._key = key

    async def chain(self) -> RecentChain:
        """Return how the end of the chain of checkpoints stands."""
        return await recent_chain(self._store, key=self._key, now=self._clock.now())

    async def page(self, wanted: AuditFilter, *, limit: int, cursor: str | None) -> AuditPage:
        """Return up to `limit` records, newest first; of the last 30 days unless `wanted` says otherwise."""
        if cursor is not None and (len(cursor) != _ULID_LENGTH or not cursor.isalnum()):
            raise InvalidCursor("the cursor was not made by this query; start again without one")
        found: list[Mapping[str, Any]] = []
        seen, last = 0, ""
        async for item in self._backward(wanted, cursor):
            if len(found) == limit or seen == _MOST_LOOKED_AT:
                return AuditPage(tuple(found), last)
            seen, last = seen + 1, item.key.sk
            body: Mapping[str, Any] = item.body
            if wanted.matches(body["record"]):
                found.append(body["record"])
        return AuditPage(tuple(found), None)

    def _backward(self, wanted: AuditFilter, cursor: str | None) -> AsyncIterator[Item]:
        end = wanted.end or self._clock.now() + timedelta(seconds=1)
        start = wanted.start or end - timedelta(days=_LOOK_BACK_DAYS)
        start = max(start, end - timedelta(days=_MOST_DAYS))
        below = min(cursor or _first_id(end), _first_id(end))
        if wanted.user is not None:
            return self._of_person(wanted.user, lowest=_first_id(start), below=below)
        return self._of_days(start, end, below=below)

    async def _of_person(self, user: str, *, lowest: str, below: str) -> AsyncIterator[Item]:
        cursor = None
        while True:
            page = await self._store.query_index(
                f"AUDIT-OF#{user}", start=lowest, end=below, forward=False, limit=_CHUNK, cursor=cursor
            )
            for item in page.items:
                if item.key.sk < below:
                    yield item
            cursor = page.cursor
            if cursor is None:
                return

    async def _of_days(self, start: datetime, end: datetime, *, below: str) -> AsyncIterator[Item]:
        lowest, day = _first_id(start), end
        while day.date() >= start.date():
            partition, cursor = record_key(_first_id(day)).pk, None
            while partition <= record_key(below).pk:
                page = await self._store.query(
                    partition, start=lowest, end=below, forward=False, limit=_CHUNK, cursor=cursor
                )
                for item in page.items:
                    if item.key.sk < below:
                        yield item
                cursor = page.cursor
                if cursor is None:
                    break
            day -= timedelta(days=1)


def _first_id(instant: datetime) -> str:
    return ulid(now=instant, entropy=bytes)
