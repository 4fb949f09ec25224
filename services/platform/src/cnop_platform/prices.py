"""Live prices: the feed publishes them over Valkey and keeps one snapshot in the store; every reader holds a board."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from math import nan
from typing import Any, Final

import structlog
import valkey.asyncio as valkey
from prometheus_client import Gauge

from cnop_core.clock import Clock, from_rfc3339, to_rfc3339
from cnop_core.errors import InvalidInput, Unavailable
from cnop_core.ids import AssetId
from cnop_core.money import PRICE_SCALE, PriceUnits, format_units, parse_units
from cnop_platform import strict_json
from cnop_platform.cache import CacheError, Subscription
from cnop_platform.chores import background
from cnop_platform.store import Body, Key, Put, Store, StoreUnavailable

PRICE_CHANNEL: Final = "cnop:prices"
LATEST_KEY: Final = "cnop:prices:latest"
"""Where Valkey holds the latest prices for whoever connects between two ticks."""
SNAPSHOT_KEY: Final = Key("PRICES", "SNAPSHOT")
LOWEST: Final = PriceUnits(1)
HIGHEST: Final = PriceUnits(1_000_000_000 * 10**PRICE_SCALE)
FALLBACK_SECONDS: Final = 3
"""After so long without a message the board reads the store's snapshot, and again as often."""
_CLOCK_SKEW_SECONDS: Final = 5

_log = structlog.get_logger()
_age = Gauge("cnop_price_age_seconds", "Age of the newest price that this process knows; NaN before the first")


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


def decode_quotes(document: Any) -> list[Quote]:
    """Read what `encode_quotes` wrote. Raises `ValueError` on anything else, and then takes nothing of it."""
    try:
        return [
            Quote(AssetId(asset_id), PriceUnits(parse_units(text, scale=PRICE_SCALE)), from_rfc3339(as_of))
            for asset_id, (text, as_of) in document.items()
        ]
    except (TypeError, AttributeError, InvalidInput) as error:
        raise ValueError("expected asset ids, each with a price and a time") from error


def snapshot_put(quotes: Iterable[Quote]) -> Put:
    """Return the write of the one snapshot item that readers fall back to."""
    return Put(SNAPSHOT_KEY, {"quotes": encode_quotes(quotes)})


class PriceBoard:
    """The latest prices in this process's memory, fed by Valkey, or by the store's snapshot while Valkey is away."""

    def __init__(self, *, store: Store, cache: valkey.Valkey, clock: Clock) -> None:
        self._store = store
        self._cache = cache
        self._clock = clock
        self._quotes: dict[AssetId, Quote] = {}
        self._heard_at: datetime | None = None
        self._subscription = Subscription(cache, [PRICE_CHANNEL], handle=self._receive, on_connect=self._catch_up)
        self._changed = asyncio.Condition()
        self._revision = 0
        self._newest: datetime | None = None
        _age.set_function(self._age_seconds)

    async def run(self) -> None:
        """Keep the board current until cancelled."""
        await self.load_snapshot()
        async with background([self._fall_back]):
            await self._subscription.run()

    @property
    def revision(self) -> int:
        """A number that grows with every change of the board."""
        return self._revision

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

    async def wait_for_change(self, *, since: int | None = None) -> int:
        """Return the board's revision once it is past `since`, by default past the present one.

        Whoever passes on the revision that it got last misses no change.
        """
        seen = self._revision if since is None else since
        async with self._changed:
            await self._changed.wait_for(lambda: self._revision > seen)
        return self._revision

    async def accept(self, quotes: Iterable[Quote]) -> None:
        """Take over quotes that are newer than those held, within the sanity bounds and not from the future."""
        newer = [quote for quote in quotes if self._is_newer(quote) and self._is_sane(quote)]
        if not newer:
            return
        self._quotes.update((quote.asset_id, quote) for quote in newer)
        self._newest = max(quote.as_of for quote in self._quotes.values())
        self._revision += 1
        async with self._changed:
            self._changed.notify_all()

    async def load_snapshot(self) -> None:
        """Read the store's snapshot item; without one, or without the store, the board stays as it is."""
        try:
            item = await self._store.get(SNAPSHOT_KEY)
        except StoreUnavailable:
            _log.warning("price_snapshot_unavailable")
            return
        if item is not None:
            await self._take(item.body.get("quotes"), origin="snapshot")

    def _age_seconds(self) -> float:
        return nan if self._newest is None else (self._clock.now() - self._newest).total_seconds()

    def _is_newer(self, quote: Quote) -> bool:
        held = self._quotes.get(quote.asset_id)
        return held is None or quote.as_of > held.as_of

    def _is_sane(self, quote: Quote) -> bool:
        # A time far ahead would keep every true price that follows from being newer.
        ahead_seconds = (quote.as_of - self._clock.now()).total_seconds()
        sane = LOWEST <= quote.price <= HIGHEST and ahead_seconds <= _CLOCK_SKEW_SECONDS
        if not sane:
            _log.warning("price_out_of_bounds", asset_id=quote.asset_id)
        return sane

    async def _catch_up(self) -> None:
        await self.load_snapshot()
        with suppress(*CacheError):
            latest = await self._cache.get(LATEST_KEY)
            if latest is not None:
                await self._take_text(latest, origin=LATEST_KEY)

    async def _receive(self, channel: str, data: bytes) -> None:
        if await self._take_text(data, origin=channel):
            self._heard_at = self._clock.now()

    async def _take_text(self, text: bytes, *, origin: str) -> bool:
        try:
            document = strict_json.loads(text)
        except strict_json.InvalidJson:
            document = None
        return await self._take(document, origin=origin)

    async def _take(self, document: Any, *, origin: str) -> bool:
        try:
            quotes = decode_quotes(document)
        except ValueError:
            _log.warning("prices_malformed", origin=origin)
            return False
        await self.accept(quotes)
        return True

    async def _fall_back(self) -> None:
        while True:
            await asyncio.sleep(FALLBACK_SECONDS)
            silent = self._heard_at is None or (self._clock.now() - self._heard_at).total_seconds() > FALLBACK_SECONDS
            if silent:
                await self.load_snapshot()
