"""Asks all services at once: for their descriptions and for their health. One that is away costs a bounded wait."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import httpx
import structlog

from cnop_web.merging import TITLE, Json, merge

_log = structlog.get_logger()
_TIMEOUT_SECONDS: Final = 2.0
_LARGEST_BYTES: Final = 8_388_608
_DESCRIPTION_SECONDS: Final = 60.0
_INCOMPLETE_SECONDS: Final = 2.0
_HEALTH_SECONDS: Final = 1.0
_STATES: Final = ("healthy", "degraded", "unhealthy")

Fetch = Callable[[str], Awaitable[Any]]
"""Gets JSON from a URL whatever its status is. Raises `ServiceAway`."""


class ServiceAway(Exception):
    """A service did not answer, or not with JSON."""


def http_fetch(client: httpx.AsyncClient) -> Fetch:
    """Return a `Fetch` over HTTP with bounds on time and size."""

    async def fetch(url: str) -> Any:
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS), client.stream("GET", url) as response:
                content = b""
                async for part in response.aiter_bytes():
                    content += part
                    if len(content) > _LARGEST_BYTES:
                        raise ServiceAway(f"{url} answers with more than {_LARGEST_BYTES} bytes")
            return json.loads(content)
        except (httpx.HTTPError, TimeoutError, ValueError) as error:
            raise ServiceAway(f"{url}: {type(error).__name__}") from error

    return fetch


class Services:
    """What the services say of themselves. Answers are kept for a moment, so that asking us does not flood them."""

    def __init__(self, urls: Mapping[str, str], *, fetch: Fetch, monotonic: Callable[[], float], version: str) -> None:
        self._urls = urls
        self._fetch = fetch
        self._monotonic = monotonic
        self._version = version
        self._descriptions: dict[str, Json] = {}
        self._merged: Json = {}
        self._merged_until = 0.0
        self._states: dict[str, str] = {}
        self._states_until = 0.0
        self._describing = asyncio.Lock()
        self._probing = asyncio.Lock()

    async def description(self) -> Json:
        """Return the merged description; a service that is away stands as it was last seen, or is left out."""
        async with self._describing:
            if self._monotonic() >= self._merged_until:
                found = await self._ask_all("/openapi.json")
                self._descriptions |= {name: each for name, each in found.items() if _is_description(each)}
                known = {name: self._descriptions[name] for name in self._urls if name in self._descriptions}
                self._merged = merge(known, title=TITLE, version=self._version)
                complete = len(found) == len(self._urls)
                self._merged_until = self._monotonic() + (_DESCRIPTION_SECONDS if complete else _INCOMPLETE_SECONDS)
            return self._merged

    async def states(self) -> dict[str, str]:
        """Return `healthy`, `degraded` or `unhealthy` for each service; one that is away is unhealthy."""
        async with self._probing:
            if self._monotonic() >= self._states_until:
                found = await self._ask_all("/health/ready")
                self._states = {name: _state(found.get(name)) for name in self._urls}
                self._states_until = self._monotonic() + _HEALTH_SECONDS
            return self._states

    async def _ask_all(self, path: str) -> dict[str, Any]:
        answers = await asyncio.gather(*(self._ask(name, url + path) for name, url in self._urls.items()))
        return {name: answer for name, answer in zip(self._urls, answers, strict=True) if answer is not None}

    async def _ask(self, name: str, url: str) -> Any:
        try:
            return await self._fetch(url)
        except ServiceAway as error:
            _log.warning("service_away", upstream=name, reason=str(error))
            return None


def overall(states: Mapping[str, str]) -> str:
    """Return the worst of the states: all services are needed for the platform to do its work."""
    return max(states.values(), key=_STATES.index, default="healthy")


def _state(answer: Any) -> str:
    status = answer.get("status") if isinstance(answer, dict) else None
    return status if status in _STATES else "unhealthy"


def _is_description(answer: Any) -> bool:
    return isinstance(answer, dict) and isinstance(answer.get("paths"), dict)
