"""What a supervisor tells about its stack: a small JSON file that the other commands read."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from cnop_cli.stack.state import write_private


class Phase(StrEnum):
    """Where a stack is in its life."""

    STARTING = "starting"
    UP = "up"
    STOPPING = "stopping"
    STOPPED = "stopped"


class State(StrEnum):
    """Where a process is in its life. `unhealthy` is a running process whose probe fails."""

    WAITING = "waiting"
    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    RESTARTING = "restarting"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Identity:
    """A process that cannot be mistaken for a later one with its number. `started` is in seconds since the epoch."""

    pid: int
    started: float


@dataclass(frozen=True, slots=True)
class ComponentRecord:
    """One component: `process` is None while it does not run; `probe` says how its health is asked."""

    name: str
    process: Identity | None
    state: State
    url: str | None
    probe: str
    restarts: int


@dataclass(frozen=True, slots=True)
class StackRecord:
    """One stack. `settings` are what it was started with, for commands that talk to it (ports, store, profile)."""

    supervisor: Identity
    phase: Phase
    settings: dict[str, Any]
    components: tuple[ComponentRecord, ...]

    def component(self, name: str) -> ComponentRecord | None:
        return next((component for component in self.components if component.name == name), None)


def save(record: StackRecord, *, path: Path) -> None:
    """Write the record for the other commands to read."""
    write_private(path, json.dumps(asdict(record), indent=1) + "\n")


def load(path: Path) -> StackRecord | None:
    """Read the record; None when there is none, or none that this version understands."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return StackRecord(
            supervisor=Identity(**raw["supervisor"]),
            phase=Phase(raw["phase"]),
            settings=raw["settings"],
            components=tuple(_component(item) for item in raw["components"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _component(raw: dict[str, Any]) -> ComponentRecord:
    process = Identity(**raw["process"]) if raw["process"] else None
    return ComponentRecord(**{**raw, "process": process, "state": State(raw["state"])})
