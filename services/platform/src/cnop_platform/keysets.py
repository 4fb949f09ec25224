"""Where verification keys come from: a fixed set, or the JWKS document (RFC 7517) of the user service."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx
import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from cnop_core.errors import Unavailable
from cnop_platform.system import monotonic

_log = structlog.get_logger()
_REFRESH_SECONDS: Final = 60
_RETRY_SECONDS: Final = 2
_TIMEOUT_SECONDS: Final = 2
_MAX_BYTES: Final = 65_536


class KeysUnavailable(Unavailable):
    """No key set was ever fetched, so no token can be told good or bad."""


class StaticKeys:
    """Keys known from the start: the user service's own, and those of tests."""

    def __init__(self, keys: Mapping[str, EllipticCurvePublicKey]) -> None:
        self._keys = dict(keys)

    async def key(self, kid: str) -> EllipticCurvePublicKey | None:
        """Return the key with that id, if there is one."""
        return self._keys.get(kid)


class JwksKeys:
    """Keys fetched from a JWKS address; asked again when an unknown id appears, but never more than every two seconds.

    While the address is away, the keys last seen stay good.
    """

    def __init__(self, url: str, *, client: httpx.AsyncClient, clock: Callable[[], float] = monotonic) -> None:
        self._url = url
        self._client = client
        self._clock = clock
        self._keys: dict[str, EllipticCurvePublicKey] = {}
        self._asked_at = float("-inf")
        self._lock = asyncio.Lock()

    async def key(self, kid: str) -> EllipticCurvePublicKey | None:
        """Return the key with that id, after asking the address where that may help. Raises `KeysUnavailable`."""
        if kid not in self._keys or self._clock() - self._asked_at > _REFRESH_SECONDS:
            await self._refresh()
        if not self._keys:
            raise KeysUnavailable("tokens cannot be checked right now; try again in a moment")
        return self._keys.get(kid)

    async def _refresh(self) -> None:
        # Whoever comes while another asks waits for that answer; only then is it clear whether it helped.
        async with self._lock:
            if self._clock() - self._asked_at < _RETRY_SECONDS:
                return
            self._asked_at = self._clock()
            try:
                response = await self._client.get(self._url, timeout=_TIMEOUT_SECONDS)
                response.raise_for_status()
                if len(response.content) > _MAX_BYTES:
                    raise ValueError("the key set is too large")
                self._keys = parse_jwks(response.json())
            except (httpx.HTTPError, ValueError, KeyError, jwt.PyJWTError) as error:
                _log.warning("jwks_unavailable", reason=type(error).__name__)


def parse_jwks(document: Mapping[str, Any]) -> dict[str, EllipticCurvePublicKey]:
    """Read the P-256 signing keys of a JWKS document; keys of other kinds are passed over."""
    found: dict[str, EllipticCurvePublicKey] = {}
    for entry in document["keys"]:
        if entry.get("kty") != "EC" or entry.get("crv") != "P-256" or entry.get("use", "sig") != "sig":
            continue
        key = jwt.PyJWK(entry, algorithm="ES256").key
        if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
            found[str(entry["kid"])] = key
    return found
