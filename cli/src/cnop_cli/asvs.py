"""How the platform stands against the OWASP ASVS: the standard's numbers, our statements, and figures over both."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from cnop_cli.workspace import ROOT

FOLDER: Final = ROOT / "docs/security"
STANDARD: Final = FOLDER / "asvs-5.0.0.toml"
STATEMENTS: Final = FOLDER / "asvs.toml"
PAGE: Final = FOLDER / "asvs.md"
LEVELS: Final = (1, 2, 3)
REQUIRED_LEVELS: Final = (1, 2)
_TEST: Final = re.compile(r"(?:^|/)test_\w+\.py(?:::\w+)?$|\.test\.tsx?$")
_DOCUMENTATION: Final = re.compile(r"V\d+\.1\.\d+$")
"""The first section of a chapter asks for documents, which no test can judge; V1 has none."""


class Status(StrEnum):
    """How a requirement stands."""

    MET = "met"
    PARTLY = "partly"
    NOT = "not"
    NOT_APPLICABLE = "not applicable"
    OPEN = "open"
    """Nobody has looked yet."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """A requirement of the standard, by its number."""

    number: str
    level: int
    chapter: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What is said of a requirement, and by what it is shown: files, or tests as `file::name`."""

    status: Status
    reason: str = ""
    evidence: tuple[str, ...] = ()

    @property
    def tests(self) -> tuple[str, ...]:
        """The evidence that can pass or fail: files of tests, or tests in them."""
        return tuple(piece for piece in self.evidence if _TEST.search(piece))


def read_standard(path: Path = STANDARD) -> list[Requirement]:
    """Read chapters, numbers and levels, in the standard's order."""
    chapters = tomllib.loads(path.read_text(encoding="utf-8"))["chapter"]
    found = [
        Requirement(number, level, f"{chapter['id']} {chapter['name']}")
        for chapter in chapters
        for level in LEVELS
        for number in chapter[f"level_{level}"]
    ]
    return sorted(found, key=lambda each: [int(part) for part in each.number[1:].split(".")])


def read_statements(path: Path = STATEMENTS) -> dict[str, Statement]:
    """Read what is said of each requirement.

    Raises:
        ValueError: one is said twice, has an unknown status, no reason, or is claimed met without a test, or, where a
            document is asked for, without any evidence.
    """
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    found: dict[str, Statement] = {}
    for group in document["group"]:
        statement = _statement(group, document["where"])
        for number in group["ids"]:
            if number in found:
                raise ValueError(f"{number} is stated twice")
            if statement.status is Status.MET and not (statement.tests or asks_for_document(number)):
                raise ValueError(f"{number}: met needs a test")
            found[number] = statement
    return found


def asks_for_document(number: str) -> bool:
    """Tell whether a requirement asks for a document, and for nothing that a test could show."""
    return _DOCUMENTATION.match(number) is not None and not number.startswith("V1.")


def _statement(group: Mapping[str, Any], where: Mapping[str, str]) -> Statement:
    evidence = tuple(_place(each, where) for each in group.get("evidence", ()))
    status = Status(group["status"])
    reason = str(group.get("reason", "")).strip()
    if not reason or status is Status.OPEN:
        raise ValueError(f"{group['ids']}: a statement needs a status and a reason")
    if status in {Status.MET, Status.PARTLY} and not evidence:
        raise ValueError(f"{group['ids']}: {status.value} needs evidence")
    return Statement(status, reason, evidence)


def _place(text: str, where: Mapping[str, str]) -> str:
    alias, colon, rest = text.partition(":")
    if colon and not rest.startswith(":") and alias in where:
        return f"{where[alias]}/{rest}"
    folder, slash, rest = text.partition("/")
    return f"{where[folder]}/{rest}" if slash and folder == "page" else text


