"""What may be listed, and what of a listed asset may change."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from cnop_core.errors import Conflict, FieldError, InvalidInput
from cnop_core.ids import AssetId
from cnop_core.money import InvalidAmount, parse_units
from cnop_platform.catalogue import Asset

DEFAULT_MIN_QUANTITY: Final = "0.001"
DEFAULT_MAX_QUANTITY: Final = "1000"
MAX_SCALE: Final = 8
_ID: Final = re.compile(r"[A-Za-z0-9]{1,10}", re.ASCII)


class InvalidAssetId(InvalidInput):
    """The text cannot be the id of an asset."""


class InvalidAsset(InvalidInput):
    """The asset as described cannot be listed."""


class ScaleImmutable(InvalidInput):
    """Amounts are counted in units of the scale, so it can never change."""

    code = "SCALE_IMMUTABLE"


class AssetExists(Conflict):
    """An asset with this id is listed already."""

    code = "ASSET_EXISTS"


@dataclass(frozen=True, slots=True)
class AssetDraft:
    """An asset as an operator describes it; quantities are decimal text in whole assets."""

    asset_id: str
    name: str
    category: str
    symbol: str | None = None
    description: str = ""
    image: str = ""
    scale: int = MAX_SCALE
    min_quantity: str = DEFAULT_MIN_QUANTITY
    max_quantity: str = DEFAULT_MAX_QUANTITY
    is_active: bool = True
    rank: int = 0


@dataclass(frozen=True, slots=True)
class AssetChange:
    """What to change of an asset; None leaves a value as it is."""

    name: str | None = None
    symbol: str | None = None
    description: str | None = None
    category: str | None = None
    image: str | None = None
    scale: int | None = None
    min_quantity: str | None = None
    max_quantity: str | None = None
    is_active: bool | None = None
    rank: int | None = None


def parse_asset_id(text: str) -> AssetId:
    """Return the id in upper case. Raises `InvalidAssetId`."""
    if not _ID.fullmatch(text):
        raise InvalidAssetId(
            "an asset id is 1 to 10 letters or digits, for example BTC",
            errors=(FieldError("asset_id", "expected 1 to 10 letters or digits"),),
        )
    return AssetId(text.upper())


def list_asset(draft: AssetDraft, *, now: datetime) -> Asset:
    """Return the asset to list. Raises `InvalidAssetId` or `InvalidAsset`."""
    asset_id = parse_asset_id(draft.asset_id)
    if not 0 <= draft.scale <= MAX_SCALE:
        raise _invalid("scale", f"expected 0 to {MAX_SCALE}")
    least = _quantity("min_quantity", draft.min_quantity, scale=draft.scale)
    most = _quantity("max_quantity", draft.max_quantity, scale=draft.scale)
    _check_range(least, most)
    return Asset(
        asset_id=asset_id,
        name=draft.name,
        symbol=draft.symbol or asset_id,
        description=draft.description,
        category=draft.category,
        image=draft.image,
        scale=draft.scale,
        min_quantity=least,
        max_quantity=most,
        is_active=draft.is_active,
        updated_at=now,
        rank=draft.rank,
    )


def change_asset(asset: Asset, change: AssetChange, *, now: datetime) -> Asset:
    """Return the asset after the change. Raises `ScaleImmutable` or `InvalidAsset`."""
    if change.scale is not None and change.scale != asset.scale:
        raise ScaleImmutable(
            "the scale of an asset cannot change; list a new asset instead",
            errors=(FieldError("scale", "this cannot be changed"),),
        )
    least, most = asset.min_quantity, asset.max_quantity
    if change.min_quantity is not None:
        least = _quantity("min_quantity", change.min_quantity, scale=asset.scale)
    if change.max_quantity is not None:
        most = _quantity("max_quantity", change.max_quantity, scale=asset.scale)
    _check_range(least, most)
    changed = replace(
        asset,
        name=_or(change.name, asset.name),
        symbol=_or(change.symbol, asset.symbol),
        description=_or(change.description, asset.description),
        category=_or(change.category, asset.category),
        image=_or(change.image, asset.image),
        min_quantity=least,
        max_quantity=most,
        is_active=asset.is_active if change.is_active is None else change.is_active,
        rank=asset.rank if change.rank is None else change.rank,
    )
    return changed if changed == asset else replace(changed, updated_at=now)


def changed_fields(before: Asset, after: Asset) -> Sequence[str]:
    """Return the names of the public values in which two states of an asset differ."""
    names = (
        "name",
        "symbol",
        "description",
        "category",
        "image",
        "min_quantity",
        "max_quantity",
        "is_active",
        "rank",
    )
    return [name for name in names if getattr(before, name) != getattr(after, name)]


def _or(given: str | None, present: str) -> str:
    return present if given is None else given


def _quantity(field: str, text: str, *, scale: int) -> int:
    try:
        units = parse_units(text, scale=scale)
    except InvalidAmount as error:
        raise _invalid(field, error.message) from None
    if units <= 0:
        raise _invalid(field, "expected more than zero")
    return units


def _check_range(least: int, most: int) -> None:
    if least > most:
        raise _invalid("max_quantity", "expected at least min_quantity")


def _invalid(field: str, message: str) -> InvalidAsset:
    return InvalidAsset(f"{field}: {message}", errors=(FieldError(field, message),))
