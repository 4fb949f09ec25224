"""What a customer holds, what it is worth, and the trades that led there, as documents for the API."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from cnop_core.clock import to_rfc3339
from cnop_core.errors import NotFound
from cnop_core.ids import AssetId, UserId
from cnop_core.money import PRICE_SCALE, format_cents, format_units
from cnop_ledger import Entry, Holding, Kind, LedgerReader
from cnop_orders.application.render import Document, cents_text, price_text
from cnop_orders.domain.portfolio import Position, assets_of, value_holding, value_wallet
from cnop_platform.catalogue import Catalogue
from cnop_platform.prices import PriceBoard

_PERCENT_DECIMALS: Final = 2
_TRADES: Final = (Kind.BUY, Kind.SELL)


class NeverHeld(NotFound):
    """The wallet never held the asset."""


class Holdings:
    """Reads of one user's wallet, at the latest prices of any age: `as_of` tells how old they are."""

    def __init__(self, *, reader: LedgerReader, catalogue: Catalogue, board: PriceBoard) -> None:
        self._reader = reader
        self._catalogue = catalogue
        self._board = board

    async def portfolio(self, user_id: UserId, username: str) -> Document:
        """Return cash, assets and their worth. What has no price counts nothing, and is shown as null."""
        wallet = await self._reader.wallet(user_id)
        quotes = self._board.all()
        valuation = value_wallet(wallet, {asset_id: quote.price for asset_id, quote in quotes.items()})
        used = [quotes[each.asset_id].as_of for each in valuation.positions if each.price is not None]
        return {
            "username": username,
            "usd_balance": format_cents(valuation.cash),
            "total_asset_value": format_cents(valuation.asset_value),
            "total_portfolio_value": format_cents(valuation.total),
            "asset_count": len(valuation.positions),
            "as_of": _oldest(used),
            "assets": [_position_document(position) for position in valuation.positions],
        }

    async def balances(self, user_id: UserId) -> list[Document]:
        """Return every asset of which anything is left."""
        wallet = await self._reader.wallet(user_id)
        return [
            await self._balance_document(asset_id, holding) for asset_id, holding in assets_of(wallet) if holding.posted
        ]

    async def balance(self, user_id: UserId, asset_id: AssetId) -> Document:
        """Return one asset, also when nothing of it is left. Raises `NeverHeld`."""
        wallet = await self._reader.wallet(user_id)
        for held_id, holding in assets_of(wallet):
            if held_id == asset_id:
                return await self._balance_document(asset_id, holding)
        raise NeverHeld(f"you never held {asset_id}")

    async def trades(
        self, user_id: UserId, asset_id: AssetId, *, limit: int, offset: int, cursor: str | None
    ) -> tuple[list[Document], str | None]:
        """Return the purchases and sales of one asset, newest first, and the cursor of the next page."""
        page = await self._reader.history(
            user_id, kinds=_TRADES, asset_id=asset_id, limit=limit, offset=offset, cursor=cursor
        )
        return [_trade_document(entry) for entry in page.entries], page.next_cursor

    async def _balance_document(self, asset_id: AssetId, holding: Holding) -> Document:
        asset = (await self._catalogue.all()).get(asset_id)
        quote = self._board.latest(asset_id)
        position = value_holding(asset_id, holding, quote.price if quote else None)
        return {
            "asset_id": asset_id,
            "asset_name": asset.name if asset else asset_id,
            "quantity": _quantity(holding.posted, holding),
            "available": _quantity(holding.available, holding),
            "held": _quantity(holding.held, holding),
            "current_price": price_text(position.price),
            "total_value": cents_text(position.value),
            "created_at": to_rfc3339(holding.created_at),
            "updated_at": to_rfc3339(holding.updated_at),
        }


def _position_document(position: Position) -> Document:
    holding = position.holding
    return {
        "asset_id": position.asset_id,
        "quantity": _quantity(holding.posted, holding),
        "held": _quantity(holding.held, holding),
        "average_cost": format_units(holding.average_cost, scale=PRICE_SCALE),
        "current_price": price_text(position.price),
        "market_value": cents_text(position.value),
        "unrealized_pnl": cents_text(position.unrealized_pnl),
        "percentage": None if position.share is None else format_units(position.share, scale=_PERCENT_DECIMALS),
    }


def _trade_document(entry: Entry) -> Document:
    trade = entry.trade
    if trade is None:
        raise AssertionError("purchases and sales have a trade")
    return {
        "transaction_id": entry.transaction_id,
        "asset_id": trade.asset_id,
        "transaction_type": trade.side.value.upper(),
        "quantity": format_units(trade.quantity, scale=trade.scale),
        "price": price_text(trade.price),
        "total_amount": format_cents(trade.total),
        "order_id": entry.order_id,
        "status": "completed",
        "timestamp": to_rfc3339(entry.created_at),
    }


def _quantity(units: int, holding: Holding) -> str:
    return format_units(units, scale=holding.scale)


def _oldest(instants: Iterable[datetime]) -> str | None:
    oldest = min(instants, default=None)
    return to_rfc3339(oldest) if oldest else None
