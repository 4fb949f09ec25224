"""Builds the web page with the machine's Node, or with the one from the package registry where there is none."""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cnop_cli import digest
from cnop_cli.errors import CommandError
from cnop_cli.stack.state import write_private
from cnop_cli.workspace import CACHE, ROOT

FOLDER: Final = ROOT / "frontend"
OLDEST_NODE: Final = (20, 19)
_GENERATED: Final = frozenset({"node_modules", "dist", "server", "coverage", "test-results"})
_NODE_LOCK: Final = ROOT / "frontend/requirements-node.txt"

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Node:
    """A Node installation: the folder of its programs and its version text."""

    programs: Path
    version: str

    def environment(self) -> dict[str, str]:
        """Give the environment in which `node` and `npm` are this installation's."""
        plain = {} if sys.stderr.isatty() else {"NO_COLOR": "1", "FORCE_COLOR": "0"}
        path = f"{self.programs}{os.pathsep}{os.environ.get('PATH', '')}"
        return {**os.environ, "PATH": path, "CI": "true", **plain}


def parse_version(text: str) -> tuple[int, int]:
    """Read what `node --version` prints; anything else counts as version 0."""
    match = re.match(r"v(\d+)\.(\d+)\.", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def find_node(*, report: Report) -> Node:
    """Give a Node that is new enough, installing one into the environment when the machine has none.

    Raises:
        CommandError: none could be installed.
    """
    own = Path(sys.executable).parent
    for program in (shutil.which("node"), own / "node"):
        node = _probe(Path(program)) if program else None
        if node and (node.programs / "npm").exists():
            return node
    report("this machine has no Node 20: installing one from the package registry")
    uv = [str(own / "uv"), "pip", "install", "--quiet", "--python", sys.executable]
    done = subprocess.run([*uv, "--require-hashes", "-r", str(_NODE_LOCK)], stdin=subprocess.DEVNULL, check=False)
    node = _probe(own / "node")
    if done.returncode or node is None:
        raise CommandError("the page needs Node 20.19 or newer and none could be installed; install Node and try again")
    return node


def _probe(program: Path) -> Node | None:
    try:
        done = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    version = done.stdout.strip()
    return Node(programs=program.parent, version=version) if parse_version(version) >= OLDEST_NODE else None


def source_digest(folder: Path) -> str:
    """Give a digest over everything that the page is built from."""
    files = [Path(parent) / name for parent, folders, names in _walk(folder) for name in names]
    return digest.of_files(files, root=folder)


def _walk(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _GENERATED and not name.startswith(".")]
        yield parent, folders, names


def exists() -> bool:
    """Tell whether there is a page to build."""
    return (FOLDER / "package.json").is_file()


def install_packages(node: Node, *, report: Report) -> None:
    """Bring `node_modules` in line with the lock file; does nothing when it is.

    Raises:
        CommandError: npm failed.
    """
    stamp = FOLDER / "node_modules/.cnop-stamp"
    wanted = json.dumps([node.version, digest.of_files([FOLDER / "package-lock.json"], root=FOLDER)])
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    report("installing the page's packages (npm ci)")
    run_npm(node, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], quiet=True)
    stamp.write_text(wanted, encoding="utf-8")


def run_npm(node: Node, arguments: list[str], *, quiet: bool = False) -> None:
    """Run npm in the frontend folder. Its output is shown, with `quiet` only after a failure.

    Raises:
        CommandError: it failed.
    """
    argv = [str(node.programs / "npm"), *arguments]
    output = subprocess.PIPE if quiet else sys.stderr
    done = subprocess.run(
        argv,
        cwd=FOLDER,
        env=node.environment(),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        sys.stderr.write((done.stdout or b"").decode(errors="replace"))
        raise CommandError(f"`npm {' '.join(arguments)}` failed in frontend/; the lines above say why")


@contextmanager
def only_one() -> Iterator[None]:
    """Let one process at a time work in the frontend folder; the others wait."""
    CACHE.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(CACHE / "page.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def build(*, report: Report) -> Path | None:
    """Build the page when its sources changed; give its folder, or None when there is no page yet.

    Raises:
        CommandError: the build failed.
    """
    if not exists():
        return None
    page, stamp = FOLDER / "dist", CACHE / "page.stamp"
    wanted = source_digest(FOLDER)
    with only_one():
        if (page / "index.html").is_file() and stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
            return page
        node = find_node(report=report)
        install_packages(node, report=report)
        report("building the page (npm run build)")
        run_npm(node, ["run", "--silent", "build"], quiet=True)
        write_private(stamp, wanted)
    return page
