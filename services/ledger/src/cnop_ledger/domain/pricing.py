"""What a quantity costs at a price. Buys and fees round up to the cent, sells down: never in the trader's favour."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cnop_core.ids import AssetId
from cnop_core.money import (
    PRICE_SCALE,
    USD_SCALE,
    Cents,
    PriceUnits,
    Units,
    cost_up,
    divide_nearest,
    fee_up,
    proceeds_down,
)
from cnop_ledger.domain.errors import TotalTooSmall

USD: Final = AssetId("USD")
"""Cash is an asset like any other, with scale 2."""


class Side(StrEnum):
    """Which way the asset goes, seen from the owner of the wallet."""

    BUY = "buy"
    SELL = "sell"


@dataclass(frozen=True, slots=True)
class Trade:
    """A quantity of one asset at one price. `total` and `fee` are cents; `total` excludes the fee."""

    side: Side
    asset_id: AssetId
    scale: int
    quantity: Units
    price: PriceUnits
    total: Cents
    fee: Cents

    @property
    def cash(self) -> Cents:
        """What a buyer pays in all, or what a seller gets in the end."""
        return Cents(self.total + self.fee if self.side is Side.BUY else self.total - self.fee)


def price_trade(
    *, side: Side, asset_id: AssetId, scale: int, quantity: int, price: int, fee_basis_points: int = 0
) -> Trade:
    """Price `quantity` smallest units at `price` (USD times 10^8 per whole). Raises `TotalTooSmall` for 0.00."""
    if quantity <= 0 or price <= 0 or not 0 <= fee_basis_points <= 10_000:
        raise ValueError("a trade has a positive quantity and price and a fee of 0 to 10,000 basis points")
    if asset_id == USD:
        raise ValueError("cash is what assets are traded for, not an asset to trade")
    total = total_of(side=side, quantity=quantity, price=price, scale=scale)
    if total == 0:
        raise TotalTooSmall("the order is worth less than 0.01 USD; choose a larger quantity")
    return Trade(
        side=side,
        asset_id=asset_id,
        scale=scale,
        quantity=Units(quantity),
        price=PriceUnits(price),
        total=total,
        fee=fee_up(amount=total, basis_points=fee_basis_points),
    )


def total_of(*, side: Side, quantity: int, price: int, scale: int) -> Cents:
    """Return what `quantity` is worth in cents: rounded up for a buyer, down for a seller."""
    rounded = cost_up if side is Side.BUY else proceeds_down
    return rounded(quantity=quantity, price=price, scale=scale)


def cost_basis(*, quantity: int, average_cost: int, scale: int) -> Cents:
    """Return what `quantity` cost at `average_cost` (USD times 10^8 per whole), to the nearest cent."""
    return Cents(divide_nearest(quantity * average_cost, 10 ** (scale + PRICE_SCALE - USD_SCALE)))


def merged_average(*, posted: int, average_cost: int, bought: int, cost: int, scale: int) -> PriceUnits:
    """Return the average cost of `posted` units at `average_cost` and `bought` more for `cost` cents."""
    spent = posted * average_cost + cost * 10 ** (scale + PRICE_SCALE - USD_SCALE)
    return PriceUnits(divide_nearest(spent, posted + bought))
