import os
import shutil
import subprocess
from pathlib import Path

import pytest

from cnop_cli import environment
from cnop_cli.workspace import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the launcher, its locks, and an environment whose `cnop` says how it was called."""
    for name in ("cnop", "requirements-dev.txt", "cli/requirements.txt", "cli/src/cnop_cli/environment.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for folder in environment.PACKAGE_FOLDERS:
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / folder / "pyproject.toml", tmp_path / folder / "pyproject.toml")
    programs = tmp_path / ".venv/bin"
    programs.mkdir(parents=True)
    for name in ("cnop", "python"):
        (programs / name).write_text(f'#!/bin/sh\necho "{name} $*"\n')
        (programs / name).chmod(0o755)
    return tmp_path


def launch(program: Path, *arguments: str, path: str | None = None, folder: Path | None = None) -> tuple[int, str, str]:
    variables = {"PATH": path or os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    done = subprocess.run(
        [str(program), *arguments], env=variables, cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_an_environment_with_its_stamp_is_used_as_it_is(checkout: Path) -> None:
    environment.write_stamps(root=checkout, level="run")
    assert launch(checkout / "cnop", "up", "--state", "a b") == (0, "cnop up --state a b\n", "")


def test_the_launcher_works_from_elsewhere_and_through_symbolic_links(checkout: Path, tmp_path_factory) -> None:
    environment.write_stamps(root=checkout, level="run")
    elsewhere = tmp_path_factory.mktemp("else where")
    (elsewhere / "first").symlink_to(checkout / "cnop")
    (elsewhere / "second").symlink_to("first")
    assert launch(elsewhere / "second", "status", folder=elsewhere) == (0, "cnop status\n", "")


@pytest.mark.parametrize("changed", ["cli/requirements.txt", "services/core/pyproject.toml"])
def test_a_changed_lock_or_project_makes_the_stamp_stale(checkout: Path, changed: str) -> None:
    environment.write_stamps(root=checkout, level="run")
    assert environment.is_current(root=checkout, level="run")
    with (checkout / changed).open("a") as file:
        file.write("# changed\n")
    assert not environment.is_current(root=checkout, level="run")


def test_a_moved_checkout_is_installed_anew(checkout: Path, tmp_path_factory) -> None:
    environment.write_stamps(root=checkout, level="run")
    moved = tmp_path_factory.mktemp("moved") / "checkout"
    shutil.move(checkout, moved)
    assert not environment.is_current(root=moved, level="run")


def test_the_development_level_includes_the_other_but_not_the_reverse(checkout: Path) -> None:
    environment.write_stamps(root=checkout, level="run")
    assert not environment.is_current(root=checkout, level="dev")
    environment.write_stamps(root=checkout, level="dev")
    assert environment.is_current(root=checkout, level="run")


@pytest.mark.parametrize("command", ["test", "check", "bench", "gallery", "lock"])
def test_commands_for_developers_want_the_development_level(checkout: Path, command: str) -> None:
    environment.write_stamps(root=checkout, level="dev")
    with (checkout / "requirements-dev.txt").open("a") as file:
        file.write("# changed\n")
    assert launch(checkout / "cnop", "up")[0] == 0
    tools = checkout / "tools"
    tools.mkdir()
    for tool in ("cat", "cmp", "dirname", "readlink", "sh"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    code, output, errors = launch(checkout / "cnop", command, path=str(tools))
    assert (code, output) == (1, "")
    assert errors.startswith("cnop: needs Python 3.11 or newer")
    assert len(errors.splitlines()) == 1


def test_the_launcher_needs_nothing_but_a_plain_shell() -> None:
    checked = subprocess.run(["sh", "-n", str(ROOT / "cnop")], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr
