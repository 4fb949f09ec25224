"""Every command that a document shows is one that there is: `./cnop` lines parse, scripts know their options."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from cnop_cli.errors import CommandError
from cnop_cli.main import COMMANDS, find, parser_of
from cnop_cli.workspace import ROOT

_LEFT_OUT = {"node_modules", ".venv", "var"}
DOCUMENTS = [path for path in sorted(ROOT.rglob("*.md")) if not _LEFT_OUT & set(path.relative_to(ROOT).parts)]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
_CNOP = re.compile(r"\./cnop(?: [^\n`|>;#&)]*)?")
_SCRIPT = re.compile(r"\./((?:[\w-]+/)*[\w.-]+\.sh)((?: [^\n`|>;#&)]*)?)")
# Between fences, or between backticks on one line.
_CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)
# Where a document names a kind of thing rather than one.
_EXAMPLES = {"N": "1", "SERVICE=N": "order_service=2"}


def cnop_lines(text: str) -> list[list[str]]:
    return [words(match[0])[1:] for match in _CNOP.finditer(text)]


def words(line: str) -> list[str]:
    line = re.sub(r"[\[\]]|…|\.\.\.", " ", line)
    try:
        return shlex.split(line.rstrip(".,:"))
    except ValueError:
        return line.split()


def parses(line: list[str]) -> str | None:
    """Give what is wrong with a command line, or None."""
    if not line or line[0] in {"COMMAND", "--help"}:
        return None
    try:
        parser = parser_of(find(line[0].rstrip(".,:")))
    except CommandError as error:
        return str(error)
    arguments = [_EXAMPLES.get(word, word) for word in line[1:]]
    if "--" in arguments:
        arguments = arguments[: arguments.index("--")]
    if "--help" in arguments:
        return None
    try:
        parser.parse_args(arguments)
    except SystemExit:
        return "its options cannot be parsed"
    return None


def wrong(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        text = "\n".join(_CODE.findall(text))
    for line in cnop_lines(text):
        # In a sentence, a command's name may stand for the command: `./cnop keys`.
        if (problem := parses(line)) and not is_mention(line):
            yield f"./cnop {' '.join(line)}: {problem}"
    for script, options in _SCRIPT.findall(text):
        found = [folder / script for folder in (ROOT, path.parent) if (folder / script).is_file()]
        if not found:
            yield f"./{script}: there is no such script"
            continue
        for option in re.findall(r"(?<= )--?[a-z][a-z-]*", options):
            if option not in helped(found[0]):
                yield f"./{script} {option}: its help does not know that"


def is_mention(line: list[str]) -> bool:
    """Tell whether this only names a command or one of its actions, as a sentence does."""
    if len(line) > 2 or line[0] not in {command.name for command in COMMANDS}:
        return False
    choices = [each.choices for each in parser_of(find(line[0]))._actions if each.choices and not each.option_strings]
    return len(line) == 1 or any(line[1] in names for names in choices)


@cache
def helped(script: Path) -> str:
    done = subprocess.run([script, "--help"], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


@pytest.mark.parametrize("path", [*DOCUMENTS, *WORKFLOWS], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_of_a_document_is_one_that_there_is(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert list(wrong(path)) == []


def test_documents_show_commands() -> None:
    shown = [line for path in DOCUMENTS for line in cnop_lines(path.read_text(encoding="utf-8"))]
    assert len(shown) > 60


@pytest.mark.parametrize(
    "line",
    [
        "./cnop upp",
        "./cnop up --detached",
        "./cnop audit forget",
        "./cnop test --minutes many",
        "./scripts/no.sh",
        "./scripts/deploy.sh --typo k8s",
    ],
)
def test_a_command_that_does_not_exist_would_be_noticed(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "guide.md"
    document.write_text(f"```sh\n{line}\n```\n")
    assert list(wrong(document))
