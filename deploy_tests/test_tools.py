"""A check that cannot run is skipped on one's own machine, and fails in continuous integration."""

from pathlib import Path

import pytest
from tools import from_pypi, installed


@pytest.fixture(params=["own machine", "pipeline"])
def outcome(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> type[BaseException]:
    """What is expected of a test whose tool is absent."""
    if request.param == "pipeline":
        monkeypatch.setenv("CI", "true")
        return pytest.fail.Exception
    monkeypatch.delenv("CI", raising=False)
    return pytest.skip.Exception


def test_a_program_that_is_not_installed(outcome: type[BaseException]) -> None:
    with pytest.raises(outcome, match="apt-get install nothing"):
        installed("no-such-program", package="nothing")


def test_a_package_that_cannot_be_had(
    outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tools._HOME", tmp_path)
    with pytest.raises(outcome, match="cannot be installed"):
        from_pypi("no-such-program", "./no-such-folder")
