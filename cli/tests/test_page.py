import os
import subprocess
import sys
from pathlib import Path

import pytest

from cnop_cli import page
from cnop_cli.errors import CommandError

NPM = """#!/bin/sh
echo "$@" >> {calls}
case "$1" in ci) mkdir -p node_modules ;; run) mkdir -p dist && echo page > dist/index.html ;; esac
exit {code}
"""


class Frontend:
    """A frontend folder of which an npm that only takes notes builds the page."""

    def __init__(self, root: Path) -> None:
        self.folder, self.tools, self.calls = root / "frontend", root / "tools", root / "calls"
        (self.folder / "src").mkdir(parents=True)
        (self.folder / "package.json").write_text("{}")
        (self.folder / "package-lock.json").write_text("{}")
        (self.folder / "src/main.ts").write_text("1")
        self.tools.mkdir()
        self.write("node", "#!/bin/sh\necho v20.20.2\n")
        self.write("npm", NPM.format(calls=self.calls, code=0))

    def write(self, name: str, text: str) -> None:
        (self.tools / name).write_text(text)
        (self.tools / name).chmod(0o755)

    def taken(self) -> list[str]:
        lines = self.calls.read_text().splitlines() if self.calls.exists() else []
        self.calls.unlink(missing_ok=True)
        return [line.split()[0] for line in lines]


@pytest.fixture
def frontend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Frontend:
    made = Frontend(tmp_path)
    monkeypatch.setattr(page, "FOLDER", made.folder)
    monkeypatch.setattr(page, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("PATH", f"{made.tools}{os.pathsep}{os.environ['PATH']}")
    return made


def build() -> Path | None:
    return page.build(report=lambda _line: None)


def test_the_page_is_built_once_and_again_only_when_a_source_changed(frontend: Frontend) -> None:
    assert build() == frontend.folder / "dist"
    assert frontend.taken() == ["ci", "run"]
    build()
    assert frontend.taken() == []
    (frontend.folder / "src/main.ts").write_text("2")
    build()
    assert frontend.taken() == ["run"]


def test_packages_are_installed_again_only_when_their_lock_changed(frontend: Frontend) -> None:
    build()
    frontend.taken()
    (frontend.folder / "package-lock.json").write_text('{"changed": true}')
    build()
    assert frontend.taken() == ["ci", "run"]


def test_what_was_built_and_installed_does_not_count_as_source(frontend: Frontend) -> None:
    before = page.source_digest(frontend.folder)
    for name in ("node_modules/x.js", "dist/y.js", "server/z.py", ".vite/cache"):
        (frontend.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (frontend.folder / name).write_text("x")
    assert page.source_digest(frontend.folder) == before


def test_a_page_that_was_deleted_is_built_again(frontend: Frontend) -> None:
    build()
    (frontend.folder / "dist/index.html").unlink()
    frontend.taken()
    build()
    assert frontend.taken() == ["run"]


def test_a_failing_build_is_one_line_and_leaves_no_stamp(frontend: Frontend) -> None:
    frontend.write("npm", NPM.format(calls=frontend.calls, code=1))
    with pytest.raises(CommandError, match=r"`npm ci .*` failed in frontend/"):
        build()
    frontend.write("npm", NPM.format(calls=frontend.calls, code=0))
    frontend.taken()
    build()
    assert frontend.taken() == ["ci", "run"]


def test_without_sources_there_is_no_page(frontend: Frontend) -> None:
    (frontend.folder / "package.json").unlink()
    assert build() is None
    assert frontend.taken() == []


def test_an_old_node_is_passed_over(frontend: Frontend, monkeypatch: pytest.MonkeyPatch) -> None:
    frontend.write("node", "#!/bin/sh\necho v18.1.0\n")
    started: list[list[str]] = []
    probe = subprocess.run

    def run(argv: list[str], **options: object) -> object:
        if "install" in argv:
            started.append(argv)
            return subprocess.CompletedProcess(argv, 1)
        return probe(argv, **options)

    monkeypatch.setattr(page.subprocess, "run", run)
    monkeypatch.setattr(sys, "executable", str(frontend.folder / "none/python"))
    with pytest.raises(CommandError, match=r"needs Node 20.19 or newer"):
        page.find_node(report=lambda _line: None)
    assert any("--require-hashes" in argv for argv in started)


@pytest.mark.parametrize(
    ("text", "version"), [("v20.20.2", (20, 20)), ("v20.19.0\n", (20, 19)), ("", (0, 0)), ("nope", (0, 0))]
)
def test_versions_are_read_as_numbers(text: str, version: tuple[int, int]) -> None:
    assert page.parse_version(text) == version
