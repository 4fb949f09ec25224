"""docs/audit-events.md has a row for every event that the code can record, and a test for every row."""

import ast
import re
from pathlib import Path

import pytest

from cnop_cli.workspace import ROOT
from cnop_ledger import Kind
from cnop_platform.audit import ACTIVITIES

PAGE = ROOT / "docs/audit-events.md"
ROW = re.compile(r"^\| `(\w+)` \|(.+)\|$", re.MULTILINE)
TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")


def rows() -> dict[str, list[str]]:
    return {name: [cell.strip() for cell in rest.split("|")] for name, rest in ROW.findall(PAGE.read_text())}


def source_of(test: str) -> str:
    found = TEST.fullmatch(test)
    assert found, test
    text = (ROOT / Path(found[1])).read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == found[2]:
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            return "\n".join(text.splitlines()[first - 1 : node.end_lineno])
    raise AssertionError(f"there is no test {test}")


def test_every_event_has_one_row_and_every_row_an_event() -> None:
    names = [name for name, _ in ROW.findall(PAGE.read_text())]
    assert sorted(names) == sorted([*ACTIVITIES, *(f"ledger_{kind.value}" for kind in Kind)])


@pytest.mark.parametrize("name", ACTIVITIES)
def test_a_row_says_what_the_code_says(name: str) -> None:
    event, (kind, _, fields, written, _) = ACTIVITIES[name], rows()[name]
    assert kind == f"{event.audit_class.value[0]}, {event.activity_id}"
    assert sorted(re.findall(r"`(\w+)`", fields)) == sorted(event.details)
    assert written in {"with its effect", "queued"}


@pytest.mark.parametrize("name", ACTIVITIES)
def test_the_test_of_a_row_names_its_event(name: str) -> None:
    assert f'"{name}"' in source_of(rows()[name][-1])


@pytest.mark.parametrize("kind", Kind)
def test_money_events_are_tested_kind_by_kind(kind: Kind) -> None:
    assert "Kind" in source_of(rows()[f"ledger_{kind.value}"][-1])


@pytest.mark.parametrize(
    "folder", ["monitoring/prometheus/rules", "monitoring/kubernetes", "monitoring/grafana/dashboards"]
)
def test_alerts_and_dashboards_watch_events_that_exist(folder: str) -> None:
    texts = [path.read_text(encoding="utf-8").replace("\\", "") for path in (ROOT / folder).iterdir() if path.is_file()]
    watched = {name for text in texts for names in re.findall(r'event=~?"([\w|]+)"', text) for name in names.split("|")}
    assert {"login", "login_failed"} <= watched
    assert watched <= ACTIVITIES.keys()
