"""Which assets a list shows, in which order, and where the next page goes on."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cnop_core.errors import FieldError, InvalidInput
from cnop_inventory.domain.listing import ListedAsset

Position = tuple[int | str, str]
"""Where an asset stands in an order: its value there, then its id, so that no two stand at the same place."""


class Sort(StrEnum):
    """Orders of the asset list; a leading minus turns one round."""

    RANK = "rank"
    ASSET_ID = "asset_id"
    NAME = "name"
    PRICE = "price"
    CHANGE = "change"


SORTS: Final = tuple(sign + sort for sort in Sort for sign in ("", "-"))


class InvalidPaging(InvalidInput):
    """The order or the cursor makes no sense."""


@dataclass(frozen=True, slots=True)
class AssetQuery:
    """What a reader of the list asks for; `sort` is one of `SORTS`."""

    active_only: bool = True
    category: str | None = None
    sort: str = Sort.RANK.value
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class AssetPage:
    """One page. `total_count` counts the whole selection, `active_count` the active assets in it."""

    assets: Sequence[ListedAsset]
    total_count: int
    active_count: int
    next_cursor: str | None


_VALUES: Final[dict[Sort, Callable[[ListedAsset], int | str]]] = {
    Sort.RANK: lambda listed: listed.asset.rank,
    Sort.ASSET_ID: lambda listed: listed.asset.asset_id,
    Sort.NAME: lambda listed: listed.asset.name.casefold(),
    Sort.PRICE: lambda listed: listed.price or 0,
    Sort.CHANGE: lambda listed: listed.change_ppm or 0,
}


def select_page(listed: Iterable[ListedAsset], query: AssetQuery) -> AssetPage:
    """Return the page that the query asks for. Raises `InvalidPaging`."""
    category = query.category.casefold() if query.category else None
    selection = [
        each
        for each in listed
        if (each.asset.is_active or not query.active_only)
        and (category is None or each.asset.category.casefold() == category)
    ]
    sort, backward = _order(query.sort)
    value = _VALUES[sort]

    def position(each: ListedAsset) -> Position:
        return value(each), each.asset.asset_id

    ordered = sorted(selection, key=position, reverse=backward)
    if query.cursor is not None:
        last = _decode(query.cursor, sort=query.sort)
        ordered = [each for each in ordered if _is_past(position(each), last, backward=backward)]
    page = ordered[: query.limit]
    more = len(ordered) > query.limit
    return AssetPage(
        assets=page,
        total_count=len(selection),
        active_count=sum(each.asset.is_active for each in selection),
        next_cursor=_encode(position(page[-1]), sort=query.sort) if more else None,
    )


def _order(sort: str) -> tuple[Sort, bool]:
    if sort not in SORTS:
        raise InvalidPaging(
            "the order is not known", errors=(FieldError("sort", f"expected one of {', '.join(SORTS)}"),)
        )
    return Sort(sort.removeprefix("-")), sort.startswith("-")


def _is_past(position: Position, last: Position, *, backward: bool) -> bool:
    ahead = (position[0], position[1]) > (last[0], last[1])
    return not ahead and position != last if backward else ahead


def _encode(position: Position, *, sort: str) -> str:
    text = json.dumps([sort, *position], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str, *, sort: str) -> Position:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        of_sort, value, asset_id = json.loads(text)
        numeric = _order(sort)[0] in {Sort.RANK, Sort.PRICE, Sort.CHANGE}
        if of_sort != sort or type(value) is not (int if numeric else str) or not isinstance(asset_id, str):
            raise ValueError("a cursor belongs to the order that it was made for")
    except (binascii.Error, ValueError, TypeError, RecursionError):
        message = "expected the next_cursor of a page in the same order"
        raise InvalidPaging("the cursor is not valid", errors=(FieldError("cursor", message),)) from None
    return value, asset_id
