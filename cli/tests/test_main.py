import importlib
import subprocess
import sys

import pytest

from cnop_cli.errors import CommandError
from cnop_cli.main import COMMANDS, execute, find, overview


def test_the_overview_shows_every_command_with_an_example() -> None:
    text = overview()
    for command in COMMANDS:
        assert f"  {command.name} " in text
        assert command.example in text
        assert command.example.startswith(f"./cnop {command.name}")


@pytest.mark.parametrize("argv", [[], ["-h"], ["--help"], ["help"]])
def test_no_command_or_help_prints_the_overview(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(argv) == 0
    assert capsys.readouterr().out.startswith("usage: ./cnop COMMAND")


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_each_command_explains_itself_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        execute([name, "--help"])
    assert stop.value.code == 0
    assert f"example: {find(name).example}" in capsys.readouterr().out


def test_an_unknown_command_names_the_nearest() -> None:
    with pytest.raises(CommandError, match="did you mean `status`"):
        execute(["staus"])
    with pytest.raises(CommandError, match="--help"):
        execute(["xyzzy"])


def test_what_stands_behind_two_dashes_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}
    module = importlib.import_module("cnop_cli.commands.down")
    monkeypatch.setattr(module, "run", lambda args: seen.update(vars(args)) or 0)
    execute(["down", "--state", "x", "--", "-m", "smoke"])
    assert seen["further"] == ["-m", "smoke"]


def cnop(*arguments: str) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-m", "cnop_cli", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)


def test_an_error_is_one_line_and_no_traceback() -> None:
    done = cnop("xyzzy")
    assert done.returncode == 1
    assert done.stderr == "cnop: there is no command `xyzzy`; `./cnop --help` lists them\n"


def test_help_does_not_load_what_only_other_commands_need() -> None:
    program = "import sys; from cnop_cli.main import execute; execute([]); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    for heavy in ("fastapi", "pydantic", "psutil", "httpx", "cnop_platform"):
        assert f"'{heavy}'" not in done.stdout
