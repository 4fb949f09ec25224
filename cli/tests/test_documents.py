"""What the documents say must exist, exists."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnop_cli.workspace import ROOT

_TEST = re.compile(r"`([\w/.-]+\.py)::(\w+)`")
_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)")
DOCUMENTS = [
    path for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]) if "node_modules" not in path.parts
]


def missing_tests(document: Path) -> Iterator[str]:
    for file, name in _TEST.findall(document.read_text(encoding="utf-8")):
        path = ROOT / file
        defined = re.compile(rf"^\s*(?:async )?def {name}\(", re.MULTILINE)
        if not path.is_file() or not defined.search(path.read_text(encoding="utf-8")):
            yield f"{file}::{name}"


def missing_files(document: Path) -> Iterator[str]:
    for target in _LINK.findall(document.read_text(encoding="utf-8")):
        if not (document.parent / target).exists():
            yield target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_test_and_file_that_a_document_names_exists(document: Path) -> None:
    assert [*missing_tests(document), *missing_files(document)] == []


def test_a_name_that_does_not_exist_would_be_noticed(tmp_path: Path) -> None:
    document = tmp_path / "claims.md"
    document.write_text("see `cli/tests/test_documents.py::test_of_nothing` and [here](nowhere.md)")
    assert list(missing_tests(document)) == ["cli/tests/test_documents.py::test_of_nothing"]
    assert list(missing_files(document)) == ["nowhere.md"]
