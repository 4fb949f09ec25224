"""Rules about the text of any tracked file."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from cnop_cli.houserules.source import Source

# Written in pieces, so that this file does not break its own rule.
_REGISTRIES: Final = "|".join(
    f"{name}[.]{domain}"
    for name, domain in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "(?:org|com)"),
        ("yarnpkg", "com"),
        ("deb[.]debian", "org"),
        ("archive[.]ubuntu", "com"),
        ("crates", "io"),
        ("proxy[.]golang", "org"),
        ("repo1?[.]maven", "(?:apache[.])?org"),
    )
)
_MACHINE_PATHS: Final = "|".join(
    f"/{top}/{below}"
    for top, below in (
        ("work", "(?:main|shared|[.])"),
        ("root", ""),
        ("Users", "\\w"),
        ("home", "(?!app\\b|nonroot\\b)\\w"),
    )
)
_CODE: Final = (".py", ".ts", ".tsx", ".sh", ".tf", ".cedar", ".yaml", ".yml", ".js", ".mjs")
_UNFINISHED: Final = re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")
_PICTURES: Final = re.compile("[\U0001f300-\U0001faff\u2600-\u26ff\ufe0f]")
_VAGUE: Final = frozenset({"util", "utils", "helper", "helpers", "manager", "managers", "common", "misc"})
REGISTRY: Final = re.compile(rf"(?<![\w-])(?:[\w-]+\.)*(?:{_REGISTRIES})\b")
MACHINE_PATH: Final = re.compile(rf"(?<![\w.~-])(?:{_MACHINE_PATHS})")


def registry_hosts(source: Source) -> Iterator[tuple[int, str]]:
    """Find hosts of package registries: which registry is used is the machine's business, not the project's."""
    for number, line in enumerate(source.lines, start=1):
        if match := REGISTRY.search(line):
            yield number, f"names a package registry ({match.group()}); leave the choice to the machine's settings"


def machine_paths(source: Source) -> Iterator[tuple[int, str]]:
    """Find paths that exist on one person's machine only."""
    for number, line in enumerate(source.lines, start=1):
        if match := MACHINE_PATH.search(line):
            yield number, f"holds a path of one machine ({match.group()}…); use one relative to the checkout"


def unfinished_work(source: Source) -> Iterator[tuple[int, str]]:
    """Find notes of work left for later: it is done, or it is an issue."""
    if source.path.endswith(_CODE):
        for number, line in enumerate(source.lines, start=1):
            if match := _UNFINISHED.search(line):
                yield number, f"says {match.group()}; do it, or file it where work is planned"


def pictures(source: Source) -> Iterator[tuple[int, str]]:
    """Find emoji in code: logs and terminals do not all show them, and nobody searches for them."""
    is_test = source.is_test or ".test." in source.path
    if source.path.endswith(_CODE) and not is_test:
        for number, line in enumerate(source.lines, start=1):
            if _PICTURES.search(line):
                yield number, "holds an emoji; say it in words"


def vague_names(source: Source) -> Iterator[tuple[int, str]]:
    """Find modules named for nothing in particular: everything would fit in."""
    path = PurePosixPath(source.path)
    if path.suffix in {".py", ".ts", ".tsx"} and path.stem.lower() in _VAGUE:
        yield 1, f"{path.name} says nothing of what is inside; name it for what it is for"
