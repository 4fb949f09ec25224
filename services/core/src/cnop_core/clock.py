"""The clock is injected: code that needs the time takes a `Clock`, tests pass one they control."""

from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


class Clock(Protocol):
    """Gives the current instant."""

    def now(self) -> datetime:
        """Return the current time, timezone-aware, in UTC."""
        ...


class FixedClock:
    """A clock that moves only when told to."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant.astimezone(UTC)

    def now(self) -> datetime:
        """Return the instant that was last set."""
        return self._instant

    def advance(self, *, seconds: float) -> None:
        """Move the clock forward by `seconds`."""
        self._instant += timedelta(seconds=seconds)


def to_rfc3339(instant: datetime) -> str:
    """Render an aware instant as RFC 3339 UTC with milliseconds: `2026-01-31T12:00:00.000Z`."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_rfc3339(text: str) -> datetime:
    """Parse an RFC 3339 timestamp; a text without offset raises `ValueError`."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("a timestamp needs an offset, for example a trailing Z")
    return instant.astimezone(UTC)


def epoch_ms(instant: datetime) -> int:
    """Return whole milliseconds since 1970-01-01T00:00:00Z."""
    return (instant - _EPOCH) // _MILLISECOND


def from_epoch_ms(milliseconds: int) -> datetime:
    """Return the instant that lies `milliseconds` after 1970-01-01T00:00:00Z."""
    return _EPOCH + timedelta(milliseconds=milliseconds)
