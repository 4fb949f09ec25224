"""A person's own security events, as the audit trail has them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cnop_core.clock import from_epoch_ms
from cnop_core.ids import UserId
from cnop_platform.store import Item, Store


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """One thing that happened to an account."""

    event_id: str
    name: str
    succeeded: bool
    at: datetime
    address: str
    session_id: str | None
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events, newest first."""

    events: tuple[SecurityEvent, ...]
    next_cursor: str | None


class SecurityEvents:
    """Reads the index of audit records by person."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, user_id: UserId, *, limit: int, cursor: str | None) -> EventPage:
        """Return a page of the person's events, newest first. Raises `InvalidCursor`."""
        page = await self._store.query_index(f"AUDIT-OF#{user_id}", forward=False, limit=limit, cursor=cursor)
        return EventPage(tuple(_event(item, user_id) for item in page.items), page.cursor)


def _event(item: Item, user_id: UserId) -> SecurityEvent:
    """Render a record for the person it is about; where somebody else was when they did it is not the person's."""
    body: Mapping[str, Any] = item.body
    record: Mapping[str, Any] = body["record"]
    actor: Mapping[str, Any] = record.get("actor", {})
    is_own = actor.get("user", {}).get("uid", user_id) == user_id
    return SecurityEvent(
        event_id=record["metadata"]["uid"],
        name=record["activity_name"],
        succeeded=record["status_id"] == 1,
        at=from_epoch_ms(record["time"]),
        address=record["src_endpoint"].get("ip", "") if is_own else "",
        session_id=actor.get("session", {}).get("uid"),
        details=record["unmapped"],
    )
