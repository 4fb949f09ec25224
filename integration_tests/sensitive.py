"""Remembers what must never be written down in clear: passwords, tokens, codes, personal data that the tests used."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

_SEEN: dict[str, str] = {}
# Anything shorter would be found by chance: in numbers, ids and times.
_SHORTEST = 8


def remember(kind: str, *values: str) -> None:
    """Note values that no log may hold."""
    for value in values:
        assert len(value) >= _SHORTEST, f"{kind} is too short to be looked for"
        _SEEN[value] = kind


def seen() -> dict[str, str]:
    """Return what was noted, as each value may be written, with its kind."""
    return {spelling: kind for value, kind in _SEEN.items() for spelling in _spellings(value)}


def leaks(files: Iterable[Path], values: dict[str, str]) -> Iterator[str]:
    """Say where a value occurs; the value itself is not repeated."""
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            for value, kind in values.items():
                if value in line:
                    yield f"{file.name}:{number} holds a {kind}: {line.replace(value, '[***]')[:300]}"


def _spellings(value: str) -> set[str]:
    return {value, quote(value, safe=""), value.replace('"', '\\"'), value.replace("\\", "\\\\").replace('"', '\\"')}
