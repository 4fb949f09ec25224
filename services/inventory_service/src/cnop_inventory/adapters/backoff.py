"""How long to wait before a provider is tried again."""

import random
from collections.abc import Callable


class Backoff:
    """Doubles the pause with each failure, up to a bound, and takes a random part off so that replicas spread."""

    def __init__(
        self, *, first_seconds: float, longest_seconds: float, chance: Callable[[], float] = random.random
    ) -> None:
        self._first = first_seconds
        self._longest = longest_seconds
        self._chance = chance
        self._next = first_seconds

    def reset(self) -> None:
        """Start anew after a success."""
        self._next = self._first

    def pause_seconds(self) -> float:
        """Return the next pause: between half of its length and all of it."""
        length, self._next = self._next, min(self._next * 2, self._longest)
        return length * (1 + self._chance()) / 2
