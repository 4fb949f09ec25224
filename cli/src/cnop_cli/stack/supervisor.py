"""The supervisor: starts the components of a stack in order, watches them, and stops them in order.

One thread, one loop: each turn looks at every component and does what is due. It sleeps until a child ends, a signal
arrives or something is due.
"""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final

from cnop_cli.errors import CommandError
from cnop_cli.stack import health, processes, record, rotation
from cnop_cli.stack.explain import last_words
from cnop_cli.stack.record import ComponentRecord, Identity, Phase, StackRecord, State
from cnop_cli.stack.state import StateDir

START_LIMIT_SECONDS: Final = 60.0
STOP_LIMIT_SECONDS: Final = 8.0
FIRST_BACKOFF_SECONDS: Final = 0.25
LONGEST_BACKOFF_SECONDS: Final = 15.0
# A process that ran this long without a crash starts again with the shortest back-off.
FORGIVE_SECONDS: Final = 60.0
_PROBE_SECONDS: Final = 0.04
_ROTATE_SECONDS: Final = 5.0
_RENEW_SECONDS: Final = 12 * 3600.0
_IDLE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Component:
    """What is to run. `after` names the components that must be healthy first; `probe` is described in `health`."""

    name: str
    argv: tuple[str, ...]
    environment: dict[str, str]
    probe: str
    url: str | None = None
    after: tuple[str, ...] = ()


def backoff_seconds(crashes: int) -> float:
    """Give the wait before the next start after so many crashes in a row (1 for the first)."""
    return float(min(FIRST_BACKOFF_SECONDS * 2 ** min(crashes - 1, 10), LONGEST_BACKOFF_SECONDS))


@dataclass(slots=True)
class _Watched:
    component: Component
    child: "subprocess.Popen[bytes] | None" = None
    identity: Identity | None = None
    state: State = State.WAITING
    started_at: float = 0.0
    restart_at: float = 0.0
    restarts: int = 0
    crashes: int = field(default=0)


