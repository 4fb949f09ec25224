"""Asks whether a password is known from breaches, without telling which one it is.

The service is that of Have I Been Pwned, or a mirror of it: it gets the first five digits of the password's SHA-1 and
answers with all that it knows under them, some 800 of them, and made-up ones among them (k-anonymity, and padding).
"""

import hashlib
from collections.abc import Sequence
from typing import Final

import httpx
import structlog

from cnop_users.application.ports import PasswordJudge

_log = structlog.get_logger()
_PREFIX_DIGITS: Final = 5
_TIMEOUT_SECONDS: Final = 2
_MOST_BYTES: Final = 1_048_576


class BreachedPasswords:
    """The range service at an address. While it is away nobody is kept out: the bundled list still counts."""

    def __init__(self, url: str, *, client: httpx.AsyncClient) -> None:
        self._url = url.rstrip("/")
        self._client = client

    async def contain(self, password: str) -> bool:
        """Tell whether the service knows the password."""
        digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
        try:
            known = await self._range(digest[:_PREFIX_DIGITS])
        except (httpx.HTTPError, ValueError) as error:
            _log.warning("breached_passwords_unavailable", reason=type(error).__name__)
            return False
        return digest[_PREFIX_DIGITS:] in known

    async def _range(self, prefix: str) -> frozenset[str]:
        """Return the rest of each digest that is known under a prefix. What occurred zero times is padding."""
        body = bytearray()
        request = self._client.stream(
            "GET", f"{self._url}/range/{prefix}", headers={"Add-Padding": "true"}, timeout=_TIMEOUT_SECONDS
        )
        async with request as response:
            response.raise_for_status()
            async for part in response.aiter_bytes():
                body += part
                if len(body) > _MOST_BYTES:
                    raise ValueError("the answer is too long")
        pairs = [line.partition(":") for line in body.decode("ascii").split()]
        return frozenset(rest.upper() for rest, _, count in pairs if int(count))


class ScreeningJudge:
    """Refuses what is known from breaches, and asks another judge about the rest."""

    def __init__(self, breached: BreachedPasswords, *, judge: PasswordJudge) -> None:
        self._breached = breached
        self._judge = judge

    async def objections(self, password: str, *, related: Sequence[str]) -> tuple[str, ...]:
        """See `PasswordJudge.objections`. Only what is good otherwise leaves the house, by five digits of its hash."""
        found = await self._judge.objections(password, related=related)
        if not found and await self._breached.contain(password):
            return ("is known from a breach elsewhere; choose another one",)
        return found
