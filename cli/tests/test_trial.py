import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cnop_cli import trial
from cnop_cli.errors import CommandError
from cnop_cli.stack import processes, record
from cnop_cli.stack.record import Phase, StackRecord
from cnop_cli.stack.state import StateDir

SETTINGS = {
    "gateway_url": "http://g",
    "page_url": "http://p",
    "services": {"user_service": "http://u", "inventory_service": "http://i", "order_service": "http://o"},
}


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., list[str]]:
    """A `cnop` that only takes notes; `up` leaves a record, or fails."""

    def make(*, up_fails: bool = False) -> list[str]:
        seen: list[str] = []

        def run(argv: list[str], **_options: object) -> "subprocess.CompletedProcess[str]":
            command = argv[3]
            seen.append(command)
            if command == "up" and not up_fails:
                state = StateDir.at(argv[argv.index("--state") + 1])
                state.prepare()
                known = StackRecord(processes.own_identity(), Phase.UP, SETTINGS, ())
                record.save(known, path=state.record)
            return subprocess.CompletedProcess(argv, int(up_fails and command == "up"))

        monkeypatch.setattr(trial.subprocess, "run", run)
        monkeypatch.setattr(trial, "free_offset", lambda: 100)
        monkeypatch.setattr(trial.tempfile, "mkdtemp", lambda **_options: str(tmp_path / "trial"))
        (tmp_path / "trial").mkdir()
        return seen

    return make


def test_a_trial_stack_is_stopped_and_removed(commands, tmp_path: Path) -> None:
    seen = commands()
    with trial.trial() as stack:
        assert stack.environment()["CNOP_BASE_URL"] == "http://g"
        assert stack.environment()["CNOP_ORDER_URL"] == "http://o"
        assert stack.environment()["CNOP_STATE"] == str(tmp_path / "trial")
    assert seen == ["up", "down"]
    assert not (tmp_path / "trial").exists()


def test_after_a_failure_it_is_stopped_and_its_logs_stay(commands, tmp_path: Path, capsys) -> None:
    seen = commands()
    with pytest.raises(CommandError, match="2 failed"), trial.trial():
        raise CommandError("2 failed")
    assert seen == ["up", "down"]
    assert (tmp_path / "trial").exists()
    assert str(tmp_path / "trial/logs") in capsys.readouterr().err


def test_a_stack_that_does_not_start_fails_in_one_line(commands) -> None:
    seen = commands(up_fails=True)
    with pytest.raises(CommandError, match="`cnop up --detach` failed"), trial.trial():
        pass
    assert seen == ["up", "down"]
