"""Response shapes, for the API description. Handlers render the documents themselves; tests hold them to these."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cnop_orders.domain.lifecycle import Status
from cnop_orders.domain.order import OrderType, TimeInForce


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OrderAnswer(_Answer):
    """An order. `price` is the executed price, or the limit while there is none; `total_amount` excludes `fee`."""

    order_id: str = Field(examples=["ord_01KB0000000000000000000000"])
    order_type: OrderType
    asset_id: str
    quantity: str
    price: str | None
    status: Status
    time_in_force: TimeInForce | None
    limit_price: str | None
    executed_price: str | None
    total_amount: str | None
    fee: str | None
    client_order_id: str | None
    created_at: str
    updated_at: str
    completed_at: str | None
    expires_at: str | None


class OrderData(_Answer):
    """One order."""

    data: OrderAnswer


class OrderList(_Answer):
    """Orders, newest first."""

    data: list[OrderAnswer]
    has_more: bool
    next_cursor: str | None


class PreviewAnswer(_Answer):
    """What placing the order would do now. Balances are those of USD and the asset, without what is held."""

    order_type: OrderType
    asset_id: str
    quantity: str
    status: Status = Field(description="The status that the order would have")
    price: str | None = Field(description="The price that it would fill at, or its limit")
    market_price: str | None
    price_as_of: str | None
    total_amount: str
    fee: str
    cost: str = Field(description="What a buy would take from the available balance; for a sell, what it would bring")
    available_balance: str
    available_quantity: str


class PreviewData(_Answer):
    """The preview of one order."""

    data: PreviewAnswer


class PositionAnswer(_Answer):
    """One asset of a portfolio; figures that need a price are null without one."""

    asset_id: str
    quantity: str
    held: str
    average_cost: str
    current_price: str | None
    market_value: str | None
    unrealized_pnl: str | None
    percentage: str | None


class PortfolioAnswer(_Answer):
    """Cash and assets. `as_of` is the time of the oldest price used."""

    username: str
    usd_balance: str
    total_asset_value: str
    total_portfolio_value: str
    asset_count: int
    as_of: str | None
    assets: list[PositionAnswer]


class HistoryPoint(_Answer):
    """The worth of a portfolio at one moment."""

    timestamp: str
    usd_balance: str
    total_asset_value: str
    total_portfolio_value: str


class HistoryAnswer(_Answer):
    """The worth of a portfolio over time, oldest first. What had no price at a moment counts nothing then."""

    period: str
    interval_seconds: int
    data: list[HistoryPoint]


class BalanceAnswer(_Answer):
    """What is held of one asset."""

    asset_id: str
    asset_name: str
    quantity: str
    available: str
    held: str
    current_price: str | None
    total_value: str | None
    created_at: str
    updated_at: str


class BalanceData(_Answer):
    """The balance of one asset."""

    data: BalanceAnswer


class BalanceList(_Answer):
    """The balances of all assets of which anything is left."""

    data: list[BalanceAnswer]


class TradeAnswer(_Answer):
    """A purchase or sale."""

    transaction_id: str
    asset_id: str
    transaction_type: Literal["BUY", "SELL"]
    quantity: str
    price: str
    total_amount: str
    order_id: str
    status: Literal["completed"]
    timestamp: str


class TradeList(_Answer):
    """Purchases and sales, newest first."""

    data: list[TradeAnswer]
    has_more: bool
    next_cursor: str | None
