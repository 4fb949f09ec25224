"""Findings of scanners, and the written answers to those that stay."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from cnop_cli.errors import CommandError


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """What a tool says of a line; `path` is relative to what was scanned, with forward slashes."""

    path: str
    line: int
    tool: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.tool} {self.rule}: {self.message}"


@dataclass(frozen=True, slots=True)
class Answer:
    """Why a rule's findings in some files are none. `paths` are patterns in which `*` also matches `/`."""

    tool: str
    rule: str
    paths: tuple[str, ...]
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Tell whether this is the answer to a finding."""
        return (self.tool, self.rule) == (finding.tool, finding.rule) and any(
            fnmatchcase(finding.path, pattern) for pattern in self.paths
        )

    def __str__(self) -> str:
        return f"{self.tool} {self.rule} in {', '.join(self.paths)}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is left after the answers: findings without one, and answers to nothing."""

    unanswered: tuple[Finding, ...]
    answered: int
    stale: tuple[Answer, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing is left to do."""
        return not self.unanswered and not self.stale


def read_answers(path: Path) -> list[Answer]:
    """Read the written answers.

    Raises:
        CommandError: one is malformed or gives no reason.
    """
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("answer", [])
    return [_answer(entry, path) for entry in entries]


def _answer(entry: dict[str, object], path: Path) -> Answer:
    paths = entry.get("paths")
    texts = [entry.get(name) for name in ("tool", "rule", "reason")]
    if not isinstance(paths, list) or not paths or not all(isinstance(each, str) and each.strip() for each in texts):
        raise CommandError(f"{path.name}: an answer needs tool, rule, paths and a reason: {entry}")
    tool, rule, reason = map(str, texts)
    return Answer(tool=tool, rule=rule, paths=tuple(map(str, paths)), reason=reason)


def judge(findings: Iterable[Finding], answers: Sequence[Answer]) -> Verdict:
    """Compare the findings of some tools with the answers."""
    unanswered: list[Finding] = []
    used: set[int] = set()
    answered = 0
    for finding in findings:
        fitting = [number for number, answer in enumerate(answers) if answer.covers(finding)]
        used.update(fitting)
        if fitting:
            answered += 1
        else:
            unanswered.append(finding)
    stale = tuple(answer for number, answer in enumerate(answers) if number not in used)
    return Verdict(tuple(sorted(unanswered)), answered, stale)
