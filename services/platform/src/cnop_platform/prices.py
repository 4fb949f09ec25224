"""Live prices: the feed publishes them over Valkey and keeps one snapshot in the store; every reader holds a board."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
import valkey.asyncio as valkey
from cnop_core.clock import Clock, from_rfc3339, to_rfc3339
from cnop_core.errors import InvalidInput, Unavailable
from cnop_core.ids import AssetId
from cnop_core.money import PRICE_SCALE, PriceUnits, format_units, parse_units

from cnop_platform import strict_json
from cnop_platform.cache import Subscription
from cnop_platform.store import Body, Key, Put, Store, StoreUnavailable

PRICE_CHANNEL: Final = "cnop:prices"
SNAPSHOT_KEY: Final = Key("PRICES", "SNAPSHOT")
LOWEST: Final = PriceUnits(1)
HIGHEST: Final = PriceUnits(1_000_000_000 * 10**PRICE_SCALE)
_FALLBACK_SECONDS: Final = 3

_log = structlog.get_logger()


class PriceStale(Unavailable):
    """There is no price young enough to trade on."""

    code = "PRICE_STALE"


@dataclass(frozen=True, slots=True)
class Quote:
    """The price of one whole asset in USD at scale 8, and when the feed saw it."""

    asset_id: AssetId
    price: PriceUnits
    as_of: datetime

    def age_seconds(self, now: datetime) -> float:
        """Return how old the quote is; a quote from the future is as good as new."""
        return max(0.0, (now - self.as_of).total_seconds())


def encode_quotes(quotes: Iterable[Quote]) -> Body:
    """Render quotes as one JSON object: asset id → [price text, RFC 3339 time]."""
    return {quote.asset_id: [format_units(quote.price, scale=PRICE_SCALE), to_rfc3339(quote.as_of)] for quote in quotes}


def decode_quotes(document: Mapping[str, Any]) -> list[Quote]:
    """Read what `encode_quotes` wrote. Raises `ValueError` or a subclass of `InvalidInput` on anything else."""
    return [
        Quote(AssetId(asset_id), PriceUnits(parse_units(text, scale=PRICE_SCALE)), from_rfc3339(as_of))
        for asset_id, (text, as_of) in document.items()
    ]


def snapshot_put(quotes: Iterable[Quote]) -> Put:
    """Return the write of the one snapshot item that readers fall back to."""
    return Put(SNAPSHOT_KEY, {"quotes": encode_quotes(quotes)})


class PriceBoard:
    """The latest prices in this process's memory, fed by Valkey, or by the store's snapshot while Valkey is away."""

    def __init__(self, *, store: Store, cache: valkey.Valkey, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._quotes: dict[AssetId, Quote] = {}
        self._heard_at: datetime | None = None
        self._subscription = Subscription(cache, [PRICE_CHANNEL], handle=self._receive, on_connect=self.load_snapshot)
        self._changed = asyncio.Condition()

    async def run(self) -> None:
        """Keep the board current until cancelled."""
        await asyncio.gather(self._subscription.run(), self._fall_back())

    def latest(self, asset_id: AssetId) -> Quote | None:
        """Return the latest quote of any age, for display."""
        return self._quotes.get(asset_id)

    def all(self) -> Mapping[AssetId, Quote]:
        """Return the latest quotes by asset."""
        return self._quotes

    def fresh(self, asset_id: AssetId, *, max_age_seconds: float) -> Quote:
        """Return a quote to trade on. Raises `PriceStale`."""
        quote = self._quotes.get(asset_id)
        if quote is None or quote.age_seconds(self._clock.now()) > max_age_seconds:
            raise PriceStale(f"there is no current price for {asset_id}; try again in a moment")
        return quote

    async def wait_for_change(self) -> None:
        """Return when the next prices have arrived."""
        async with self._changed:
            await self._changed.wait()

    async def accept(self, quotes: Iterable[Quote]) -> None:
        """Take over quotes that are newer than those held and within the sanity bounds."""
        for quote in quotes:
            held = self._quotes.get(quote.asset_id)
            if not LOWEST <= quote.price <= HIGHEST:
                _log.warning("price_out_of_bounds", asset_id=quote.asset_id)
            elif held is None or quote.as_of > held.as_of:
                self._quotes[quote.asset_id] = quote
        async with self._changed:
            self._changed.notify_all()

    async def load_snapshot(self) -> None:
        """Read the store's snapshot item."""
        try:
            item = await self._store.get(SNAPSHOT_KEY)
        except StoreUnavailable:
            _log.warning("price_snapshot_unavailable")
            return
        quotes = item.body["quotes"] if item is not None else None
        if isinstance(quotes, Mapping):
            await self.accept(decode_quotes(quotes))

    async def _receive(self, _channel: str, data: bytes) -> None:
        try:
            quotes = decode_quotes(strict_json.loads(data))
        except (ValueError, TypeError, AttributeError, InvalidInput) as error:
            _log.warning("price_message_malformed", reason=type(error).__name__)
            return
        self._heard_at = self._clock.now()
        await self.accept(quotes)

    async def _fall_back(self) -> None:
        while True:
            await asyncio.sleep(_FALLBACK_SECONDS)
            silent = self._heard_at is None or (self._clock.now() - self._heard_at).total_seconds() > _FALLBACK_SECONDS
            if silent:
                await self.load_snapshot()
