"""The checkout: where it is and which packages it holds."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cnop_cli.environment import PACKAGE_FOLDERS

ROOT: Final = Path(__file__).resolve().parents[3]
CACHE: Final = ROOT / "var/cache"
"""What is made from the sources alone, and so is the same for every stack."""


@dataclass(frozen=True, slots=True)
class Package:
    """One of our own packages, with requirement lines as its pyproject.toml gives them.

    `requires` includes its extras, which a deployment may choose from; `testing` is the extra of that name, which only
    tests need.
    """

    name: str
    folder: Path
    module: str
    requires: tuple[str, ...]
    testing: tuple[str, ...] = ()

    @property
    def source(self) -> Path:
        return self.folder / "src" / self.module


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def packages(*, root: Path = ROOT) -> tuple[Package, ...]:
    """Read our own packages, from the innermost outward."""
    return tuple(_package(root / folder) for folder in PACKAGE_FOLDERS)


def _package(folder: Path) -> Package:
    project = read_toml(folder / "pyproject.toml")["project"]
    optional = dict(project.get("optional-dependencies", {}))
    testing = optional.pop("testing", [])
    requires = [*project["dependencies"], *(line for lines in optional.values() for line in lines)]
    name = project["name"]
    return Package(name, folder, name.replace("cnop-", "cnop_"), requires=tuple(requires), testing=tuple(testing))


def requirement_name(requirement: str) -> str:
    """Give the normalized project name of a requirement line (PyPA name normalization)."""
    match = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", requirement)
    if match is None:
        raise ValueError(f"not a requirement: {requirement!r}")
    return re.sub(r"[-_.]+", "-", match.group()).lower()


def third_party(names: Iterable[str], *, among: tuple[Package, ...]) -> frozenset[str]:
    """Give the requirement lines that these packages and those of ours they build on take from elsewhere."""
    by_name = {package.name: package for package in among}
    found: set[str] = set()
    waiting, seen = list(names), set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for line in by_name[name].requires:
            if (needed := requirement_name(line)) in by_name:
                waiting.append(needed)
            else:
                found.add(line)
    return frozenset(found)
