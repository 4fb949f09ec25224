from pathlib import Path
from typing import Any

import pytest

from cnop_cli import access_matrix
from cnop_cli.access_matrix import ROLES, Operation
from cnop_cli.stack import descriptions

ACCESS: dict[str, Any] = {
    "permission": "orders:read", "roles": ["admin", "customer"], "owner": "self", "step_up": False,
    "rate_class": "read",
}  # fmt: skip


@pytest.mark.timeout(180)
def test_the_written_matrix_says_what_the_services_declare() -> None:
    assert access_matrix.is_current(descriptions.load()), "run `./cnop security matrix`"


def test_a_change_of_access_makes_the_matrix_stale(tmp_path: Path) -> None:
    documents = {"user_service": {"paths": {"/orders": {"get": {"x-access": dict(ACCESS)}}}}}
    written = tmp_path / "matrix.md"
    written.write_text(access_matrix.render(documents))
    assert access_matrix.is_current(documents, path=written)
    documents["user_service"]["paths"]["/orders"]["get"]["x-access"]["roles"] = [*ROLES]
    assert not access_matrix.is_current(documents, path=written)


def test_a_row_names_who_may() -> None:
    row = Operation("GET", "/orders", ACCESS).row
    assert row == "| `GET /api/v1/orders` | orders:read |  | ✓ |  |  | ✓ | ✓ |  | read |"


def test_operations_that_are_not_routed_are_left_out_and_undeclared_ones_are_an_error() -> None:
    inside = {"paths": {"/metrics": {"get": {"x-internal": True}}}}
    assert list(access_matrix.operations(inside)) == []
    with pytest.raises(KeyError):
        list(access_matrix.operations({"paths": {"/open": {"get": {}}}}))
