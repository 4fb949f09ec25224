"""Assets as JSON text. Prices and figures keep the digits that they have; no float ever stands between."""

import json
from collections.abc import Iterable, Mapping

from cnop_core.clock import from_epoch_ms, to_rfc3339
from cnop_core.ids import AssetId
from cnop_core.money import PRICE_SCALE
from cnop_inventory.application.price_history import History
from cnop_inventory.domain.candles import Candle, Interval
from cnop_inventory.domain.figures import NUMBERS, TIMES, number_text
from cnop_inventory.domain.listing import ListedAsset
from cnop_inventory.domain.paging import AssetPage
from cnop_platform.prices import Quote


class Digits(str):
    """A JSON number, already in its digits."""

    __slots__ = ()


Value = str | int | bool | None


def render_page(page: AssetPage) -> bytes:
    """Render one page of the list."""
    rest = _members(
        {
            "total_count": page.total_count,
            "active_count": page.active_count,
            "has_more": page.next_cursor is not None,
            "next_cursor": page.next_cursor,
        }
    )
    return f'{{"data":[{",".join(map(_asset, page.assets))}],{rest}}}'.encode()


def render_asset(listed: ListedAsset) -> bytes:
    """Render one asset."""
    return f'{{"data":{_asset(listed)}}}'.encode()


def render_history(asset_id: AssetId, interval: Interval, history: History) -> bytes:
    """Render candles; prices are strings, as one may compute with them."""
    candles = ",".join(_object(_candle(each)) for each in history.candles)
    rest = _members({"asset_id": asset_id, "interval": interval.value, "source": history.source})
    return f'{{"data":[{candles}],{rest}}}'.encode()


def render_tick(quotes: Iterable[Quote]) -> str:
    """Render the data of a `prices` event."""
    prices = ",".join(
        _object(
            {
                "asset_id": quote.asset_id,
                "price_usd": Digits(number_text(quote.price, scale=PRICE_SCALE)),
                "last_updated": to_rfc3339(quote.as_of),
            }
        )
        for quote in quotes
    )
    return f'{{"prices":[{prices}]}}'


def _asset(listed: ListedAsset) -> str:
    return _object({**_description(listed), **_figures(listed)})


def _candle(candle: Candle) -> dict[str, Value]:
    prices = {"open": candle.open, "high": candle.high, "low": candle.low, "close": candle.close}
    texts: dict[str, Value] = {name: number_text(price, scale=PRICE_SCALE) for name, price in prices.items()}
    return {"time": to_rfc3339(from_epoch_ms(candle.start * 1000)), **texts}


def _description(listed: ListedAsset) -> dict[str, Value]:
    asset, price = listed.asset, listed.price
    return {
        "asset_id": asset.asset_id,
        "name": asset.name,
        "symbol": asset.symbol,
        "description": asset.description,
        "category": asset.category,
        "image": asset.image,
        "price_usd": None if price is None else Digits(number_text(price, scale=PRICE_SCALE)),
        "is_active": asset.is_active,
        "availability_status": "available" if asset.is_active else "unavailable",
        "scale": asset.scale,
        "min_quantity": number_text(asset.min_quantity, scale=asset.scale),
        "max_quantity": number_text(asset.max_quantity, scale=asset.scale),
        "last_updated": to_rfc3339(listed.last_updated),
    }


def _figures(listed: ListedAsset) -> dict[str, Value]:
    figures = listed.figures
    numbers: dict[str, Value] = {name: Digits(figures[name]) if name in figures else None for name in NUMBERS}
    return {**numbers, **{name: figures.get(name) for name in TIMES}}


def _object(values: Mapping[str, Value]) -> str:
    return f"{{{_members(values)}}}"


def _members(values: Mapping[str, Value]) -> str:
    return ",".join(f'"{name}":{_text(value)}' for name, value in values.items())


def _text(value: Value) -> str:
    return value if isinstance(value, Digits) else json.dumps(value, ensure_ascii=False)
