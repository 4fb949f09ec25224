"""Explains in one line why a process ended: from what it wrote last."""

import json
from pathlib import Path
from typing import Final

_LOOKED_AT: Final = 32_768
_LONGEST: Final = 300


def last_words(log: Path) -> str:
    """Give the line of a log that says most about its end: the error of the last traceback, else the last line."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _LOOKED_AT))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    messages = [_message(line) for line in text.splitlines() if line.strip()]
    for message in reversed(messages[-20:]):
        if "Traceback (most recent call last)" in message:
            return _shorten(message.strip().splitlines()[-1])
    return _shorten(messages[-1].strip().splitlines()[-1]) if messages else ""


def _message(line: str) -> str:
    """Give the event of a structured line with its traceback, and any other line as it is."""
    try:
        document = json.loads(line)
        return str(document.get("exception") or document["event"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return line


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
