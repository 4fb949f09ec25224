"""How much one client may ask for across all replicas, in two profiles. See `shared_limits` for how it is counted."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field


class LimitGroup(StrEnum):
    """What is counted together."""

    REGISTRATION = "registration"
    SIGN_IN = "sign_in"
    RECOVERY = "recovery"
    CREDENTIALS = "credentials"
    CASH = "cash"
    ORDERS = "orders"


FAILS_OPEN: Final = frozenset({LimitGroup.CASH, LimitGroup.ORDERS})
"""Without Valkey these go on unlimited: daily caps, the wallet's queue and the gateway's own limit still hold.

The others are then counted by each process for itself, so that guessing and flooding stay bounded.
"""


class Allowance(BaseModel):
    """A bucket: `burst` requests at once, then `requests` per `interval_seconds`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    burst: Annotated[int, Field(gt=0, le=1_000_000)]
    requests: Annotated[int, Field(gt=0, le=1_000_000)]
    interval_seconds: Annotated[int, Field(gt=0, le=86_400)] = 1

    @property
    def cost_us(self) -> int:
        """The time, in microseconds, in which room for one request comes back."""
        return max(1, self.interval_seconds * 1_000_000 // self.requests)

    @property
    def size_us(self) -> int:
        """The time in which the whole bucket comes back."""
        return self.burst * self.cost_us


Allowances = Mapping[LimitGroup, Allowance]

# `local` leaves room for test runs and benchmarks from one address.
LOCAL: Final[Allowances] = {
    **dict.fromkeys(LimitGroup, Allowance(burst=600, requests=10)),
    **dict.fromkeys(FAILS_OPEN, Allowance(burst=10_000, requests=5_000)),
}
PRODUCTION: Final[Allowances] = {
    LimitGroup.REGISTRATION: Allowance(burst=10, requests=20, interval_seconds=3600),
    LimitGroup.SIGN_IN: Allowance(burst=30, requests=30, interval_seconds=60),
    LimitGroup.RECOVERY: Allowance(burst=10, requests=20, interval_seconds=3600),
    LimitGroup.CREDENTIALS: Allowance(burst=10, requests=10, interval_seconds=60),
    LimitGroup.CASH: Allowance(burst=20, requests=20, interval_seconds=60),
    LimitGroup.ORDERS: Allowance(burst=30, requests=10),
}
