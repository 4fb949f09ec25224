import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cnop_cli.commands import logs
from cnop_cli.errors import CommandError
from cnop_cli.main import execute
from cnop_cli.stack import processes, record
from cnop_cli.stack.record import ComponentRecord, Identity, Phase, StackRecord, State
from cnop_cli.stack.rotation import rotate
from cnop_cli.stack.state import StateDir, write_private


@pytest.fixture
def sleeper():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def identity(process: "subprocess.Popen[bytes]") -> Identity:
    found = processes.identify(process.pid)
    assert found is not None
    return found


def write(state: StateDir, *components: ComponentRecord, phase: Phase = Phase.UP) -> None:
    settings = {"store": "sqlite:////x/cnop.db", "gateway_url": "http://127.0.0.1:1"}
    known = StackRecord(supervisor=processes.own_identity(), phase=phase, settings=settings, components=components)
    record.save(known, path=state.record)


def status(state: StateDir, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict]]:
    code = execute(["status", "--json", "--state", str(state.root)])
    return code, json.loads(capsys.readouterr().out)["components"]


def test_status_tells_pid_state_url_cpu_memory_and_restarts(state: StateDir, sleeper, capsys) -> None:
    write(state, ComponentRecord("web", identity(sleeper), State.HEALTHY, "http://localhost:3000", "uptime:0", 2))
    code, (component,) = status(state, capsys)
    assert code == 0
    assert component.keys() == {"name", "pid", "state", "url", "cpu_seconds", "rss_mb", "restarts"}
    assert component["pid"] == sleeper.pid
    assert component["rss_mb"] > 1
    assert component["cpu_seconds"] >= 0
    assert (component["name"], component["state"], component["restarts"]) == ("web", "healthy", 2)


@pytest.mark.enable_socket
def test_status_believes_the_probe_and_not_the_record(state: StateDir, sleeper, capsys) -> None:
    write(state, ComponentRecord("web", identity(sleeper), State.HEALTHY, None, "tcp://127.0.0.1:1", 0))
    code, (component,) = status(state, capsys)
    assert code == 1
    assert component["state"] == "unhealthy"


def test_status_believes_the_process_table_and_not_the_record(state: StateDir, sleeper, capsys) -> None:
    write(state, ComponentRecord("web", identity(sleeper), State.HEALTHY, None, "uptime:0", 0))
    sleeper.send_signal(signal.SIGKILL)
    sleeper.wait()
    code, (component,) = status(state, capsys)
    assert code == 1
    assert (component["pid"], component["state"]) == (None, "stopped")


def test_status_of_nothing_is_an_empty_list_and_a_failure(state: StateDir, capsys) -> None:
    assert status(state, capsys) == (1, [])


def test_commands_that_need_a_running_platform_say_that_there_is_none(state: StateDir) -> None:
    with pytest.raises(CommandError, match=r"no platform is running in .*state"):
        execute(["demo", "--state", str(state.root)])


def test_down_with_nothing_running_succeeds(state: StateDir, capsys) -> None:
    assert execute(["down", "--state", str(state.root)]) == 0
    assert "nothing is running" in capsys.readouterr().out


def test_a_second_supervisor_of_the_same_folder_is_kept_out(state: StateDir) -> None:
    held = state.try_lock()
    assert held is not None
    assert state.try_lock() is None
    os.close(held)
    again = state.try_lock()
    assert again is not None
    os.close(again)


def test_an_unreadable_record_counts_as_none(state: StateDir) -> None:
    state.record.write_text('{"supervisor": 1}')
    assert record.load(state.record) is None
    state.record.write_text("{")
    assert record.load(state.record) is None


def test_a_state_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(CommandError, match="give another folder with --state"):
        StateDir.at(tmp_path / "file" / "state").prepare()


def test_private_files_are_private_and_replaced_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_private(path, "old")
    before = path.stat().st_ino
    write_private(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_ino != before
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["x"]


def test_logs_shows_the_last_lines_of_each_component_behind_its_name(state: StateDir, capsys) -> None:
    state.log_of("web").write_text("1\n2\n3\n")
    state.log_of("gateway").write_text("g\n")
    execute(["logs", "--state", str(state.root), "-n", "2"])
    assert capsys.readouterr().out == "gateway | g\nweb     | 2\nweb     | 3\n"
    execute(["logs", "web", "--state", str(state.root), "-n", "1"])
    assert capsys.readouterr().out == "3\n"


def test_logs_of_an_unknown_component_names_the_known(state: StateDir) -> None:
    with pytest.raises(CommandError, match="start the platform"):
        logs.find(state.logs, None)
    state.log_of("web").write_text("")
    with pytest.raises(CommandError, match="there is: web"):
        logs.find(state.logs, "wbe")


def test_following_goes_on_after_a_rotation(state: StateDir, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    log = state.log_of("web")
    log.write_text("old\n" * 10)
    steps = iter([("a", "a\nhalf"), ("a", " b\n"), ("w", "c\n")])

    def step(_seconds: float) -> None:
        mode, text = next(steps, (None, ""))
        if mode is None:
            raise KeyboardInterrupt
        with log.open(mode) as file:
            file.write(text)

    monkeypatch.setattr(logs.time, "sleep", step)
    with pytest.raises(KeyboardInterrupt):
        logs.follow([log], 0)
    assert capsys.readouterr().out == "a\nhalf b\nc\n"


def test_a_log_beyond_its_bound_is_set_aside_while_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * 101)
        assert rotate(log, limit_bytes=100)
        writer.write(b"new\n")
    assert log.read_bytes() == b"new\n"
    assert (tmp_path / "web.log.1").read_bytes() == b"x" * 101
    assert not rotate(log, limit_bytes=100)
    assert not rotate(tmp_path / "missing.log")
