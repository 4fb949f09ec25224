"""Runs `python -m MODULE [ARGUMENT ...]` under a debugger and starts it again whenever a source file changes."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Final

ROOT: Final = Path("/source")
SHARED: Final = ("services/core", "services/platform", "services/ledger", "policies")
PORT: Final = 5678
_LOOK_SECONDS: Final = 1.0
_STOP_SECONDS: Final = 15


def watched(module: str, *, root: Path = ROOT) -> list[Path]:
    """Return the folders whose sources a module runs: its own package, and those that all build on."""
    own = [path.parent for path in root.glob(f"**/src/{module}") if path.is_dir()]
    shared = [root / folder / "src" if folder != "policies" else root / folder for folder in SHARED]
    return [*own, *shared]


def snapshot(folders: list[Path]) -> dict[str, int]:
    """Return when each source file was last changed, in nanoseconds; one that vanishes meanwhile is left out."""
    found = {}
    for folder in folders:
        for path in folder.rglob("*"):
            if path.suffix in {".py", ".cedar", ".cedarschema"}:
                with contextlib.suppress(FileNotFoundError):
                    found[str(path)] = path.stat().st_mtime_ns
    return found


def start(arguments: list[str]) -> "subprocess.Popen[bytes]":
    """Start the module with a debugger listening beside it."""
    debugger = ["-Xfrozen_modules=off", "-m", "debugpy", "--listen", f"0.0.0.0:{PORT}"]
    return subprocess.Popen([sys.executable, *debugger, "-m", *arguments])


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Ask the process to end, and make it end when it does not."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def leave(number: int, _frame: FrameType | None) -> None:
    """Turn a signal into an orderly end."""
    sys.exit(128 + number)


def main(arguments: list[str]) -> None:
    """Run, watch, restart. A process that ends by itself waits for the next change."""
    if not arguments or arguments[0].startswith("-"):
        sys.exit("usage: reload MODULE [ARGUMENT ...]")
    signal.signal(signal.SIGTERM, leave)
    folders = watched(arguments[0])
    known, process = snapshot(folders), start(arguments)
    try:
        while True:
            time.sleep(_LOOK_SECONDS)
            now = snapshot(folders)
            if now != known:
                changed = sorted(os.path.relpath(path, ROOT) for path in dict(now.items() ^ known.items()))
                print(f"reload: {', '.join(changed[:3])} changed, starting again", flush=True)  # noqa: T201 - what the developer watches
                stop(process)
                known, process = now, start(arguments)
    finally:
        stop(process)


if __name__ == "__main__":
    main(sys.argv[1:])
