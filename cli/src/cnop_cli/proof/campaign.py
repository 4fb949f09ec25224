"""A campaign of experiments, on each store there is, for as long as was asked for."""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from cnop_cli.proof.figures import Figures, Setup, total
from cnop_platform.testing.dynamodb_local import DynamoDbLocalMissing, find_jar, find_java

DEFAULT_MINUTES: Final = 2.0
# Starting, closing the books and stopping take about so long beside the load itself.
_OVERHEAD_SECONDS: Final = 34.0
_LOAD_SECONDS: Final = (15.0, 60.0)
"""Least and most of one experiment: a history that goes on for longer takes ever longer to be judged."""
_CALM_SHARE: Final = 0.15

Report = Callable[[str], None]
Conduct = Callable[[Setup], Figures]


def campaign(*, minutes: float | None, seed: int | None, report: Report) -> None:
    """Run experiments for about so many minutes and print their figures; without minutes, one short one on SQLite.

    Raises:
        CommandError: something did not hold; the text says what, and the seed that repeats the draws.
    """
    from cnop_cli.proof.experiment import run  # noqa: PLC0415 - only a campaign needs the services' libraries

    stores = ["sqlite"] if minutes is None else stores_here(report=report)
    first_seed = secrets.randbelow(2**32) if seed is None else seed
    done = conduct_all(
        setups(stores, seconds=(minutes or 0) * 60, seed=first_seed),
        conduct=lambda setup: asyncio.run(run(setup, report=report)),
        minutes=minutes or 0,
    )
    report(total(done))


def stores_here(*, report: Report) -> list[str]:
    """Give the stores that this machine can run."""
    try:
        find_java()
        find_jar()
    except DynamoDbLocalMissing as missing:
        report(f"on SQLite alone: {missing}")
        return ["sqlite"]
    return ["sqlite", "dynamodb"]


def setups(stores: Sequence[str], *, seconds: float, seed: int) -> Iterator[Setup]:
    """Give one experiment after the other, each store in turn."""
    least, most = _LOAD_SECONDS
    load = min(most, max(least, seconds / len(stores) - _OVERHEAD_SECONDS))
    while True:
        for store in stores:
            calm = load * _CALM_SHARE
            yield Setup(store, seed, calm_seconds=calm, harm_seconds=load - calm)
            seed += 1


def conduct_all(
    planned: Iterator[Setup], *, conduct: Conduct, minutes: float, clock: Callable[[], float] = time.monotonic
) -> list[Figures]:
    """Conduct experiments until the time is over: one of each store at least, and none that would not fit any more."""
    began, done, stores = clock(), list[Figures](), set[str]()
    for setup in planned:
        needed = setup.calm_seconds + setup.harm_seconds + _OVERHEAD_SECONDS
        if setup.store in stores and clock() - began + needed > minutes * 60:
            return done
        stores.add(setup.store)
        done.append(conduct(setup))
    return done
