"""Stopping a stack from outside."""

import signal
import time

from cnop_cli.stack import processes, record
from cnop_cli.stack.launch import Report, clear_leftovers
from cnop_cli.stack.state import StateDir

# The supervisor stops four groups of processes, each within its own bound.
PATIENCE_SECONDS = 45.0


def stop(state: StateDir, *, report: Report) -> bool:
    """Stop the stack of this directory and everything that is left of it; tell whether there was anything."""
    known = record.load(state.record)
    supervised = known is not None and processes.is_running(known.supervisor)
    if known is not None and supervised:
        processes.send(known.supervisor.pid, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while processes.is_running(known.supervisor) and time.monotonic() < deadline:
            time.sleep(0.05)
        processes.end([known.supervisor], grace_seconds=0)
    return clear_leftovers(state, report=report) > 0 or supervised
