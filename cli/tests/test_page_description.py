"""`cnop check` compares the page's description of the API with what the services say of themselves."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from cnop_cli import page
from cnop_cli.commands import check
from cnop_cli.stack import descriptions
from cnop_cli.workspace import ROOT

COMMITTED = ROOT / "frontend/openapi.json"


def test_the_committed_description_is_what_the_services_say(tmp_path: Path) -> None:
    current = json.loads(check.write_description(tmp_path).read_text(encoding="utf-8"))
    advice = "start a stack, fetch /api/v1/openapi.json, then `npm run generate`; or copy var/cache/merged-openapi.json"
    assert json.loads(COMMITTED.read_text(encoding="utf-8")) == current, advice


def test_the_page_is_compared_with_what_a_changed_service_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = descriptions.load()
    documents["user_service"]["paths"]["/auth/profile"]["get"]["summary"] = "Changed"
    ran: list[list[str]] = []
    monkeypatch.setattr(check, "CACHE", tmp_path)
    monkeypatch.setattr(descriptions, "load", lambda: documents)
    monkeypatch.setattr(page, "find_node", lambda *, report: SimpleNamespace(report=report))
    monkeypatch.setattr(page, "install_packages", lambda _node, *, report: report)
    monkeypatch.setattr(page, "run_npm", lambda _node, arguments: ran.append(arguments))
    check.check_page()
    *start, reference = ran[-1]
    assert start == ["run", "--silent", "check:api", "--"]
    given = json.loads(Path(reference).read_text(encoding="utf-8"))
    assert given["paths"]["/api/v1/auth/profile"]["get"]["summary"] == "Changed"
    assert given != json.loads(COMMITTED.read_text(encoding="utf-8"))
