"""Request bodies, and the parameters that several endpoints share."""

from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import Header, Path, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema, model_validator

from cnop_core.clock import from_rfc3339
from cnop_core.ids import AssetId
from cnop_orders.application.queries import OrderFilter
from cnop_orders.application.requests import OrderRequest
from cnop_orders.domain.lifecycle import Status
from cnop_orders.domain.order import OrderType, TimeInForce
from cnop_platform.amounts import DecimalText

MAX_OFFSET = 1_000


def _instant(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise ValueError("expected an RFC 3339 time such as 2026-01-31T12:00:00Z")
    try:
        return from_rfc3339(value)
    except (ValueError, OverflowError):
        raise ValueError("expected an RFC 3339 time with offset, such as 2026-01-31T12:00:00Z") from None


Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-01-31T12:00:00Z"]}),
]
AssetIdText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,10}$"), Field(examples=["BTC"])]
ClientOrderId = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_.:\-]{1,64}$"),
    Field(description="Your own id of the order; without an Idempotency-Key header it is the key"),
]

AssetIdPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9]{1,10}$")]
OrderIdPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9_]{10,50}$")]
UsernameQuery = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9_]{1,30}$", description="Staff only: whose orders")]
UsernamePath = Annotated[str, Path(pattern=r"^[A-Za-z0-9_]{1,30}$")]
Limit = Annotated[int, Query(ge=1, le=100)]
Offset = Annotated[int, Query(ge=0, le=MAX_OFFSET, description="For small offsets; prefer `cursor`")]
Cursor = Annotated[str | None, Query(max_length=200, description="`next_cursor` of the page before")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[ -~]{1,255}$",
        description="The same key with the same request gives the same answer and no second effect, for 24 hours",
    ),
]


class PlaceOrder(BaseModel):
    """An order to place or preview. Amounts are strings or JSON numbers; both are exact."""

    model_config = ConfigDict(extra="forbid")

    order_type: OrderType
    asset_id: AssetIdText
    quantity: Annotated[DecimalText, Field(description="Within the asset's range and scale", examples=["0.5"])]
    price: Annotated[DecimalText | None, Field(description="Limit orders only: the worst price, USD")] = None
    time_in_force: Annotated[TimeInForce | None, Field(description="Limit orders only; GTC when left out")] = None
    expires_at: Annotated[Instant | None, Field(description="With GTD: when the order ends")] = None
    client_order_id: ClientOrderId | None = None
    max_slippage_bps: Annotated[
        int | None,
        Field(strict=True, ge=0, le=10_000, description="Market orders only, with reference_price: 100 is one percent"),
    ] = None
    reference_price: Annotated[DecimalText | None, Field(description="The price that the slippage counts from")] = None

    def request(self) -> OrderRequest:
        """Return the body as the use case takes it."""
        return OrderRequest(
            order_type=self.order_type,
            asset_id=AssetId(self.asset_id),
            quantity=self.quantity,
            price=self.price,
            time_in_force=self.time_in_force,
            expires_at=self.expires_at,
            client_order_id=self.client_order_id,
            max_slippage_bps=self.max_slippage_bps,
            reference_price=self.reference_price,
        )


class ReplaceOrder(BaseModel):
    """New terms of an open limit order; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    price: DecimalText | None = None
    quantity: DecimalText | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.price is None and self.quantity is None:
            raise ValueError("give a new price, a new quantity or both")
        return self


class ListQuery(BaseModel):
    """Which orders to list; parameters that are not known are ignored."""

    username: UsernameQuery = None
    asset_id: AssetIdText | None = None
    order_type: OrderType | None = None
    status: Status | None = None
    limit: Limit = 50
    offset: Offset = 0
    cursor: Cursor = None

    def wanted(self) -> OrderFilter:
        """Return the filter."""
        return OrderFilter(AssetId(self.asset_id) if self.asset_id else None, self.order_type, self.status)
