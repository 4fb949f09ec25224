"""The real clock and randomness; the only place that asks the operating system for either."""

import secrets
import time
from datetime import UTC, datetime


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return datetime.now(UTC)


def entropy(count: int) -> bytes:
    """Return `count` unpredictable bytes from the operating system."""
    return secrets.token_bytes(count)


def monotonic() -> float:
    """Return seconds on a clock that never goes back."""
    return time.monotonic()
