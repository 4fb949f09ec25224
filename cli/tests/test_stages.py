import itertools
import re

import pytest

from cnop_cli.commands.test import ASKED_FOR, STAGES, chosen_stages
from cnop_cli.errors import CommandError
from cnop_cli.main import execute
from cnop_cli.stages import Outcome, Result, Skip, Stage, run_all, run_tool, summary
from cnop_cli.workspace import ROOT


def fail() -> None:
    raise CommandError("2 tests failed")


def leave_out() -> None:
    raise Skip("no browser")


def test_every_stage_runs_and_one_failure_fails_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    ticks = itertools.count(0, 1.5)
    code = run_all(
        [Stage("first", fail), Stage("second", lambda: None), Stage("third", leave_out)], clock=lambda: next(ticks)
    )
    assert code == 1
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "first   FAILED      1.5 s  2 tests failed",
        "second  passed      1.5 s",
        "third   skipped     1.5 s  no browser",
    ]


def test_skipped_stages_do_not_fail_the_whole() -> None:
    assert run_all([Stage("one", leave_out), Stage("two", lambda: None)]) == 0


def test_the_summary_has_one_line_a_stage() -> None:
    results = [Result("a", Outcome.PASSED, 1.0), Result("longer", Outcome.SKIPPED, 0.0, "why")]
    assert summary(results) == "a       passed      1.0 s\nlonger  skipped     0.0 s  why"


def test_a_failing_tool_is_a_failed_stage() -> None:
    run_tool(["true"])
    with pytest.raises(CommandError, match="false ended with exit code 1"):
        run_tool(["false"])
    run_tool(["false"], fine=(0, 1))


@pytest.mark.parametrize("command", ["test", "check"])
def test_an_unknown_stage_names_the_known(command: str) -> None:
    with pytest.raises(CommandError, match="there is no stage `unti`; there is: "):
        execute([command, "unti"])


def test_all_leaves_out_what_is_run_when_asked_for() -> None:
    everything = [name for name in STAGES if name not in ASKED_FOR]
    assert chosen_stages([]) == chosen_stages(["all"]) == everything
    assert chosen_stages(["unit"]) == ["unit"]
    assert chosen_stages(["all", "deploy", "unit"]) == [*everything, "deploy"]


def test_the_document_tells_of_every_stage_and_whether_all_runs_it() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| (yes|no) \|$", (ROOT / "docs/testing/README.md").read_text(), re.MULTILINE)
    assert dict(rows) == {name: "no" if name in ASKED_FOR else "yes" for name in STAGES}


@pytest.mark.parametrize(("pipeline", "outcome"), [("", Outcome.SKIPPED), ("true", Outcome.FAILED)])
def test_containers_without_an_engine_are_skipped_but_not_in_the_pipeline(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], pipeline: str, outcome: Outcome
) -> None:
    monkeypatch.delenv("CNOP_CONTAINER_PREPARE", raising=False)
    monkeypatch.setenv("GITHUB_ACTIONS", pipeline)
    monkeypatch.setenv("PATH", "")
    assert execute(["test", "containers"]) == (1 if outcome is Outcome.FAILED else 0)
    assert re.search(rf"^containers +{outcome}", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize("where", [".ci/run", ".github/workflows/ci.yml"])
def test_continuous_integration_runs_every_stage(where: str) -> None:
    lines = re.findall(r"\./cnop test ([\w ]+)", (ROOT / where).read_text())
    run = {name for line in lines for name in chosen_stages(line.split())}
    # `running` is about somebody's platform, and `infra` wants programs that not every machine can get.
    assert set(STAGES) - run <= {"running", "infra"}
