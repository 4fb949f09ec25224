"""A portfolio's worth over time, for a chart."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Final

from cnop_core.clock import Clock, from_epoch_ms, to_rfc3339
from cnop_core.ids import AssetId, UserId
from cnop_core.money import PriceUnits, format_cents
from cnop_ledger import Entry, LedgerReader, Wallet
from cnop_orders.application.render import Document
from cnop_orders.domain.history import PastPrices, Point, worth_over_time
from cnop_orders.domain.portfolio import assets_of, value_wallet
from cnop_platform.candles import CandleInterval, ClosingPrices
from cnop_platform.prices import PriceBoard

MOST_ENTRIES: Final = 2_000
"""How far back the ledger is read. Whoever trades more than that within the period gets a chart that starts later."""
_CHUNK: Final = 100
_HOUR: Final = 3_600
_DAY: Final = 24 * _HOUR


class Period(StrEnum):
    """How far back to look."""

    DAY = "1d"
    WEEK = "1w"
    MONTH = "1m"
    YEAR = "1y"


@dataclass(frozen=True, slots=True)
class _Sampling:
    """For stretches of up to `seconds`: the candles that value them, how long those are, how far apart points are."""

    seconds: int
    interval: CandleInterval
    candle_seconds: int
    step: int


_LENGTHS: Final = {Period.DAY: _DAY, Period.WEEK: 7 * _DAY, Period.MONTH: 30 * _DAY, Period.YEAR: 365 * _DAY}
_SAMPLINGS: Final = (
    _Sampling(2 * _HOUR, CandleInterval.MINUTE, 60, 60),
    _Sampling(_DAY, CandleInterval.FIVE_MINUTES, 300, 300),
    _Sampling(7 * _DAY, CandleInterval.HOUR, _HOUR, _HOUR),
    _Sampling(30 * _DAY, CandleInterval.HOUR, _HOUR, 4 * _HOUR),
    _Sampling(365 * _DAY, CandleInterval.DAY, _DAY, _DAY),
)
"""Finest first. A wallet that is younger than the period is shown from its beginning, as finely as its age allows."""


class PortfolioHistory:
    """Values the past from ledger entries and candles, and the present from live prices."""

    def __init__(self, *, reader: LedgerReader, closing: ClosingPrices, board: PriceBoard, clock: Clock) -> None:
        self._reader = reader
        self._closing = closing
        self._board = board
        self._clock = clock

    async def document(self, user_id: UserId, period: Period) -> Document:
        """Return points from the start of the period, or of the wallet, until now, oldest first."""
        now = int(self._clock.now().timestamp())
        wallet = await self._reader.wallet(user_id)
        began = -(-wallet.created_ms // 1000)
        start = max(now - _LENGTHS[period], began) if wallet.seq else now
        sampling = next(each for each in _SAMPLINGS if now - start <= each.seconds)
        entries = await self._entries_since(wallet, start)
        if entries and len(entries) == MOST_ENTRIES:
            start = max(start, -(-entries[-1].stamp.at_ms // 1000))
        seconds = list(range(now - now % sampling.step, start - 1, -sampling.step))
        # A wallet of this very second has a present only.
        if start == began < now and start not in seconds:
            seconds.append(start)
        prices = await self._prices(wallet, sampling, start)
        points = worth_over_time(wallet, entries, seconds=seconds, prices=prices)
        shown = chain(map(_document, points), [self._present(wallet, now)])
        return {"period": period.value, "interval_seconds": sampling.step, "data": list(shown)}

    async def _entries_since(self, wallet: Wallet, start: int) -> list[Entry]:
        """Return the entries after `start` (epoch seconds), newest first, at most `MOST_ENTRIES`."""
        found: list[Entry] = []
        cursor = None
        while len(found) < MOST_ENTRIES:
            page = await self._reader.history(wallet.user_id, limit=_CHUNK, cursor=cursor)
            # The wallet was read before: what came in since is not in its figures and must not be undone.
            known = [entry for entry in page.entries if entry.seq <= wallet.seq]
            recent = [entry for entry in known if entry.stamp.at_ms > start * 1000]
            found.extend(recent)
            cursor = page.next_cursor
            if cursor is None or len(recent) < len(known):
                break
            await asyncio.sleep(0)  # pages are read and verified on the event loop: let others have their turn
        return found[:MOST_ENTRIES]

    async def _prices(self, wallet: Wallet, sampling: _Sampling, start: int) -> dict[AssetId, PastPrices]:
        """Return closing prices, each from the moment on at which its candle closes."""
        source, length = await self._closing.source(), sampling.candle_seconds
        if source is None:
            return {}
        end = int(self._clock.now().timestamp()) - length
        found: dict[AssetId, PastPrices] = {}
        for asset_id, _ in assets_of(wallet):
            closes = await self._closing.between(
                start - 2 * length, end, source=source, asset_id=asset_id, interval=sampling.interval
            )
            found[asset_id] = PastPrices([at + length for at in closes], list(closes.values()))
        return found

    def _present(self, wallet: Wallet, now: int) -> Document:
        prices: dict[AssetId, PriceUnits] = {asset_id: quote.price for asset_id, quote in self._board.all().items()}
        valued = value_wallet(wallet, prices)
        return _document(Point(now, valued.cash, valued.asset_value))


def _document(point: Point) -> Document:
    return {
        "timestamp": to_rfc3339(from_epoch_ms(point.second * 1000)),
        "usd_balance": format_cents(point.cash),
        "total_asset_value": format_cents(point.asset_value),
        "total_portfolio_value": format_cents(point.cash + point.asset_value),
    }