def missing_evidence(statement: Statement, *, root: Path = ROOT) -> Iterator[str]:
    """Give the pieces of evidence that do not exist."""
    for piece in statement.evidence:
        name, _, test = piece.partition("::")
        if not (root / name).exists() or (test and not _defines(root / name, test)):
            yield piece


def _defines(path: Path, test: str) -> bool:
    definition = re.compile(rf"^\s*(?:async )?def {test}\(", re.MULTILINE)
    return definition.search(path.read_text(encoding="utf-8")) is not None


def figures(standard: Sequence[Requirement], statements: Mapping[str, Statement]) -> list[str]:
    """Render a line a chapter: for each level, how many of the requirements that apply are met."""
    chapters = list(dict.fromkeys(each.chapter for each in standard))
    lines = [_line(chapter, [each for each in standard if each.chapter == chapter], statements) for chapter in chapters]
    return [_line("", standard, statements, head=True), *lines, _line("all", standard, statements)]


def _line(name: str, members: Sequence[Requirement], statements: Mapping[str, Statement], *, head: bool = False) -> str:
    cells = [name, *(f"level {level}" if head else _cell(level, members, statements) for level in LEVELS)]
    return f"{cells[0]:46} {cells[1]:>12} {cells[2]:>12} {cells[3]:>12}".rstrip()


def _cell(level: int, members: Sequence[Requirement], statements: Mapping[str, Statement]) -> str:
    of_level = [_of(each, statements).status for each in members if each.level == level]
    applicable = [status for status in of_level if status is not Status.NOT_APPLICABLE]
    if not applicable:
        return "none"
    return f"{applicable.count(Status.MET)} of {len(applicable)}"


def _of(requirement: Requirement, statements: Mapping[str, Statement]) -> Statement:
    return statements.get(requirement.number, Statement(Status.OPEN))


_PREAMBLE: Final = """# OWASP ASVS 5.0.0

Made by `./cnop security asvs` from [asvs.toml](asvs.toml); do not edit. A figure counts the requirements that are met
among those that apply; **partly**, **not** and **open** all count as not met. `cli/tests/test_asvs.py` checks that
levels 1 and 2 are complete, that nothing is called met without a test, or without the document where the standard
asks for one, and that all of them exist. `./cnop security asvs --run` runs every test that is named here, on a stack of
its own where it needs one, and counts a requirement of which one did not pass as **open**.

It is the project's own assessment; nobody else has verified it. Numbers and levels are those of the OWASP Application
Security Verification Standard 5.0.0, © The OWASP Foundation, licensed under
[CC BY-SA 4.0](https://creativecommons.org/licenses/by-sa/4.0/); the requirements' texts are
[there](https://github.com/OWASP/ASVS).
"""


def render(standard: Sequence[Requirement], statements: Mapping[str, Statement]) -> str:
    """Render the scoreboard as Markdown: the figures, what is not met, and everything with its evidence."""
    chapters = list(dict.fromkeys(each.chapter for each in standard))
    lines = [_PREAMBLE, "| chapter | level 1 | level 2 | level 3 |", "|---|---|---|---|"]
    for chapter in (*chapters, "**all**"):
        members = [each for each in standard if each.chapter == chapter] or standard
        lines.append(f"| {chapter} | " + " | ".join(_cell(level, members, statements) for level in LEVELS) + " |")
    for chapter in chapters:
        lines += ["", f"## {chapter}", "", "| requirement | level | status | why | evidence |", "|---|---|---|---|---|"]
        lines += [_row(each, _of(each, statements)) for each in standard if each.chapter == chapter]
    return "\n".join(lines) + "\n"


def _row(requirement: Requirement, statement: Statement) -> str:
    status = statement.status.value
    shown = status if statement.status in {Status.MET, Status.NOT_APPLICABLE} else f"**{status}**"
    evidence = ", ".join(f"`{piece}`" for piece in statement.evidence)
    return f"| {requirement.number} | {requirement.level} | {shown} | {statement.reason} | {evidence} |"
