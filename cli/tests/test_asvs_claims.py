"""What the ASVS statements say of the sources as a whole."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cnop_cli.workspace import ROOT

PYTHON = sorted(path for path in ROOT.glob("*/**/src/**/*.py") if "node_modules" not in path.parts)
PAGE = sorted(
    path for path in (ROOT / "frontend/src").rglob("*.ts*") if ".test." not in path.name and "testing" not in path.parts
)


def properties(description: object) -> Iterator[str]:
    if isinstance(description, dict):
        yield from description.get("properties", {}) if isinstance(description.get("properties"), dict) else ()
        for part in description.values():
            yield from properties(part)
    elif isinstance(description, list):
        for part in description:
            yield from properties(part)


def found(pattern: str, sources: list[Path]) -> list[str]:
    return [f"{path}: {hit}" for path in sources for hit in re.findall(pattern, path.read_text(encoding="utf-8"))]


def test_nobody_is_asked_for_a_hint_or_a_secret_question() -> None:
    names = set(properties(json.loads((ROOT / "frontend/openapi.json").read_text(encoding="utf-8"))))
    assert len(names) > 100
    assert not [name for name in names if re.search("hint|question|answer", name)]


async def test_no_client_follows_a_redirect() -> None:
    assert len(PYTHON) > 200
    assert found(r"(?m)follow_redirects\s*=\s*True|^\s*(?:import|from) requests\b(?! that| before)", PYTHON) == []
    async with httpx.AsyncClient() as client:
        assert client.follow_redirects is False


def test_cryptography_comes_from_libraries_that_many_review() -> None:
    assert found(r"(?m)^\s*(?:from|import) (?:Crypto|Cryptodome|rsa|ecdsa|nacl|pyaes|jose|authlib)\b", PYTHON) == []


@pytest.mark.parametrize("pattern", [r"__proto__", r"\.prototype\.\w+\s*=", r"Object\.assign\(", r"\blodash\b"])
def test_the_page_merges_nothing_foreign_into_objects(pattern: str) -> None:
    assert len(PAGE) > 80
    assert found(pattern, PAGE) == []


def test_services_write_logs_to_their_standard_output_and_nowhere_else() -> None:
    services = [path for path in PYTHON if path.is_relative_to(ROOT / "services")]
    assert found(r"FileHandler|SysLogHandler|SocketHandler|HTTPHandler", services) == []


def test_the_page_needs_no_plugin() -> None:
    assert found(r"<(?:object|embed|applet)\b", [*PAGE, ROOT / "frontend/index.html"]) == []
