"""Processes: starting one that dies with its supervisor, telling it from others, and stopping it for certain."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import psutil

from cnop_cli.stack.record import Identity, StackRecord

MARKER: Final = "CNOP_STACK"
"""The variable that every process of a stack carries; its value is the stack's state directory."""

_PR_SET_PDEATHSIG: Final = 1
# Clock corrections move the start time that the system computes for a process by a little.
_SAME_START_SECONDS: Final = 2.0


def identify(pid: int) -> Identity | None:
    """Give the identity of a running process; None when there is none, or only its corpse."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return Identity(pid=pid, started=process.create_time())
    except psutil.Error:
        return None


def own_identity() -> Identity:
    """Give the identity of this process."""
    return Identity(pid=os.getpid(), started=psutil.Process().create_time())


def is_running(identity: Identity) -> bool:
    """Tells whether just this process still runs."""
    seen = identify(identity.pid)
    return seen is not None and abs(seen.started - identity.started) < _SAME_START_SECONDS


def spawn(argv: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path) -> "subprocess.Popen[bytes]":
    """Start a process in a group of its own, with its output appended to `log`.

    The session stays the supervisor's: Linux shares the processors among sessions first (autogroups), so priorities
    count among the processes of a stack only when they are in one.

    It writes to the file itself: neither a slow nor a dead supervisor can hold it up. On Linux the kernel ends it
    when the supervisor dies; elsewhere the next `up` or `down` does.

    Raises:
        OSError: the program cannot be started.
    """
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(
            list(argv),
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            process_group=0,
            preexec_fn=_die_with_parent(),  # noqa: PLW1509 - the supervisor has a single thread, which makes this safe
        )
    finally:
        os.close(descriptor)


def _die_with_parent() -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    libc, parent = ctypes.CDLL(None), os.getpid()

    def ask_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return ask_kernel


def leftovers(*, state: Path, record: StackRecord | None) -> list[Identity]:
    """Give the processes of a stack that outlived their supervisor: the recorded ones and all that carry its marker."""
    found = {process.pid: process for process in _marked(state)}
    for component in record.components if record else ():
        if component.process and is_running(component.process):
            found[component.process.pid] = component.process
    return list(found.values())


def _marked(state: Path) -> Iterable[Identity]:
    own = {os.getpid(), *(process.pid for process in psutil.Process().parents())}
    for process in psutil.process_iter():
        if process.pid in own:
            continue
        try:
            if process.environ().get(MARKER) == str(state) and process.status() != psutil.STATUS_ZOMBIE:
                yield Identity(pid=process.pid, started=process.create_time())
        except (psutil.Error, OSError):
            continue


def end(victims: Iterable[Identity], *, grace_seconds: float) -> None:
    """Asks processes to stop, waits up to the grace for all of them, then ends what is left with its group."""
    waiting = [victim for victim in victims if is_running(victim)]
    for victim in waiting:
        send(victim.pid, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while waiting and time.monotonic() < deadline:
        time.sleep(0.02)
        waiting = [victim for victim in waiting if is_running(victim)]
    for victim in waiting:
        kill_group(victim.pid)
    deadline = time.monotonic() + 5
    while waiting and time.monotonic() < deadline:
        time.sleep(0.02)
        waiting = [victim for victim in waiting if is_running(victim)]


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal, if the process is still there."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def kill_group(pid: int) -> None:
    """Kills a process and whatever is left of the group that it leads."""
    for kill in (os.killpg, os.kill):
        try:
            kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue
