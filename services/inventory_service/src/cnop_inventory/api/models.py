"""The shapes of requests and answers. Answers are rendered digit by digit elsewhere; here they are described."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, WithJsonSchema

from cnop_inventory.domain.assets import DEFAULT_MAX_QUANTITY, DEFAULT_MIN_QUANTITY, MAX_SCALE, AssetChange, AssetDraft
from cnop_platform.amounts import DecimalText

JsonNumber = Annotated[Decimal, WithJsonSchema({"type": "number"})]
"""A display value: a JSON number whose digits are exact."""
Timestamp = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]

_TEXT = r"^[^\x00-\x1f\x7f]*$"
AssetIdText = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,10}$", description="Letters and digits in any case.")]
Name = Annotated[str, Field(min_length=1, max_length=60, pattern=_TEXT)]
Symbol = Annotated[str, Field(min_length=1, max_length=10, pattern=_TEXT)]
Description = Annotated[str, Field(max_length=500, pattern=_TEXT)]
Category = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,29}$")]
Image = Annotated[
    str, Field(max_length=300, pattern=r"^(/\S*|https://\S+)?$", description="A path, an https address, or nothing.")
]
Scale = Annotated[int, Field(strict=True, ge=0, le=MAX_SCALE, description="Decimals of a quantity; immutable.")]
Rank = Annotated[int, Field(strict=True, ge=0, le=1_000_000, description="Place in the default order.")]


class AssetDocument(BaseModel):
    """An asset with its live price; figures are null where the feed has none."""

    model_config = ConfigDict(extra="forbid")

    asset_id: str
    name: str
    symbol: str
    description: str
    category: str
    image: str
    price_usd: JsonNumber | None = Field(description="USD per whole asset, for display.")
    is_active: bool = Field(description="Whether it can be traded.")
    availability_status: Annotated[str, Field(json_schema_extra={"enum": ["available", "unavailable"]})]
    scale: int = Field(description="How many decimals a quantity may have.")
    min_quantity: str
    max_quantity: str
    last_updated: Timestamp
    market_cap: JsonNumber | None
    market_cap_rank: int | None
    total_volume_24h: JsonNumber | None
    price_change_24h: JsonNumber | None
    price_change_percentage_24h: JsonNumber | None
    price_change_percentage_7d: JsonNumber | None
    price_change_percentage_30d: JsonNumber | None
    high_24h: JsonNumber | None
    low_24h: JsonNumber | None
    circulating_supply: JsonNumber | None
    total_supply: JsonNumber | None
    max_supply: JsonNumber | None
    ath: JsonNumber | None
    ath_change_percentage: JsonNumber | None
    ath_date: Timestamp | None
    atl: JsonNumber | None
    atl_change_percentage: JsonNumber | None
    atl_date: Timestamp | None


class AssetAnswer(BaseModel):
    """One asset."""

    data: AssetDocument


class AssetListAnswer(BaseModel):
    """One page of assets. The counts are those of the whole selection."""

    data: list[AssetDocument]
    total_count: int
    active_count: int
    has_more: bool
    next_cursor: str | None


class CandleDocument(BaseModel):
    """The prices of one stretch of time, in USD per whole asset."""

    model_config = ConfigDict(extra="forbid")

    time: Timestamp = Field(description="When it starts; days are UTC days.")
    open: str
    high: str
    low: str
    close: str


class HistoryAnswer(BaseModel):
    """Candles, oldest first; the last one may still be open."""

    model_config = ConfigDict(extra="forbid")

    data: list[CandleDocument]
    asset_id: str
    interval: str
    source: str | None = Field(description="The provider of the prices; `simulated` means invented ones.")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AssetCreation(_Body):
    """A new asset."""

    asset_id: AssetIdText
    name: Name
    category: Category
    symbol: Symbol | None = Field(default=None, description="The id when left out.")
    description: Description = ""
    image: Image = ""
    scale: Scale = MAX_SCALE
    min_quantity: DecimalText = DEFAULT_MIN_QUANTITY
    max_quantity: DecimalText = DEFAULT_MAX_QUANTITY
    is_active: StrictBool = True
    rank: Rank = 0

    def draft(self) -> AssetDraft:
        """Return the draft that this describes."""
        return AssetDraft(**self.model_dump())


class AssetPatch(_Body):
    """What to change of an asset; what is left out or null stays as it is."""

    name: Name | None = None
    symbol: Symbol | None = None
    description: Description | None = None
    category: Category | None = None
    image: Image | None = None
    scale: Scale | None = Field(default=None, description="Only the present scale is accepted.")
    min_quantity: DecimalText | None = None
    max_quantity: DecimalText | None = None
    is_active: StrictBool | None = None
    rank: Rank | None = None

    def change(self) -> AssetChange:
        """Return the change that this describes."""
        return AssetChange(**self.model_dump())


def problem(description: str) -> dict[str, Any]:
    """Describe an error answer for a route's `responses`."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}
