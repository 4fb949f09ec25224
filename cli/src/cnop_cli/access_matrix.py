"""The access matrix: who may call what, written down from the access declarations of the services' descriptions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cnop_cli.workspace import ROOT

PATH: Final = ROOT / "docs/access-matrix.md"
PREFIX: Final = "/api/v1"
ROLES: Final = ("customer", "support", "auditor", "admin")
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_TITLES: Final = {
    "user_service": "Identity and cash",
    "inventory_service": "Assets and prices",
    "order_service": "Orders and portfolio",
}
_PREAMBLE: Final = f"""# Access matrix

Made by `./cnop security matrix` from the access declaration in each endpoint's signature; do not edit.
`integration_tests/test_access_matrix.py` executes every row of it, through the gateway and on the service itself, as
everybody that the columns name and as those whom no row admits: a forged or expired token, an ended session, somebody
suspended, the wrong owner, and a login too old for a sensitive act.

- **anyone**: no token is needed. A role's mark: a token with that role is admitted; without one the answer is 401
  `AUTH_002`, with other roles 403 `PERM_001`.
- **step-up**: the caller must have proved who they are within the last 5 minutes, otherwise 403 `PERM_002`.
- **own**: the caller's own objects only. Another person's object is 404, as if it were not there; members of staff who
  may read it name its owner in the request.
- **limit**: the rate class, counted per user, or per address where no token is needed.

Paths are the gateway's; a service answers them on its own port without `{PREFIX}`. Beside them the gateway answers
`GET /health` itself, and the page server `GET {PREFIX}/health`, `{PREFIX}/openapi.json` and `{PREFIX}/docs`, to anyone.
Nothing else is routed: metrics, probes and descriptions of the services stay inside.
"""


@dataclass(frozen=True, slots=True)
class Operation:
    """One row: an operation and its declared access."""

    method: str
    path: str
    access: Mapping[str, Any]

    @property
    def row(self) -> str:
        """Give the row as Markdown."""
        admitted = set(self.access["roles"])
        cells = [
            f"`{self.method} {PREFIX}{self.path}`",
            self.access["permission"] or "none",
            *("✓" if role in admitted else "" for role in ("public", *ROLES)),
            "✓" if self.access.get("owner") == "self" else "",
            "required" if self.access["step_up"] else "",
            self.access["rate_class"],
        ]
        return "| " + " | ".join(cells) + " |"


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Give the operations of a description that the gateway routes, in its order.

    Raises:
        KeyError: one declares no access; a service with such an endpoint does not start.
    """
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods and not methods[method].get("x-internal"):
                yield Operation(method.upper(), path, methods[method]["x-access"])


def render(documents: Mapping[str, Mapping[str, Any]]) -> str:
    """Render the matrix of all services as Markdown."""
    return "\n".join([_PREAMBLE, *(_section(name, documents[name]) for name in sorted(documents, key=_order))])


def _order(service: str) -> int:
    return list(_TITLES).index(service)


def _section(service: str, document: Mapping[str, Any]) -> str:
    columns = ("operation", "permission", "anyone", *ROLES, "own", "step-up", "limit")
    head = [f"## {_TITLES[service]} ({service})", "", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    return "\n".join([*head, *(operation.row for operation in operations(document)), ""])


def is_current(documents: Mapping[str, Mapping[str, Any]], *, path: Path = PATH) -> bool:
    """Tells whether the written matrix says what the services declare."""
    return path.is_file() and path.read_text(encoding="utf-8") == render(documents)
