"""Rules about the text of any tracked file."""

import re
from collections.abc import Iterator
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
