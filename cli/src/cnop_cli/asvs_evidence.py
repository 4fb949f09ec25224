"""Runs the tests that the ASVS statements name: what counts as met is what a test that passed shows."""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from cnop_cli import asvs_plugin, chromium, page
from cnop_cli.asvs import Statement, Status
from cnop_cli.stages import run_tool
from cnop_cli.trial import trial
from cnop_cli.workspace import ROOT

_FOLDERS: Final = ("integration_tests", "deploy_tests", "infra_tests")
"""Suites with a configuration of their own."""
_PAGE: Final = "frontend/src/"
_SOME_FAILED: Final = 1
_LEAD_SECONDS: Final = "20"

Outcomes = Mapping[str, str]
"""What became of each test, by its place in the checkout: `passed` or something else."""


def judged(statements: Mapping[str, Statement], outcomes: Outcomes) -> dict[str, Statement]:
    """Give the statements as the tests leave them: what is called met is open when a test of it did not pass."""
    return {number: _judge(statement, outcomes) for number, statement in statements.items()}


def _judge(statement: Statement, outcomes: Outcomes) -> Statement:
    failed = [piece for piece in statement.tests if not _passed(piece, outcomes)]
    if statement.status is not Status.MET or not failed:
        return statement
    return replace(statement, status=Status.OPEN, reason=f"{statement.reason}; but not passed: {', '.join(failed)}")


def _passed(piece: str, outcomes: Outcomes) -> bool:
    within = (f"{piece}[", f"{piece}::")
    seen = [outcome for test, outcome in outcomes.items() if test == piece or test.startswith(within)]
    return bool(seen) and all(outcome == "passed" for outcome in seen)


def run_tests(statements: Mapping[str, Statement], *, report: Callable[[str], None]) -> dict[str, str]:
    """Run every test that is evidence, on a stack of its own where it needs one; return what became of each.

    Raises:
        CommandError: a suite could not be run; that a test failed is in the outcomes.
    """
    pieces = sorted({piece for statement in statements.values() for piece in statement.tests})
    own = [piece for piece in pieces if piece.split("/")[0] not in _FOLDERS and not piece.startswith(_PAGE)]
    outcomes = _pytest(["-n", "2"], own)
    for folder in _FOLDERS:
        chosen = [piece for piece in pieces if piece.startswith(f"{folder}/")]
        if chosen and folder == "integration_tests":
            outcomes |= _black_box(chosen, report=report)
        elif chosen:
            outcomes |= _suite(folder, chosen, {})
    return outcomes | _vitest([piece for piece in pieces if piece.startswith(_PAGE)], report=report)


def _black_box(pieces: Sequence[str], *, report: Callable[[str], None]) -> dict[str, str]:
    """Run black-box tests against a stack that speaks TLS as production does, and one that does not."""
    browser = chromium.require(report=report)
    found: dict[str, str] = {}
    secure = [piece for piece in pieces if "test_transport" in piece]
    for options, chosen in ((("--tls",), secure), ((), [piece for piece in pieces if piece not in secure])):
        if chosen:
            # A new signing key shall sign within the time of a test.
            with trial(*options, environment={**os.environ, "CNOP_JWKS_CACHE_SECONDS": _LEAD_SECONDS}) as stack:
                found |= _suite("integration_tests", chosen, {**stack.environment(), "CNOP_CHROMIUM": str(browser)})
    return found


def _suite(folder: str, pieces: Sequence[str], variables: Mapping[str, str]) -> dict[str, str]:
    root = ROOT / folder
    options = ["-c", str(root / "pytest.ini"), "--rootdir", str(root)]
    outcomes = _pytest(options, [str(ROOT / piece) for piece in pieces], variables)
    return {f"{folder}/{test}": outcome for test, outcome in outcomes.items()}


def _pytest(
    options: Sequence[str], pieces: Sequence[str], variables: Mapping[str, str] | None = None
) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        noted = Path(folder) / "outcomes.json"
        environment = {**os.environ, **(variables or {}), asvs_plugin.VARIABLE: str(noted)}
        argv = [sys.executable, "-m", "pytest", "-q", "-p", asvs_plugin.__name__, *options, *pieces]
        run_tool(argv, environment=environment, fine=(0, _SOME_FAILED))
        return dict(json.loads(noted.read_text(encoding="utf-8")))


def _vitest(pieces: Sequence[str], *, report: Callable[[str], None]) -> dict[str, str]:
    if not pieces or not page.exists():
        return {}
    with page.only_one(), tempfile.TemporaryDirectory() as folder:
        node = page.find_node(report=report)
        page.install_packages(node, report=report)
        noted = Path(folder) / "outcomes.json"
        files = [piece.removeprefix("frontend/") for piece in pieces]
        page.run_npm(node, ["run", "--silent", "test", "--", "--reporter=json", f"--outputFile={noted}", *files])
        suites = json.loads(noted.read_text(encoding="utf-8"))["testResults"]
    return {str(Path(suite["name"]).relative_to(ROOT)): str(suite["status"]) for suite in suites}
