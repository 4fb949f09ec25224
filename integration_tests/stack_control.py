"""Takes hold of the processes of a local stack, through the `cnop` command as an operator would."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

STATE = os.environ.get("CNOP_STATE")
COMMAND = Path(__file__).resolve().parent.parent / "cnop"
RECOVERY_SECONDS = 90


def components() -> dict[str, dict[str, Any]]:
    """Return the stack's components by name, as `./cnop status --json` tells them."""
    command = [str(COMMAND), "status", "--json", "--state", str(STATE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return {component["name"]: component for component in json.loads(done.stdout)["components"]}


def kill(name: str) -> int:
    """End a component without warning; return the pid it had."""
    pid = int(components()[name]["pid"])
    os.kill(pid, signal.SIGKILL)
    return pid


@contextmanager
def unattended() -> Iterator[None]:
    """Hold the supervisor, so that what ends meanwhile stays away; afterwards it brings everything back."""
    record = json.loads(Path(str(STATE), "run", "stack.json").read_text(encoding="utf-8"))
    supervisor = int(record["supervisor"]["pid"])
    os.kill(supervisor, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(supervisor, signal.SIGCONT)


def wait_until_recovered(name: str, old_pid: int) -> None:
    """Return when the component runs again, healthy, as another process."""
    deadline = time.monotonic() + RECOVERY_SECONDS
    while time.monotonic() < deadline:
        component = components().get(name, {})
        if component.get("pid") not in (None, old_pid) and component.get("state") == "healthy":
            return
        time.sleep(0.3)
    raise AssertionError(f"{name} did not come back within {RECOVERY_SECONDS} s: {components().get(name)}")
