"""The provider that needs no network: prices of a simulated market, one a second."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from cnop_core.clock import Clock
from cnop_core.ids import AssetId, Entropy
from cnop_core.money import PriceUnits
from cnop_inventory.application.ports import Deliver, TradedAssets
from cnop_inventory.domain.observations import Observation
from cnop_inventory.domain.simulation import SimulatedMarket
from cnop_platform.prices import Quote
from cnop_platform.store import Absent, ConditionFailed, Key, Put, Store

_SEED_KEY: Final = Key("PRICES", "SEED")
_SEED_BYTES: Final = 8

Sleep = Callable[[float], Awaitable[None]]


class SimulatedSource:
    """`PriceSource` and `PastPrices` of a simulated market: the same seed and clock give the same prices."""

    name: Final = "simulated"

    def __init__(self, *, seed: int, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        self._market = SimulatedMarket(seed=seed)
        self._clock = clock
        self._sleep = sleep

    async def run(self, assets: TradedAssets, deliver: Deliver) -> None:
        """See `PriceSource.run`. A quote is as of the full second, whichever replica gives it."""
        while True:
            as_of = self._clock.now().replace(microsecond=0)
            second = int(as_of.timestamp())
            deliver(
                [
                    Observation(Quote(asset_id, self._market.price(asset_id, second=second), as_of))
                    for asset_id in await assets()
                ]
            )
            rest = as_of + timedelta(seconds=1) - self._clock.now()
            await self._sleep(max(0.0, rest.total_seconds()))

    def past_price(self, asset_id: AssetId, second: int, finest_seconds: int) -> PriceUnits:
        """See `PastPrices.past_price`."""
        return self._market.price(asset_id, second=second, finest_seconds=finest_seconds)


async def installation_seed(store: Store, *, entropy: Entropy) -> int:
    """Return the seed of this installation, drawn once, so that nobody can compute its prices in advance."""
    drawn = Put(_SEED_KEY, {"seed": str(int.from_bytes(entropy(_SEED_BYTES), "big"))}, Absent())
    item = await store.get(_SEED_KEY)
    if item is None:
        try:
            await store.transact([drawn])
        except ConditionFailed:
            item = await store.get(_SEED_KEY)
    return int(str((item or drawn).body["seed"]))
