"""How much one client may ask of each class of operation, in two profiles.

Buckets fill continuously. `local` leaves room for benchmarks and test runs from one address; `production` is strict.
Each Envoy process counts for itself; what must hold across replicas (login, money) is also counted by the services.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Profile = Literal["local", "production"]


class RateClass(StrEnum):
    """Which limit an operation draws from."""

    READ = "read"
    WRITE = "write"
    TRADE = "trade"
    AUTH = "auth"
    STREAM = "stream"
    PROBE = "probe"


class Bucket(BaseModel):
    """A token bucket: `burst` requests at once, then `requests` per `interval_seconds`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    burst: int = Field(gt=0, le=1_000_000)
    requests: int = Field(gt=0, le=1_000_000)
    interval_seconds: int = Field(default=1, gt=0, le=86_400)


# All requests of one address together, counted before any token is looked at.
ADDRESS_LIMITS: Mapping[Profile, Bucket] = {
    "local": Bucket(burst=100_000, requests=50_000),
    "production": Bucket(burst=400, requests=200),
}

# Per user where a token is needed, else per address.
CLASS_LIMITS: Mapping[Profile, Mapping[RateClass, Bucket]] = {
    "local": {
        RateClass.READ: Bucket(burst=40_000, requests=20_000),
        RateClass.WRITE: Bucket(burst=10_000, requests=5_000),
        RateClass.TRADE: Bucket(burst=10_000, requests=5_000),
        RateClass.AUTH: Bucket(burst=600, requests=10),
        RateClass.STREAM: Bucket(burst=200, requests=10),
        RateClass.PROBE: Bucket(burst=1_000, requests=500),
    },
    "production": {
        RateClass.READ: Bucket(burst=60, requests=20),
        RateClass.WRITE: Bucket(burst=20, requests=5),
        RateClass.TRADE: Bucket(burst=30, requests=10),
        RateClass.AUTH: Bucket(burst=10, requests=1, interval_seconds=6),
        RateClass.STREAM: Bucket(burst=10, requests=1, interval_seconds=6),
        RateClass.PROBE: Bucket(burst=10, requests=2),
    },
}
