"""How a service calls others: its peers by HTTP, with mutual TLS where that is set, or whoever is known publicly."""

import ssl
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx

from cnop_platform.mutual_tls import MutualTls
from cnop_platform.tracing import outgoing_hooks


def peer_client(tls: MutualTls | None, *, names: Mapping[str, str], **options: Any) -> httpx.AsyncClient:
    """Return a client for other services. `names` says, by base URL, whose certificate must be shown there.

    Raises `ValueError` when mutual TLS is set and one of them would be called without it.
    """
    hooks = outgoing_hooks()
    if tls is None:
        return httpx.AsyncClient(verify=public_authorities(), event_hooks=hooks, **options)
    if plain := [url for url in names if url and urlsplit(url).scheme != "https"]:
        raise ValueError(f"with mutual TLS the addresses of other services begin with https://, unlike {plain[0]}")
    by_origin = {_origin(url): name for url, name in names.items()}
    hooks = {**hooks, "request": [*hooks.get("request", ()), _expecting(by_origin)]}
    return httpx.AsyncClient(verify=tls.client, event_hooks=hooks, **options)


@cache
def public_authorities() -> ssl.SSLContext:
    """Return what trusts the authorities that all trust. Reading them takes 40 ms, so a process does it once."""
    return httpx.create_ssl_context()


def _expecting(by_origin: Mapping[tuple[str, str, int | None], str]) -> Callable[[httpx.Request], Awaitable[None]]:
    async def expect(request: httpx.Request) -> None:
        name = by_origin.get(_origin(str(request.url)))
        if name is not None:
            request.extensions["sni_hostname"] = name

    return expect


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port
