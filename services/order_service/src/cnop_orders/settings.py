"""Settings of the order service and its engine, beyond those that all services share."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, Field, SecretStr, field_validator

from cnop_core.money import USD_SCALE, Cents
from cnop_ledger import ChainKeys, InvalidKey
from cnop_orders.domain.terms import Terms
from cnop_platform.settings import CommonSettings, SecretKey, ServiceSettings


class TradingSettings(BaseModel):
    """What decides about orders; the service and the engine must be given the same."""

    ledger_key: SecretStr
    """One base64url key of 32 bytes, or several separated by commas, the signing one first."""
    order_fee_bps: Annotated[int, Field(ge=0, le=1_000)] = 0
    order_value_limit: Annotated[Decimal, Field(gt=0, le=1_000_000_000, decimal_places=2)] = Decimal(100_000)
    order_open_limit: Annotated[int, Field(ge=1, le=1_000)] = 100
    quote_max_age_seconds: Annotated[int, Field(ge=1, le=300)] = 15

    @field_validator("ledger_key")
    @classmethod
    def _readable_key(cls, value: SecretStr) -> SecretStr:
        try:
            ChainKeys.from_text(value.get_secret_value())
        except InvalidKey as error:
            raise ValueError(str(error)) from None
        return value

    @property
    def chain_keys(self) -> ChainKeys:
        """The ledger's keys."""
        return ChainKeys.from_text(self.ledger_key.get_secret_value())

    @property
    def terms(self) -> Terms:
        """The house's terms for orders."""
        return Terms(
            fee_basis_points=self.order_fee_bps,
            highest_value=Cents(int(self.order_value_limit * 10**USD_SCALE)),
            open_orders=self.order_open_limit,
            quote_seconds=self.quote_max_age_seconds,
        )


class OrderSettings(TradingSettings, ServiceSettings):
    """Settings of the API process."""

    stream_limit: Annotated[int, Field(ge=1, le=2_000)] = 500
    stream_limit_per_user: Annotated[int, Field(ge=1, le=100)] = 5


class EngineSettings(TradingSettings, CommonSettings):
    """Settings of the engine, which serves no requests and needs no keys for tokens."""

    audit_key: SecretKey
