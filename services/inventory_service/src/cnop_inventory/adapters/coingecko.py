"""Prices and market figures from CoinGecko: its `/coins/markets` answer, asked for at a steady pace.

Its prices are averages over exchanges and up to a minute old, so trading on them needs a wider bound for a stale price.
Members: docs.coingecko.com/reference/coins-markets.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import httpx
import structlog

from cnop_core.ids import AssetId
from cnop_inventory.adapters.backoff import Backoff
from cnop_inventory.adapters.provider_numbers import MalformedMessage, price_member, time_member
from cnop_inventory.application.ports import Deliver, TradedAssets
from cnop_inventory.domain.figures import Figures, clean_figures
from cnop_inventory.domain.observations import Observation
from cnop_platform import strict_json
from cnop_platform.prices import Quote

COINGECKO_URL: Final = "https://api.coingecko.com/api/v3"
COIN_IDS: Final[Mapping[str, str]] = {
    "BTC": "bitcoin",
    "ETH": "ethereum",
    "XRP": "ripple",
    "BNB": "binancecoin",
    "SOL": "solana",
    "DOGE": "dogecoin",
    "ADA": "cardano",
    "LINK": "chainlink",
    "BCH": "bitcoin-cash",
    "AVAX": "avalanche-2",
    "XLM": "stellar",
    "LTC": "litecoin",
    "DOT": "polkadot",
    "UNI": "uniswap",
    "AAVE": "aave",
    "ATOM": "cosmos",
}
"""CoinGecko's ids of the default assets; those of others are a setting."""

_TIMEOUT_SECONDS: Final = 10.0
_MAX_BYTES: Final = 2 * 1024 * 1024
_MAX_COINS: Final = 250
_LONGEST_PAUSE_SECONDS: Final = 600.0
_RENAMED: Final = {
    "total_volume_24h": "total_volume",
    "price_change_percentage_7d": "price_change_percentage_7d_in_currency",
    "price_change_percentage_30d": "price_change_percentage_30d_in_currency",
}

_log = structlog.get_logger()

Sleep = Callable[[float], Awaitable[None]]


class _Refused(Exception):
    """CoinGecko did not give prices; `retry_after_seconds` where it said when to come back."""

    def __init__(self, reason: str, *, retry_after_seconds: int = 0) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


class CoinGeckoSource:
    """`PriceSource` of CoinGecko. An asset without a known id gets no price."""

    name: Final = "coingecko"

    def __init__(
        self,
        *,
        client: httpx.AsyncClient,
        poll_seconds: float,
        url: str = COINGECKO_URL,
        key: str | None = None,
        coin_ids: Mapping[str, str] = COIN_IDS,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._client = client
        self._url = f"{url.rstrip('/')}/coins/markets"
        self._headers = {_key_header(url): key} if key else {}
        self._poll_seconds = poll_seconds
        self._coin_ids = coin_ids
        self._sleep = sleep

    async def run(self, assets: TradedAssets, deliver: Deliver) -> None:
        """See `PriceSource.run`."""
        backoff = Backoff(first_seconds=min(5.0, self._poll_seconds), longest_seconds=_LONGEST_PAUSE_SECONDS)
        while True:
            try:
                deliver(await self._observe(list(await assets())))
                backoff.reset()
                pause = self._poll_seconds
            except (httpx.HTTPError, _Refused) as error:
                asked_for = error.retry_after_seconds if isinstance(error, _Refused) else 0
                pause = max(backoff.pause_seconds(), min(asked_for, _LONGEST_PAUSE_SECONDS))
                _log.warning("coingecko_away", reason=str(error) or type(error).__name__, pause_seconds=round(pause, 1))
            await self._sleep(pause)

    async def _observe(self, assets: list[AssetId]) -> list[Observation]:
        known = {self._coin_ids[asset_id]: asset_id for asset_id in assets if asset_id in self._coin_ids}
        if not known:
            return []
        answer = await self._ask(sorted(known)[:_MAX_COINS])
        found = []
        for coin in answer:
            try:
                found.append(_observation(coin, known))
            except MalformedMessage as error:
                _log.warning("coingecko_coin_malformed", member=str(error))
        return found

    async def _ask(self, coins: list[str]) -> list[Any]:
        parameters = {
            "vs_currency": "usd",
            "ids": ",".join(coins),
            "price_change_percentage": "7d,30d",
            "per_page": str(_MAX_COINS),
            "precision": "full",
        }
        async with self._client.stream(
            "GET", self._url, params=parameters, headers=self._headers, timeout=_TIMEOUT_SECONDS
        ) as response:
            if response.status_code != httpx.codes.OK:
                wait = response.headers.get("retry-after", "")
                seconds = int(wait) if wait.isascii() and wait.isdigit() else 0
                raise _Refused(f"status {response.status_code}", retry_after_seconds=seconds)
            text = await _bounded(response)
        try:
            answer = strict_json.loads(text)
        except strict_json.InvalidJson:
            raise _Refused("the answer is not JSON") from None
        if not isinstance(answer, list):
            raise _Refused("the answer is not a list")
        return answer


async def _bounded(response: httpx.Response) -> bytes:
    chunks, size = [], 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > _MAX_BYTES:
            raise _Refused("the answer is too long")
        chunks.append(chunk)
    return b"".join(chunks)


def _observation(coin: Any, known: Mapping[str, AssetId]) -> Observation:
    coin_id = coin.get("id") if isinstance(coin, Mapping) else None
    if not isinstance(coin_id, str) or coin_id not in known:
        raise MalformedMessage("id")
    quote = Quote(known[coin_id], price_member(coin, "current_price"), time_member(coin, "last_updated"))
    return Observation(quote, _figures(coin))


def _figures(coin: Mapping[str, Any]) -> Figures:
    renamed = {ours: coin.get(theirs) for ours, theirs in _RENAMED.items()}
    return clean_figures({**coin, **renamed})


def _key_header(url: str) -> str:
    return "x-cg-pro-api-key" if "//pro-api." in url else "x-cg-demo-api-key"
