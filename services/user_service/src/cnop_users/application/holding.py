"""What somebody holds of one asset, at its latest price."""

from dataclasses import dataclass

from cnop_core.clock import to_rfc3339
from cnop_core.errors import NotFound
from cnop_core.ids import AssetId, UserId
from cnop_core.money import PRICE_SCALE, format_cents, format_units, proceeds_down
from cnop_ledger import USD, LedgerReader
from cnop_platform.catalogue import Catalogue
from cnop_platform.prices import PriceBoard


class NeverHeld(NotFound):
    """The wallet never held the asset."""


@dataclass(frozen=True, slots=True)
class AssetHolding:
    """One asset in a wallet; price and value are None while there is no price."""

    asset_id: str
    asset_name: str
    quantity: str
    available: str
    held: str
    current_price: str | None
    total_value: str | None
    created_at: str
    updated_at: str


class AssetHoldings:
    """Reads single holdings. Prices come from the store's snapshot: this is for display, and rarely asked."""

    def __init__(self, *, reader: LedgerReader, catalogue: Catalogue, board: PriceBoard) -> None:
        self._reader = reader
        self._catalogue = catalogue
        self._board = board

    async def of(self, user_id: UserId, asset_id: AssetId) -> AssetHolding:
        """Return the holding, also when nothing of it is left. Raises `NeverHeld`."""
        holding = (await self._reader.wallet(user_id)).holdings.get(asset_id)
        if holding is None or asset_id == USD:
            raise NeverHeld(f"you never held {asset_id}")
        asset = (await self._catalogue.all()).get(asset_id)
        await self._board.load_snapshot()
        quote = self._board.latest(asset_id)
        value = proceeds_down(quantity=holding.posted, price=quote.price, scale=holding.scale) if quote else None
        return AssetHolding(
            asset_id=asset_id,
            asset_name=asset.name if asset else asset_id,
            quantity=format_units(holding.posted, scale=holding.scale),
            available=format_units(holding.available, scale=holding.scale),
            held=format_units(holding.held, scale=holding.scale),
            current_price=format_units(quote.price, scale=PRICE_SCALE) if quote else None,
            total_value=format_cents(value) if value is not None else None,
            created_at=to_rfc3339(holding.created_at),
            updated_at=to_rfc3339(holding.updated_at),
        )
