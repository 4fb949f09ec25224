import subprocess

import pytest

from cnop_cli import chromium


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """A machine with or without a browser, on which apt-get works or fails."""

    def make(*, installed: bool, may_install: bool = True, code: int = 0) -> list[list[str]]:
        calls: list[list[str]] = []

        def run(argv: list[str], **_options: object) -> "subprocess.CompletedProcess[str]":
            calls.append(argv)
            return subprocess.CompletedProcess(argv, code, stdout="", stderr="E: Unable to locate package\n")

        monkeypatch.setattr(chromium, "find", lambda: "/bin/chromium" if installed or len(calls) == 2 else None)
        monkeypatch.setattr(chromium, "can_install", lambda: may_install)
        monkeypatch.setattr(chromium.subprocess, "run", run)
        return calls

    return make


def test_a_browser_that_is_there_is_used(machine, said: list[str]) -> None:
    calls = machine(installed=True)
    assert chromium.require(report=said.append) == "/bin/chromium"
    assert calls == said == []


def test_a_missing_browser_is_installed_without_a_question(machine, said: list[str]) -> None:
    calls = machine(installed=False)
    assert chromium.require(report=said.append) == "/bin/chromium"
    assert [argv[1] for argv in calls] == ["update", "install"]
    assert "-y" in calls[1]


def test_where_nothing_can_be_installed_the_skipping_is_said(machine, said: list[str]) -> None:
    calls = machine(installed=False, may_install=False)
    assert chromium.require(report=said.append) is None
    assert calls == []
    assert said[0].startswith("browser tests are skipped: ")


def test_a_failed_installation_is_said_and_fails_nothing(machine, said: list[str]) -> None:
    machine(installed=False, code=100)
    assert chromium.require(report=said.append) is None
    assert said[-1] == "browser tests are skipped: apt-get update failed: E: Unable to locate package"
