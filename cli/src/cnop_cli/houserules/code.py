"""Rules about Python code, found in its syntax tree."""

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from cnop_cli.houserules.source import Source

Found = Iterator[tuple[int, str]]

MONEY_FOLDERS: Final = (
    "services/core/src",
    "services/ledger/src",
    "services/order_service/src/cnop_orders/domain",
)
CLOCKED_FOLDERS: Final = ("services", "gateway/src", "frontend/server/src")
CLOCKS: Final = ("services/core/src/cnop_core/clock.py", "services/platform/src/cnop_platform/system.py")
_NOW: Final = frozenset(
    {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
)
_BROAD: Final = frozenset({"Exception", "BaseException"})
LONGEST_FILE: Final = 400
LONGEST_COMPONENT: Final = 250
_STAFF: Final = "administration.py"
_LOGGERS: Final = frozenset({"_log", "log", "logger"})
_LEVELS: Final = frozenset({"debug", "info", "warning", "error", "critical", "exception"})
_EVENT_NAME: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


def floats_in_money_code(source: Source) -> Found:
    """Find floats where money is computed: a float cannot hold a cent exactly."""
    if not source.is_python or source.is_test or not source.under(MONEY_FOLDERS):
        return
    spans = set(_time_spans(source.tree))
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float) and id(node) not in spans:
            yield node.lineno, f"float {node.value!r} in money code; use integer minor units"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float":
            yield node.lineno, "float(…) in money code; use integer minor units or Decimal"


def _time_spans(tree: ast.Module) -> Iterator[int]:
    """Give the identities of constants under names that say they are seconds: time is no money."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Assign):
            names = [dotted(target) for target in node.targets]
        elif isinstance(node, ast.AnnAssign):
            names = [dotted(node.target)]
        elif isinstance(node, ast.keyword):
            names = [node.arg or ""]
        if any(name.lower().endswith("_seconds") for name in names):
            yield id(getattr(node, "value", None))


def time_outside_the_clock(source: Source) -> Found:
    """Find readings of the wall clock that no test can set: the time comes from the injected clock."""
    if not source.is_python or source.is_test or not source.under(CLOCKED_FOLDERS) or source.path in CLOCKS:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and (name := dotted(node.func)) and _last_two(name) in _NOW:
            yield node.lineno, f"{name}() reads the wall clock; take the time from the injected Clock"


def dotted(node: ast.expr) -> str:
    """Give `a.b.c` of a chain of names; empty for any other expression."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (base := dotted(node.value)):
        return f"{base}.{node.attr}"
    return ""


def _last_two(name: str) -> str:
    return ".".join(name.split(".")[-2:])


def broad_excepts(source: Source) -> Found:
    """Find handlers that catch everything, do not raise it again, and do not say why."""
    if not source.is_python or source.is_test:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and _is_broad(node.type):
            raised_again = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
            if not raised_again and not re.search(r"# noqa: BLE001 - \S", source.lines[node.lineno - 1]):
                yield node.lineno, "catches everything; catch what you expect, or say why: `noqa: BLE001 - reason`"


def _is_broad(caught: ast.expr | None) -> bool:
    if caught is None:
        return True
    caught_all = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(isinstance(each, ast.Name) and each.id in _BROAD for each in caught_all)


def long_files(source: Source) -> Found:
    """Find files that grew beyond what one reads in one go."""
    limit = LONGEST_FILE if source.is_python else LONGEST_COMPONENT if source.path.endswith(".tsx") else None
    if limit is not None and len(source.lines) > limit:
        yield limit + 1, f"has {len(source.lines)} lines; split it by what its parts are for (limit {limit})"


def foreign_users(source: Source) -> Found:
    """Find handlers that take the user from the request: whose data it is, the token says; only staff name others."""
    parts = PurePosixPath(source.path).parts
    if not source.is_python or source.is_test or "api" not in parts or parts[-1] == _STAFF:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] == "UserId":
            yield node.lineno, "makes a user id of what a request says; use the principal's"


def log_events(source: Source) -> Found:
    """Find log events without a constant name: one searches for a name, and data goes into fields."""
    if not source.is_python or source.is_test:
        return
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call) or not _is_log_call(node.func):
            continue
        if not node.args or not _is_event_name(node.args[0]):
            yield node.lineno, "a log event has a constant name such as order_filled, and its data in keywords"


def _is_event_name(node: ast.expr) -> bool:
    if isinstance(node, ast.IfExp):
        return _is_event_name(node.body) and _is_event_name(node.orelse)
    return isinstance(node, ast.Constant) and _EVENT_NAME.fullmatch(str(node.value)) is not None


def _is_log_call(called: ast.expr) -> bool:
    return (
        isinstance(called, ast.Attribute)
        and called.attr in _LEVELS
        and isinstance(called.value, ast.Name)
        and called.value.id in _LOGGERS
    )


def unexplained_suppressions(source: Source) -> Found:
    """Find switched-off checks that do not say why: `noqa: CODE - reason`, `type: ignore[code]  # reason`."""
    if not source.is_python:
        return
    for number, line in enumerate(source.lines, start=1):
        noqa = re.search(r"[#] noqa\b(.*)", line)
        if noqa and not re.match(r": [A-Z0-9, ]+ - \S", noqa[1]):
            yield number, "a `noqa` needs its code and a reason, as in `noqa: CODE - reason`"
        ignore = re.search(r"[#] type: ignore\b(.*)", line)
        if ignore and not re.match(r"\[[a-z, -]+\]\s+# \S", ignore[1]):
            yield number, "a `type: ignore` needs its code and a reason, as in `type: ignore[code]  # reason`"
