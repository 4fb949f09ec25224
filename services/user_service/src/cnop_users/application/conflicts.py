"""Decides anew when somebody else was faster: a bounded loop around read, decide and one conditional transaction."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from cnop_core.errors import Conflict
from cnop_platform.store import ConditionFailed

T = TypeVar("T")
_ATTEMPTS: Final = 8


async def settle(attempt: Callable[[], Awaitable[T]]) -> T:
    """Return what `attempt` gives, calling it again after each failed condition. Raises `Conflict` after eight."""
    for _ in range(_ATTEMPTS):
        try:
            return await attempt()
        except ConditionFailed:
            continue
    raise Conflict("this was changed by several requests at once; try again")
