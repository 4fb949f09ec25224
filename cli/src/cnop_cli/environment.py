"""Makes `.venv`: the launcher runs this file by itself, with the machine's Python, before anything is installed.

It therefore imports the standard library only. `run` is what the platform needs, `dev` adds what tests and checks
need. A stamp holds everything that decides what is installed, so that a later start has nothing to do.
"""

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LOCKS = {"run": "cli/requirements.txt", "dev": "requirements-dev.txt"}
BOOTSTRAP_LOCK = "cli/requirements-bootstrap.txt"
# From the innermost package outward.
PACKAGE_FOLDERS = (
    "services/core",
    "services/platform",
    "services/ledger",
    "services/user_service",
    "services/inventory_service",
    "services/order_service",
    "gateway",
    "frontend/server",
    "cli",
)


class InstallError(Exception):
    """Installing cannot go on; the text is one line that says what to do."""


def stamp_content(*, root: Path, level: str) -> bytes:
    """Give everything that decides what an environment of this level holds; the launcher builds the same bytes."""
    projects = [*sorted(root.glob("*/pyproject.toml")), *sorted(root.glob("*/*/pyproject.toml"))]
    files = [root / LOCKS[level], root / "cli/src/cnop_cli/environment.py", *projects]
    return f"{root}\n".encode() + b"".join(file.read_bytes() for file in files)


def stamp_path(*, root: Path, level: str) -> Path:
    """Give the place where the stamp of this level is kept."""
    return root / ".venv" / f"cnop-{level}.stamp"


def is_current(*, root: Path, level: str) -> bool:
    """Tells whether the environment of this level was installed from just these files."""
    try:
        return stamp_path(root=root, level=level).read_bytes() == stamp_content(root=root, level=level)
    except OSError:
        return False


def write_stamps(*, root: Path, level: str) -> None:
    """Record what was installed; `dev` includes `run`, because both locks come from one resolution."""
    for done in ("run", "dev") if level == "dev" else ("run",):
        stamp_path(root=root, level=done).write_bytes(stamp_content(root=root, level=done))


def say(text: str) -> None:
    """Print a line of progress."""
    sys.stderr.write(f"cnop: {text}\n")
    sys.stderr.flush()


def run(argv: list[str], *, failure: str) -> None:
    """Run an installation step with its output shown; a failure becomes one line after it."""
    environment = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    if subprocess.run(
        argv, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False
    ).returncode:
        raise InstallError(failure)


def runs(python: Path) -> bool:
    """Tells whether this interpreter starts and is new enough."""
    try:
        probe = [str(python), "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def make_venv(*, venv: Path) -> None:
    """Create the environment, unless a working one is there."""
    if runs(venv / "bin/python"):
        return
    say(f"making .venv with Python {sys.version.split()[0]}")
    hint = (
        "this Python cannot make an environment: install its venv module (Debian, Ubuntu: apt-get install python3-venv)"
    )
    run([sys.executable, "-m", "venv", "--clear", str(venv)], failure=hint)


def make_uv(*, venv: Path) -> str:
    """Installs the pinned uv with pip, unless just that version is there; gives its path."""
    uv, lock = venv / "bin/uv", ROOT / BOOTSTRAP_LOCK
    pinned = next(line.split()[0] for line in lock.read_text().splitlines() if line.startswith("uv=="))
    if uv.exists():
        seen = subprocess.run([str(uv), "--version"], capture_output=True, text=True, check=False).stdout.split()
        if seen[1:2] == [pinned.removeprefix("uv==")]:
            return str(uv)
    say(f"installing {pinned}")
    pip = [str(venv / "bin/python"), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "-q"]
    run([*pip, "--no-deps", "--require-hashes", "-r", str(lock)], failure=unreachable("uv"))
    return str(uv)


def unreachable(what: str) -> str:
    """Give the line that ends a failed download."""
    return f"could not install {what}; the lines above say why (is the package registry reachable?)"


def install(*, venv: Path, uv: str, level: str) -> None:
    """Installs the locked packages, each checked against its hash, and then our own, editable."""
    pip = [uv, "pip", "install", "--python", str(venv / "bin/python")]
    say(f"installing what {LOCKS[level]} names")
    run([*pip, "--no-deps", "--require-hashes", "-r", str(ROOT / LOCKS[level])], failure=unreachable("the packages"))
    editable = [part for folder in PACKAGE_FOLDERS for part in ("--editable", str(ROOT / folder))]
    ours = [*pip, "--quiet", "--no-deps", "--no-build-isolation", "--no-index", *editable]
    run(ours, failure="could not install the workspace's own packages; the lines above say why")


def main(level: str) -> None:
    """Brings the environment up to date; of several launchers at once one works and the others wait."""
    folder = os.open(ROOT, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    if is_current(root=ROOT, level=level) and (ROOT / ".venv/bin/cnop").exists():
        return
    started = time.monotonic()
    venv = ROOT / ".venv"
    make_venv(venv=venv)
    install(venv=venv, uv=make_uv(venv=venv), level=level)
    write_stamps(root=ROOT, level=level)
    say(f"environment ready after {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except InstallError as error:
        sys.exit(f"cnop: {error}")
    except KeyboardInterrupt:
        sys.exit("cnop: interrupted")
