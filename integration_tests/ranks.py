"""A rank test: whether one kind of request takes longer than another, however unevenly a busy machine answers.

What counts is the order of the times, not their size, so that a pause of a second weighs as much as one of a
millisecond (Mann and Whitney, 1947).
"""

import math
from collections.abc import Callable, Sequence
from random import SystemRandom
from time import perf_counter, sleep
from typing import Any

_PATIENCE_SECONDS = 120


class ComeBackLater(Exception):
    """The request was put off, because of others; how long that took tells nothing."""


def times(first: Sequence[Callable[[], Any]], second: Sequence[Callable[[], Any]]) -> tuple[list[float], list[float]]:
    """Time two kinds of requests in random order, so that nothing else about their order can tell them apart."""
    order = [(0, request) for request in first] + [(1, request) for request in second]
    SystemRandom().shuffle(order)
    found: tuple[list[float], list[float]] = ([], [])
    for kind, request in order:
        found[kind].append(_timed(request))
    return found


def superiority(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the chance that one of the first takes longer than one of the second; 0.5 when they are alike."""
    wins = sum((a > b) + 0.5 * (a == b) for a in first for b in second)
    return wins / (len(first) * len(second))


def deviation(first: Sequence[float], second: Sequence[float]) -> float:
    """Return by how much `superiority` strays from 0.5 by chance: its standard deviation."""
    return math.sqrt((len(first) + len(second) + 1) / (12 * len(first) * len(second)))


def _timed(request: Callable[[], Any]) -> float:
    deadline = perf_counter() + _PATIENCE_SECONDS
    while True:
        began = perf_counter()
        try:
            request()
        except ComeBackLater:
            if began > deadline:
                raise
            sleep(0.5)
        else:
            return perf_counter() - began
