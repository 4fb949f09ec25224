import json
import subprocess
import sys

import pytest

# In a process of its own, as a service is: logging is set up once for a whole process.
PROGRAM = """
import logging, sys
import structlog
from cnop_platform.log import configure_logging

configure_logging(service="test_service")
log = {"ours": structlog.get_logger, "library": logging.getLogger}[sys.argv[1]]()
log.debug("detail")

def fail(password):
    raise ValueError(f"{len(password)} characters are too few")

try:
    fail("hunter2-in-a-frame")
except ValueError:
    log.exception("it_failed")
"""


@pytest.mark.parametrize("logger", ["ours", "library"])
def test_a_traceback_is_logged_without_the_variables_of_its_frames(logger):
    argv = [sys.executable, "-c", PROGRAM, logger]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    assert "hunter2" not in done.stdout + done.stderr
    record = json.loads(done.stdout)
    assert (record["event"], record["level"], record["service"]) == ("it_failed", "error", "test_service")
    raised = record["exception"][0]
    assert (raised["exc_type"], raised["frames"][-1]["name"]) == ("ValueError", "fail")


def test_a_line_break_in_a_value_makes_no_second_line():
    program = (
        PROGRAM.split("def fail", maxsplit=1)[0] + "log.warning('said', text='one\\ntwo\\r\\u2028{\"event\": 1}')\n"
    )
    argv = [sys.executable, "-c", program, "ours"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["text"] == 'one\ntwo\r\u2028{"event": 1}'
