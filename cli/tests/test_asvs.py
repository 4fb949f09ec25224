"""The scoreboard against the ASVS is complete and claims nothing without evidence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cnop_cli import asvs, asvs_evidence, asvs_plugin
from cnop_cli.asvs import Requirement, Statement, Status

STATEMENTS = asvs.read_statements()
STANDARD = asvs.read_standard()


def test_the_standard_is_all_there() -> None:
    assert len(STANDARD) == 345
    assert [sum(each.level == level for each in STANDARD) for level in asvs.LEVELS] == [70, 183, 92]
    assert len({each.chapter for each in STANDARD}) == 17


@pytest.mark.parametrize("level", asvs.REQUIRED_LEVELS)
def test_every_requirement_of_levels_1_and_2_has_a_statement(level: int) -> None:
    assert [each.number for each in STANDARD if each.level == level and each.number not in STATEMENTS] == []


def test_nothing_is_said_of_what_the_standard_does_not_ask() -> None:
    assert STATEMENTS.keys() - {each.number for each in STANDARD} == set()


@pytest.mark.parametrize("number", STATEMENTS)
def test_the_evidence_exists(number: str) -> None:
    assert list(asvs.missing_evidence(STATEMENTS[number])) == []


def test_the_page_is_current() -> None:
    assert asvs.PAGE.read_text(encoding="utf-8") == asvs.render(STANDARD, STATEMENTS), "run `./cnop security asvs`"


def test_evidence_that_does_not_exist_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_x.py").write_text("def test_there(): ...\n")
    pieces = ("tests/test_x.py::test_there", "tests/test_x.py::test_gone", "nowhere.md")
    statement = Statement(Status.MET, "because", pieces)
    assert list(asvs.missing_evidence(statement, root=tmp_path)) == ["tests/test_x.py::test_gone", "nowhere.md"]


@pytest.mark.parametrize(
    "lines",
    [
        'ids = ["V1.1.1"]\nstatus = "met"\nreason = "sure"',
        'ids = ["V1.1.1"]\nstatus = "partly"\nreason = "sure"',
        'ids = ["V1.1.1"]\nstatus = "met"\nreason = ""\nevidence = ["a"]',
        'ids = ["V1.1.1"]\nstatus = "met"\nreason = "sure"\nevidence = ["docs/paper.md"]',
        'ids = ["V1.1.1"]\nstatus = "excellent"\nreason = "sure"\nevidence = ["a"]',
        'ids = ["V1.1.1", "V1.1.1"]\nstatus = "not"\nreason = "no time"',
    ],
)
def test_a_claim_without_evidence_or_reason_is_refused(tmp_path: Path, lines: str) -> None:
    path = tmp_path / "asvs.toml"
    path.write_text(f"[where]\n[[group]]\n{lines}\n")
    with pytest.raises(ValueError, match=r"V1\.1\.1|excellent"):
        asvs.read_statements(path)


def test_figures_count_what_is_met_among_what_applies() -> None:
    standard = [Requirement(f"V1.1.{number}", 1, "V1 Things") for number in range(1, 6)]
    said = {
        "V1.1.1": Statement(Status.MET),
        "V1.1.2": Statement(Status.PARTLY),
        "V1.1.3": Statement(Status.NOT),
        "V1.1.4": Statement(Status.NOT_APPLICABLE),
    }
    assert "1 of 4" in asvs.figures(standard, said)[-1]


TESTED = Statement(Status.MET, "sure", ("a/tests/test_x.py::test_one", "b/tests/test_y.py", "docs/paper.md"))


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ({"a/tests/test_x.py::test_one[1]": "passed", "b/tests/test_y.py::test_any": "passed"}, Status.MET),
        ({"a/tests/test_x.py::test_one[1]": "failed", "b/tests/test_y.py::test_any": "passed"}, Status.OPEN),
        ({"a/tests/test_x.py::test_one": "passed", "b/tests/test_y.py::test_any": "skipped"}, Status.OPEN),
        ({"a/tests/test_x.py::test_one": "passed"}, Status.OPEN),
        ({"a/tests/test_x.py::test_one_more": "passed", "b/tests/test_y.py::test_any": "passed"}, Status.OPEN),
    ],
)
def test_what_is_met_is_open_unless_each_of_its_tests_passed(outcomes: dict[str, str], status: Status) -> None:
    assert asvs_evidence.judged({"V1.1.1": TESTED}, outcomes)["V1.1.1"].status is status


def test_a_requirement_that_is_not_met_or_asks_for_a_document_needs_no_test_to_pass() -> None:
    said = {
        "V1.2.1": Statement(Status.PARTLY, "half", TESTED.evidence),
        "V2.1.1": Statement(Status.MET, "it", ("a.md",)),
    }
    assert asvs_evidence.judged(said, {}) == said


def test_the_plugin_tells_of_each_test_what_became_of_it(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(
        "import pytest\n"
        "def test_good(): ...\n"
        "def test_bad(): assert False\n"
        "@pytest.mark.skip\n"
        "def test_left(): ...\n"
        "def test_broken(nothing): ...\n"
    )
    noted = tmp_path / "outcomes.json"
    argv = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        asvs_plugin.__name__,
        "-c",
        os.devnull,
        "--rootdir",
        str(tmp_path),
    ]
    subprocess.run(
        [*argv, str(tmp_path)], env={**os.environ, asvs_plugin.VARIABLE: str(noted)}, check=False, timeout=60
    )
    assert json.loads(noted.read_text()) == {
        "test_some.py::test_good": "passed",
        "test_some.py::test_bad": "failed",
        "test_some.py::test_left": "skipped",
        "test_some.py::test_broken": "failed",
    }
