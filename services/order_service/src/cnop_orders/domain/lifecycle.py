"""The life of an order, as one table. What the table does not list is illegal and raises."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from cnop_orders.domain.errors import OrderClosed


class Status(StrEnum):
    """Where an order is in its life."""

    PENDING = "pending"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Event(StrEnum):
    """What may happen to an order."""

    FILL = "fill"
    CANCEL = "cancel"
    EXPIRE = "expire"
    REPLACE = "replace"


TRANSITIONS: Final[Mapping[tuple[Status, Event], Status]] = {
    (Status.PENDING, Event.FILL): Status.COMPLETED,
    (Status.PENDING, Event.CANCEL): Status.CANCELLED,
    (Status.PENDING, Event.EXPIRE): Status.EXPIRED,
    (Status.PENDING, Event.REPLACE): Status.PENDING,
}


def next_status(status: Status, event: Event) -> Status:
    """Return the status after `event`. Raises `OrderClosed` when the table has no such transition."""
    try:
        return TRANSITIONS[status, event]
    except KeyError:
        raise OrderClosed(f"the order is {status.value} and no longer open") from None
