"""What a wallet is worth at given prices. Market values round down to the cent; what has no price has no value."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cnop_core.ids import AssetId
from cnop_core.money import Cents, PriceUnits, divide_nearest, proceeds_down
from cnop_ledger.domain.pricing import USD, cost_basis
from cnop_ledger.domain.wallet import Holding, Wallet

_PERCENT_SCALE = 10_000


@dataclass(frozen=True, slots=True)
class Position:
    """One asset of a wallet. Without a price the value, the gain and the share are unknown, not zero."""

    asset_id: AssetId
    holding: Holding
    price: PriceUnits | None
    value: Cents | None
    unrealized_pnl: Cents | None
    """Cents that selling everything now would gain against average cost, before fees."""
    share: int | None = None
    """Of the value of all priced assets, in hundredths of a percent."""


@dataclass(frozen=True, slots=True)
class Valuation:
    """A wallet at one moment's prices. `cash` includes what is held."""

    cash: Cents
    asset_value: Cents
    positions: tuple[Position, ...]

    @property
    def total(self) -> Cents:
        """Cash and priced assets together."""
        return Cents(self.cash + self.asset_value)


def value_wallet(wallet: Wallet, prices: Mapping[AssetId, PriceUnits]) -> Valuation:
    """Return what the wallet is worth, with a position for every asset of which anything is left."""
    positions = [
        value_holding(asset_id, holding, prices.get(asset_id))
        for asset_id, holding in assets_of(wallet)
        if holding.posted
    ]
    asset_value = Cents(sum(position.value or 0 for position in positions))
    return Valuation(
        Cents(wallet.cash.posted), asset_value, tuple(_with_share(each, asset_value) for each in positions)
    )


def assets_of(wallet: Wallet) -> Iterable[tuple[AssetId, Holding]]:
    """Return everything but the cash that the wallet ever held, by asset id."""
    return ((asset_id, holding) for asset_id, holding in sorted(wallet.holdings.items()) if asset_id != USD)


def value_holding(asset_id: AssetId, holding: Holding, price: PriceUnits | None) -> Position:
    """Return the position of one holding, without its share."""
    if price is None:
        return Position(asset_id, holding, None, None, None)
    value = proceeds_down(quantity=holding.posted, price=price, scale=holding.scale)
    cost = cost_basis(quantity=holding.posted, average_cost=holding.average_cost, scale=holding.scale)
    return Position(asset_id, holding, price, value, Cents(value - cost))


def _with_share(position: Position, asset_value: Cents) -> Position:
    if position.value is None:
        return position
    share = divide_nearest(position.value * _PERCENT_SCALE, asset_value) if asset_value else 0
    return Position(position.asset_id, position.holding, position.price, position.value, position.unrealized_pnl, share)
