"""Settings of the inventory service and of the price feed."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from cnop_inventory.adapters.coinbase import COINBASE_URL
from cnop_inventory.adapters.coingecko import COIN_IDS, COINGECKO_URL
from cnop_platform.settings import CommonSettings, Environment, SecretKey, ServiceSettings


class InventorySettings(ServiceSettings):
    """Settings of the HTTP service."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8001
    stream_limit: Annotated[int, Field(ge=1, le=1_500)] = 1_000
    """Price streams that this process serves at once; the server takes 2,000 connections in all."""
    stream_limit_per_address: Annotated[int, Field(ge=1, le=1_500)] = 50


class FeedProvider(StrEnum):
    """Where prices come from."""

    SIMULATED = "simulated"
    COINBASE = "coinbase"
    COINGECKO = "coingecko"


class FeedSettings(CommonSettings):
    """Settings of the price feed."""

    audit_key: SecretKey
    feed: FeedProvider = FeedProvider.SIMULATED
    feed_seed: int | None = None
    """Fixes the simulated prices; without it each installation draws its own seed once."""
    feed_max_jump_bps: Annotated[int, Field(ge=10, le=10_000)] = 2_000
    """A price that moves further at once is held back, in hundredths of a percent."""
    feed_confirm_seconds: Annotated[int, Field(ge=5, le=86_400)] = 120
    """How long a jump must last before it is believed."""
    feed_lease_seconds: Annotated[int, Field(ge=2, le=60)] = 5
    """How long after its holder died another replica takes over."""
    coinbase_url: Annotated[str, Field(pattern=r"^wss?://")] = COINBASE_URL
    coingecko_url: Annotated[str, Field(pattern=r"^https?://")] = COINGECKO_URL
    coingecko_key: SecretStr | None = None
    coingecko_poll_seconds: Annotated[int, Field(ge=5, le=3_600)] = 60
    coingecko_ids: Mapping[str, str] = COIN_IDS
    """CoinGecko's id of each asset, as a JSON object; it replaces the built-in table."""

    @model_validator(mode="after")
    def _refuse_invented_prices(self) -> Self:
        if self.environment is Environment.PRODUCTION and self.feed is FeedProvider.SIMULATED:
            raise ValueError("feed must be coinbase or coingecko in production: simulated prices are invented")
        return self
