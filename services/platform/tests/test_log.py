import json
import logging

import pytest
import structlog

from cnop_platform.log import configure_logging


@pytest.fixture
def configured(capsys):
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    configure_logging(service="test_service")
    yield
    structlog.reset_defaults()
    root.handlers[:], root.level = before


def fail(password):
    raise ValueError(f"{len(password)} characters are too few")


@pytest.mark.parametrize("log", [structlog.get_logger, logging.getLogger], ids=["ours", "a library's"])
def test_a_traceback_is_logged_without_the_variables_of_its_frames(capsys, configured, log):
    try:
        fail("hunter2-in-a-frame")
    except ValueError:
        log().exception("it_failed")
    line = capsys.readouterr().out
    assert "hunter2" not in line
    record = json.loads(line)
    assert (record["event"], record["level"], record["service"]) == ("it_failed", "error", "test_service")
    raised = record["exception"][0]
    assert (raised["exc_type"], raised["frames"][-1]["name"]) == ("ValueError", "fail")


def test_records_below_the_level_are_left_out(capsys, configured):
    structlog.get_logger().debug("detail")
    assert capsys.readouterr().out == ""
