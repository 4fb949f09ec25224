"""What a stack looks like now, seen from outside: its record, checked against the process table and the probes."""

import time
from dataclasses import dataclass
from typing import Any

import psutil

from cnop_cli.stack import health, processes
from cnop_cli.stack.record import ComponentRecord, StackRecord, State


@dataclass(frozen=True, slots=True)
class Sight:
    """One component now. Figures are of its main process; `cpu_seconds` is user and system time together."""

    name: str
    pid: int | None
    state: str
    url: str | None
    cpu_seconds: float
    rss_mb: float
    restarts: int

    def as_json(self) -> dict[str, Any]:
        """Give the members that `status --json` prints."""
        return {name: getattr(self, name) for name in self.__slots__}


def look(known: StackRecord) -> list[Sight]:
    """See how each component is."""
    return [_look_at(component) for component in known.components]


def _look_at(component: ComponentRecord) -> Sight:
    process = component.process
    if process is None or not processes.is_running(process):
        gone = State.STOPPED if component.state is not State.RESTARTING else State.RESTARTING
        return Sight(component.name, None, gone.value, component.url, 0.0, 0.0, component.restarts)
    state = component.state
    if state is State.HEALTHY and not health.passes(component.probe, uptime_seconds=time.time() - process.started):
        state = State.UNHEALTHY
    cpu, memory = _usage(process.pid)
    return Sight(component.name, process.pid, state.value, component.url, cpu, memory, component.restarts)


def _usage(pid: int) -> tuple[float, float]:
    try:
        process = psutil.Process(pid)
        times = process.cpu_times()
        return round(times.user + times.system, 2), round(process.memory_info().rss / 1_048_576, 1)
    except psutil.Error:
        return 0.0, 0.0


def table(sights: list[Sight]) -> str:
    """Render the components as a table for people."""
    rows = [
        (
            sight.name,
            sight.state,
            sight.url or "-",
            str(sight.pid or "-"),
            f"{sight.rss_mb:.0f} MB" if sight.pid else "-",
            f"{sight.cpu_seconds:.1f} s" if sight.pid else "-",
            str(sight.restarts),
        )
        for sight in sights
    ]
    rows.insert(0, ("component", "state", "url", "pid", "memory", "cpu", "restarts"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines)
