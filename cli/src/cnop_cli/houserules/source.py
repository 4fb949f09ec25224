"""What a house rule looks at, and what it finds."""

import ast
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Source:
    """A tracked text file; `path` is relative to the checkout, with forward slashes."""

    path: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        """Give the syntax tree of a Python file.

        Raises:
            SyntaxError: it is none.
        """
        return ast.parse(self.text, filename=self.path)

    @property
    def is_python(self) -> bool:
        return self.path.endswith(".py")

    @property
    def is_test(self) -> bool:
        parts = PurePosixPath(self.path).parts
        return "tests" in parts or parts[0] == "integration_tests"

    def under(self, folders: Iterable[str]) -> bool:
        """Tell whether the file lies in one of these folders."""
        return any(self.path.startswith(f"{folder}/") for folder in folders)

    def allows(self, rule: str, line: int) -> bool:
        """Tell whether a line (from 1) is exempt: it ends with `# allow(rule): reason`."""
        return re.search(rf"# allow\({re.escape(rule)}\): \S", "".join(self.lines[line - 1 : line])) is not None


@dataclass(frozen=True, slots=True)
class Violation:
    """A place where a rule is broken; `line` counts from 1."""

    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its name, what it is for, and the pure function that finds (line, message) pairs in a file."""

    name: str
    why: str
    find: Callable[[Source], Iterable[tuple[int, str]]]

    def check(self, source: Source) -> list[Violation]:
        """Give the violations in a file, without those that are exempted where they stand."""
        return [
            Violation(path=source.path, line=line, rule=self.name, message=message)
            for line, message in self.find(source)
            if not source.allows(self.name, line)
        ]
