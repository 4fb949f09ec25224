"""The machine itself: its clock, its randomness, its processors; the only place that asks it for any of them."""

import os
import secrets
import sys
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


def processors() -> int:
    """Return how many processors this process may run on."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def monotonic() -> float:
    """Return seconds on a clock that never goes back."""
    return time.monotonic()
