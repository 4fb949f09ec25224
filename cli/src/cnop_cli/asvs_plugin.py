"""A pytest plugin that notes what became of each test, for whoever counts tests as evidence."""

import json
import os
from pathlib import Path
from typing import Final

import pytest

VARIABLE: Final = "CNOP_OUTCOMES"
"""Names the file: a JSON object of node ids and `passed`, `failed` or `skipped`."""

_outcomes: dict[str, str] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note one phase of a test; one that did not pass is the whole test's outcome."""
    if report.outcome != "passed" or report.nodeid not in _outcomes:
        _outcomes[report.nodeid] = report.outcome


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the outcomes down, once for all workers."""
    if not hasattr(session.config, "workerinput"):
        Path(os.environ[VARIABLE]).write_text(json.dumps(_outcomes), encoding="utf-8")
