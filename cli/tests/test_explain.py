import json
from pathlib import Path

import pytest

from cnop_cli.stack.explain import last_words

TRACEBACK = "Traceback (most recent call last):\n  File x\nTypeError: no such argument\n"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], ""),
        (["starting", "no such table", ""], "no such table"),
        (
            [json.dumps({"event": "settings: CNOP_AUDIT_KEY: Field required"})],
            "settings: CNOP_AUDIT_KEY: Field required",
        ),
        ([json.dumps({"event": TRACEBACK}), json.dumps({"event": "Exiting."})], "TypeError: no such argument"),
        ([json.dumps({"event": "crash", "exception": TRACEBACK})], "TypeError: no such argument"),
        (["[1, 2]"], "[1, 2]"),
    ],
)
def test_the_line_that_says_most_is_given(tmp_path: Path, lines: list[str], words: str) -> None:
    log = tmp_path / "x.log"
    log.write_text("\n".join(lines))
    assert last_words(log) == words


def test_a_long_line_is_shortened_and_a_missing_log_says_nothing(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("x" * 1000)
    assert len(last_words(log)) == 300
    assert last_words(tmp_path / "none.log") == ""
