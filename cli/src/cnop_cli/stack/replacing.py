"""Replacing the processes of a running stack: each is told to end, and its supervisor starts the next."""

import re
import signal
import time
from typing import Final

from cnop_cli.errors import CommandError
from cnop_cli.stack import processes, record
from cnop_cli.stack.record import StackRecord, State
from cnop_cli.stack.state import StateDir

PATIENCE_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.05


def processes_of(known: StackRecord, component: str) -> list[str]:
    """Give the names of the component's processes, the last replica first.

    Raises:
        CommandError: the stack has no such component.
    """
    belongs = re.compile(rf"{re.escape(component)}(-\d+)?")
    names = [each.name for each in known.components if belongs.fullmatch(each.name)]
    if not names:
        there = ", ".join(each.name for each in known.components)
        raise CommandError(f"there is no component `{component}`; there is: {there}")
    return names[::-1]


def replace_process(state: StateDir, name: str) -> float:
    """End one process, wait until its successor is healthy, and give how many seconds that took.

    Raises:
        CommandError: there is none to end, or its successor does not become healthy.
    """
    began = time.monotonic()
    before = _look(state, name)
    if before.process is None or before.state is not State.HEALTHY:
        raise CommandError(f"{name} is {before.state.value}; only a healthy process is replaced")
    processes.send(before.process.pid, signal.SIGTERM)
    while time.monotonic() - began < PATIENCE_SECONDS:
        now = _look(state, name)
        if now.state is State.HEALTHY and now.process not in (None, before.process):
            return time.monotonic() - began
        time.sleep(_POLL_SECONDS)
    raise CommandError(f"{name} was not healthy again after {PATIENCE_SECONDS:.0f} s; see `./cnop logs {name}`")


def _look(state: StateDir, name: str) -> record.ComponentRecord:
    known = record.load(state.record)
    found = known.component(name) if known else None
    if found is None:
        raise CommandError(f"the stack in {state.root} ended meanwhile")
    return found
