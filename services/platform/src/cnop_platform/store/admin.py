"""Operators' commands on a store as such: create it, look at it, bring it to this program's schema."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cnop_platform.store.open import DynamoPlace, locate

_WAIT_SECONDS: Final = 300.0
_BUSY_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class StoreDescription:
    """What an operator wants to know about a store."""

    kind: str
    """`sqlite` or `dynamodb`."""
    place: str
    """The file, or the region and table."""
    status: str
    """`ready`, `missing`, or for DynamoDB the table's own status in lower case, such as `creating`."""
    items: int | None
    """How many items there are; DynamoDB counts them every six hours. None when unknown."""
    size_bytes: int | None
    pending: tuple[str, ...]
    """What `migrate` would do, in words."""


async def describe(url: str) -> StoreDescription:
    """Look at the store that `url` means, changing nothing. Raises `InvalidStoreUrl`, `StoreUnavailable`."""
    place = locate(url)
    if isinstance(place, DynamoPlace):
        return await _describe_table(place)
    return _describe_file(place)


async def migrate(url: str, *, wait_seconds: float = _WAIT_SECONDS) -> Sequence[str]:
    """Bring the store to this program's schema, creating it if it is missing; return what was done, in words.

    It is safe to call at any time, also twice at once. Raises `InvalidStoreUrl`, `StoreUnavailable`.
    """
    place = locate(url)
    if isinstance(place, DynamoPlace):
        from cnop_platform.store.dynamodb_table import Table  # noqa: PLC0415 - only what the URL needs is loaded

        async with Table(region=place.region, name=place.table, endpoint=place.endpoint) as table:
            return await table.migrate(wait_seconds=wait_seconds)
    return _migrate_file(place)


async def _describe_table(place: DynamoPlace) -> StoreDescription:
    from cnop_platform.store.dynamodb_table import Table, plan  # noqa: PLC0415 - as above

    async with Table(region=place.region, name=place.table, endpoint=place.endpoint) as table:
        state = await table.state()
    described = state.table or {}
    status = "missing" if state.table is None else described["TableStatus"].lower()
    return StoreDescription(
        kind="dynamodb",
        place=f"{place.region}/{place.table}",
        status="ready" if state.is_ready else status,
        items=described.get("ItemCount"),
        size_bytes=described.get("TableSizeBytes"),
        pending=tuple(step.text for step in plan(state, place.table)),
    )


def _describe_file(path: Path) -> StoreDescription:
    from cnop_platform.store.sqlite_schema import inspect  # noqa: PLC0415 - as above

    state = inspect(path)
    return StoreDescription(
        kind="sqlite",
        place=str(path),
        status="missing" if state is None else "ready",
        items=state.items if state else None,
        size_bytes=state.size_bytes if state else None,
        pending=() if state else (f"create the file {path}",),
    )


def _migrate_file(path: Path) -> Sequence[str]:
    from cnop_platform.store.sqlite_schema import create  # noqa: PLC0415 - as above

    steps = _describe_file(path).pending
    create(path, busy_timeout_seconds=_BUSY_SECONDS)
    return steps
