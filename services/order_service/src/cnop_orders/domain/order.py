"""An order: what was asked for, and what became of it. Amounts are integers in smallest units."""

from dataclasses import dataclass, replace
from enum import StrEnum

from cnop_core.ids import AssetId, OrderId
from cnop_core.money import Cents, PriceUnits, Units
from cnop_ledger.domain.entries import Amount
from cnop_ledger.domain.movements import hold_for
from cnop_ledger.domain.pricing import Side, Trade, price_trade
from cnop_orders.domain.lifecycle import Event, Status, next_status


class OrderType(StrEnum):
    """What is asked for: which way, and at which price."""

    MARKET_BUY = "market_buy"
    MARKET_SELL = "market_sell"
    LIMIT_BUY = "limit_buy"
    LIMIT_SELL = "limit_sell"

    @property
    def side(self) -> Side:
        """Which way the asset goes."""
        return Side.BUY if self in (OrderType.MARKET_BUY, OrderType.LIMIT_BUY) else Side.SELL

    @property
    def is_limit(self) -> bool:
        """Whether the order names the worst price it accepts."""
        return self in (OrderType.LIMIT_BUY, OrderType.LIMIT_SELL)


class TimeInForce(StrEnum):
    """How long a limit order waits for its price."""

    GTC = "GTC"
    """Good till cancelled."""
    IOC = "IOC"
    """Immediate or cancel: it fills on arrival or not at all."""
    GTD = "GTD"
    """Good till date: it ends at `expires_at`."""


@dataclass(frozen=True, slots=True)
class Order:
    """One order. `limit_price` and `time_in_force` belong to limit orders, `expires_ms` to `GTD` ones."""

    order_id: OrderId
    order_type: OrderType
    asset_id: AssetId
    scale: int
    quantity: Units
    created_ms: int
    updated_ms: int
    fee_basis_points: int = 0
    """As agreed when the order was placed: a later change of the fee must not make a hold too small."""
    limit_price: PriceUnits | None = None
    time_in_force: TimeInForce | None = None
    expires_ms: int | None = None
    client_order_id: str | None = None
    status: Status = Status.PENDING
    executed_price: PriceUnits | None = None
    total: Cents | None = None
    """What the quantity was worth when it was filled, without the fee."""
    fee: Cents | None = None
    completed_ms: int | None = None

    @property
    def side(self) -> Side:
        """Which way the asset goes."""
        return self.order_type.side

    @property
    def is_open(self) -> bool:
        """Whether the order may still change."""
        return self.status is Status.PENDING

    def trade_at(self, price: PriceUnits) -> Trade:
        """Return the trade that fills this order at `price`. Raises `TotalTooSmall`."""
        return price_trade(
            side=self.side,
            asset_id=self.asset_id,
            scale=self.scale,
            quantity=self.quantity,
            price=price,
            fee_basis_points=self.fee_basis_points,
        )

    @property
    def trade(self) -> Trade | None:
        """The trade that filled the order, in its own words; None until there is one."""
        if self.executed_price is None or self.total is None:
            return None
        fee = self.fee or Cents(0)
        return Trade(self.side, self.asset_id, self.scale, self.quantity, self.executed_price, self.total, fee)

    @property
    def hold(self) -> Amount:
        """What the order sets aside while it rests: cash for the limit price and fee, or the asset itself."""
        if self.limit_price is None:
            raise ValueError("a market order never rests")
        return hold_for(self.trade_at(self.limit_price))

    def crosses(self, price: PriceUnits) -> bool:
        """Tell whether `price` is as good as the limit or better; any price is for a market order."""
        if self.limit_price is None:
            return True
        return price <= self.limit_price if self.side is Side.BUY else price >= self.limit_price

    def is_past_expiry(self, at_ms: int) -> bool:
        """Tell whether the time of a `GTD` order is over."""
        return self.expires_ms is not None and at_ms >= self.expires_ms

    def filled(self, trade: Trade, *, at_ms: int) -> "Order":
        """Return the order filled by `trade`. Raises `OrderClosed`."""
        return replace(
            self,
            status=next_status(self.status, Event.FILL),
            executed_price=trade.price,
            total=trade.total,
            fee=trade.fee,
            updated_ms=at_ms,
            completed_ms=at_ms,
        )

    def cancelled(self, *, at_ms: int) -> "Order":
        """Return the order cancelled. Raises `OrderClosed`."""
        return replace(self, status=next_status(self.status, Event.CANCEL), updated_ms=at_ms)

    def expired(self, *, at_ms: int) -> "Order":
        """Return the order expired. Raises `OrderClosed`."""
        return replace(self, status=next_status(self.status, Event.EXPIRE), updated_ms=at_ms)

    def replaced(self, *, quantity: Units, limit_price: PriceUnits, at_ms: int) -> "Order":
        """Return the order with new terms. Raises `OrderClosed`."""
        status = next_status(self.status, Event.REPLACE)
        return replace(self, status=status, quantity=quantity, limit_price=limit_price, updated_ms=at_ms)