class Supervisor:
    """Runs one stack. `report` is told each event in one line; `renew`, if any, is called twice a day."""

    def __init__(
        self,
        components: Sequence[Component],
        *,
        state: StateDir,
        settings: dict[str, Any],
        report: Callable[[str], None],
        folder: Path,
        renew: Callable[[], None] | None = None,
    ) -> None:
        self._renew = renew
        self._renewed_at = time.monotonic()
        self._watched = [_Watched(component) for component in components]
        self._state = state
        self._settings = settings
        self._report = report
        self._folder = folder
        self._own = processes.own_identity()
        self._phase = Phase.STARTING
        self._stop_signals = 0
        self._rotated_at = 0.0
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)

    def adopt(self, *, report: Callable[[str], None]) -> None:
        """Make the calling process, forked from the one that made this object, the supervisor."""
        self._own = processes.own_identity()
        self._report = report

    def listen(self) -> None:
        """Take over the signals that mean stop (interrupt, terminate, hang up) and those of ending children."""
        signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_signals += 1

    def start(self) -> None:
        """Start everything and returns when all of it is healthy.

        Raises:
            CommandError: a component ended or did not become healthy in time, or a stop was asked for; nothing
                is left running.
        """
        deadline = time.monotonic() + START_LIMIT_SECONDS
        try:
            self._turn()
            while not self._all_healthy():
                self._fail_when_hopeless(deadline)
                self._sleep()
                self._turn()
        except BaseException:
            self.stop()
            raise
        self._enter(Phase.UP)

    def watch(self) -> None:
        """Watches over a started stack until a stop is asked for, and then stops it."""
        try:
            while not self._stop_signals:
                self._turn()
                self._sleep()
        finally:
            self.stop()

    def stop(self) -> None:
        """Stop everything, the last started first; a second stop signal ends the patience."""
        self._enter(Phase.STOPPING)
        for group in reversed(self._groups()):
            self._stop_group(group)
        self._enter(Phase.STOPPED)

    # One turn: what is due for each component.

    def _turn(self) -> None:
        changed = [self._advance(watched) for watched in self._watched]
        if any(changed):
            self._save()
        now = time.monotonic()
        if now - self._rotated_at > _ROTATE_SECONDS:
            self._rotated_at = now
            for log in self._state.logs.glob("*.log"):
                rotation.rotate(log)
        if self._renew and now - self._renewed_at > _RENEW_SECONDS:
            self._renewed_at = now
            self._call(self._renew)

    def _call(self, chore: Callable[[], None]) -> None:
        try:
            chore()
        except CommandError as error:
            self._report(str(error))

    def _advance(self, watched: _Watched) -> bool:
        before = watched.state
        if watched.child is not None and watched.child.poll() is not None:
            self._on_exit(watched)
        elif watched.state is State.WAITING and self._may_start(watched):
            self._spawn(watched)
        elif watched.state is State.RESTARTING and time.monotonic() >= watched.restart_at:
            watched.restarts += 1
            self._spawn(watched)
        elif watched.state is State.STARTING and self._is_healthy(watched):
            watched.state = State.HEALTHY
            if self._phase is Phase.UP:
                self._report(f"{watched.component.name} is healthy again")
        return watched.state is not before

    def _is_healthy(self, watched: _Watched) -> bool:
        return health.passes(watched.component.probe, uptime_seconds=time.monotonic() - watched.started_at)

    def _may_start(self, watched: _Watched) -> bool:
        healthy = {other.component.name for other in self._watched if other.state is State.HEALTHY}
        return healthy.issuperset(watched.component.after)

    def _spawn(self, watched: _Watched) -> None:
        component = watched.component
        watched.started_at = time.monotonic()
        try:
            watched.child = processes.spawn(
                component.argv,
                environment=component.environment,
                folder=self._folder,
                log=self._state.log_of(component.name),
            )
        except OSError as error:
            raise CommandError(f"{component.name} cannot be started: {component.argv[0]}: {error.strerror}") from error
        watched.identity = processes.identify(watched.child.pid)
        watched.state = State.STARTING

    def _on_exit(self, watched: _Watched) -> None:
        child = watched.child
        assert child is not None  # noqa: S101 - the caller saw it end
        processes.kill_group(child.pid)
        how = describe_exit(child.returncode)
        watched.child = watched.identity = None
        if self._phase is not Phase.UP:
            watched.state = State.STOPPED
            raise CommandError(self._start_failure(watched, how))
        now = time.monotonic()
        watched.crashes = 1 if now - watched.started_at > FORGIVE_SECONDS else watched.crashes + 1
        wait = backoff_seconds(watched.crashes)
        watched.restart_at, watched.state = now + wait, State.RESTARTING
        self._report(f"{watched.component.name} {how}; starting it again in {wait:g} s")

    def _start_failure(self, watched: _Watched, how: str) -> str:
        log = self._state.log_of(watched.component.name)
        last = last_words(log)
        return f"{watched.component.name} {how} while starting" + (f": {last}" if last else "") + f" (see {log})"

    def _fail_when_hopeless(self, deadline: float) -> None:
        if self._stop_signals:
            raise CommandError("interrupted while starting; everything was stopped")
        if time.monotonic() > deadline:
            late = [watched.component.name for watched in self._watched if watched.state is State.STARTING]
            raise CommandError(
                f"not healthy after {START_LIMIT_SECONDS:.0f} s: {', '.join(late)} (see {self._state.logs})"
            )

    def _all_healthy(self) -> bool:
        return all(watched.state is State.HEALTHY for watched in self._watched)

    def _sleep(self) -> None:
        busy = any(watched.state in {State.STARTING, State.WAITING} for watched in self._watched)
        due = [watched.restart_at - time.monotonic() for watched in self._watched if watched.state is State.RESTARTING]
        self._pause(_PROBE_SECONDS if busy else max(0.0, min([_IDLE_SECONDS, *due])))

    def _pause(self, seconds: float) -> None:
        ready, _, _ = select.select([self._wake_reader], [], [], seconds)
        if ready:
            os.read(self._wake_reader, 4096)

    # Stopping.

    def _groups(self) -> list[list[_Watched]]:
        """Give the components in groups that may be stopped together: each depends only on earlier groups."""
        groups: list[list[_Watched]] = []
        placed: set[str] = set()
        remaining = list(self._watched)
        while remaining:
            group = [watched for watched in remaining if placed.issuperset(watched.component.after)]
            if not group:
                raise CommandError(f"components wait for each other: {', '.join(w.component.name for w in remaining)}")
            placed.update(watched.component.name for watched in group)
            remaining = [watched for watched in remaining if watched not in group]
            groups.append(group)
        return groups

    def _stop_group(self, group: list[_Watched]) -> None:
        patience = self._stop_signals
        running = [watched.child for watched in group if watched.child is not None]
        for child in running:
            processes.send(child.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_LIMIT_SECONDS
        while any(child.poll() is None for child in running):
            if time.monotonic() > deadline or self._stop_signals > max(patience, 1):
                break
            self._pause(0.05)
        for watched in group:
            self._finish(watched)

    def _finish(self, watched: _Watched) -> None:
        if watched.child is not None:
            if watched.child.poll() is None:
                self._report(f"{watched.component.name} did not stop by itself and was killed")
            processes.kill_group(watched.child.pid)
            watched.child.wait()
        watched.child = watched.identity = None
        watched.state = State.STOPPED

    # Telling.

    def _enter(self, phase: Phase) -> None:
        self._phase = phase
        self._save()

    def _save(self) -> None:
        record.save(self.snapshot(), path=self._state.record)

    def snapshot(self) -> StackRecord:
        """Give the stack as it is now."""
        return StackRecord(
            supervisor=self._own,
            phase=self._phase,
            settings=self._settings,
            components=tuple(
                ComponentRecord(
                    name=watched.component.name,
                    process=watched.identity,
                    state=watched.state,
                    url=watched.component.url,
                    probe=watched.component.probe,
                    restarts=watched.restarts,
                )
                for watched in self._watched
            ),
        )


def describe_exit(code: int) -> str:
    """Says in words how a process ended."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
