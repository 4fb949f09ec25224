"""Stages of a longer run: each is announced, timed and summed up at the end; one that fails does not hide the next."""

import subprocess
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cnop_cli.errors import CommandError
from cnop_cli.workspace import ROOT


class Outcome(StrEnum):
    """How a stage ended."""

    PASSED = "passed"
    FAILED = "FAILED"
    SKIPPED = "skipped"


class Skip(Exception):
    """A stage cannot run here; the text says why."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Something to run; it fails by raising `CommandError` and is left out by raising `Skip`."""

    name: str
    run: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Result:
    """How a stage went."""

    name: str
    outcome: Outcome
    seconds: float
    remark: str = ""


def run_all(stages: Sequence[Stage], *, clock: Callable[[], float] = time.monotonic) -> int:
    """Run the stages in turn, print the summary, and give the exit code."""
    results = [_run(stage, clock) for stage in stages]
    print("\n" + summary(results), flush=True)
    return 1 if any(result.outcome is Outcome.FAILED for result in results) else 0


def _run(stage: Stage, clock: Callable[[], float]) -> Result:
    print(f"\n=== {stage.name} ===", flush=True)
    began = clock()
    outcome, remark = Outcome.PASSED, ""
    try:
        stage.run()
    except CommandError as error:
        outcome, remark = Outcome.FAILED, str(error)
    except Skip as reason:
        outcome, remark = Outcome.SKIPPED, str(reason)
    if remark:
        print(f"{stage.name}: {remark}", flush=True)
    return Result(stage.name, outcome, clock() - began, remark)


def summary(results: Sequence[Result]) -> str:
    """Render one line a stage: name, outcome, seconds, remark."""
    width = max(len(result.name) for result in results)
    return "\n".join(
        f"{result.name:{width}}  {result.outcome:7}  {result.seconds:6.1f} s  {result.remark}".rstrip()
        for result in results
    )


def run_tool(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path = ROOT,
    fine: Collection[int] = (0,),
) -> None:
    """Run a tool with its output shown; `fine` are the exit codes that mean success.

    Raises:
        CommandError: it failed.
    """
    code = subprocess.run(argv, cwd=folder, env=environment, stdin=subprocess.DEVNULL, check=False).returncode
    if code not in fine:
        raise CommandError(f"{Path(argv[0]).name} ended with exit code {code}")
