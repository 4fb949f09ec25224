"""Access tokens: ES256 JWTs with the type `at+jwt` (RFC 9068), verified as RFC 8725 advises.

The algorithm is pinned, keys come only from our own key set, and a claim that is missing means no.
"""

import base64
import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from cnop_core.clock import Clock
from cnop_core.errors import Unauthenticated
from cnop_core.ids import SessionId, TokenId, UserId
from cnop_platform import strict_json
from cnop_platform.access import Principal
from cnop_platform.permissions import Role

ALGORITHM: Final = "ES256"
TOKEN_TYPE: Final = "at+jwt"  # noqa: S105 - a media type
_MAX_LENGTH: Final = 4096
# Three parts of base64url without padding (RFC 7515, section 3.1): a token has one spelling.
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_LEEWAY_SECONDS: Final = 5
_CACHE_SIZE: Final = 20_000
_REQUIRED: Final = ["iss", "aud", "sub", "sid", "roles", "username", "auth_time", "amr", "iat", "nbf", "exp", "jti"]


class InvalidToken(Unauthenticated):
    """The access token is not one of ours, or no longer valid."""

    code = "AUTH_003"


class KeySource(Protocol):
    """Gives verification keys by their id."""

    async def key(self, kid: str) -> EllipticCurvePublicKey | None:
        """Return the key, or None when there is none of that id."""
        ...


@dataclass(frozen=True, slots=True)
class TokenTerms:
    """What a token must say to be meant for us."""

    issuer: str
    audience: str


class TokenVerifier:
    """Checks access tokens; remembers what it has already checked, so that a busy client costs one signature."""

    def __init__(self, *, keys: KeySource, terms: TokenTerms, clock: Clock) -> None:
        self._keys = keys
        self._terms = terms
        self._clock = clock
        self._seen: OrderedDict[bytes, tuple[Principal, int]] = OrderedDict()

    async def verify(self, token: str) -> Principal:
        """Return whom the token names. Raises `InvalidToken`; why is not told to the caller."""
        if len(token) > _MAX_LENGTH or not _COMPACT.fullmatch(token):
            raise InvalidToken("the access token is not valid")
        now = int(self._clock.now().timestamp())
        digest = hashlib.sha256(token.encode()).digest()
        known = self._seen.get(digest)
        if known is not None and known[1] <= now < known[0].expires_at + _LEEWAY_SECONDS:
            return known[0]
        principal, not_before = await self._check(token, now)
        self._remember(digest, principal, not_before)
        return principal

    async def _check(self, token: str, now: int) -> tuple[Principal, int]:
        try:
            header = _strict_part(token, 0)
            _strict_part(token, 1)
            kid = header.get("kid")
            if header.get("typ") != TOKEN_TYPE or header.get("alg") != ALGORITHM or not isinstance(kid, str):
                raise InvalidToken("the access token is not valid")
            key = await self._keys.key(kid)
            if key is None:
                raise InvalidToken("the access token is not valid")
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=self._terms.issuer,
                audience=self._terms.audience,
                options={"require": _REQUIRED, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
            return _principal(claims, now)
        except (jwt.InvalidTokenError, ValueError, KeyError, TypeError):
            raise InvalidToken("the access token is not valid or has expired") from None

    def _remember(self, digest: bytes, principal: Principal, not_before: int) -> None:
        self._seen[digest] = (principal, not_before)
        if len(self._seen) > _CACHE_SIZE:
            self._seen.popitem(last=False)


def _strict_part(token: str, index: int) -> Mapping[str, Any]:
    part = token.split(".")[index]
    value = strict_json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    if not isinstance(value, dict) or "crit" in value:
        raise InvalidToken("the access token is not valid")
    return value


def _principal(claims: Mapping[str, Any], now: int) -> tuple[Principal, int]:
    expires_at, not_before, issued_at, auth_time = (
        _seconds(claims[name]) for name in ("exp", "nbf", "iat", "auth_time")
    )
    if now >= expires_at + _LEEWAY_SECONDS or max(not_before, issued_at) > now + _LEEWAY_SECONDS:
        raise InvalidToken("the access token has expired")
    principal = Principal(
        user_id=UserId(_text(claims["sub"])),
        username=_text(claims["username"]),
        session_id=SessionId(_text(claims["sid"])),
        token_id=TokenId(_text(claims["jti"])),
        roles=frozenset(Role(_text(role)) for role in _list(claims["roles"])) - {Role.PUBLIC},
        auth_time=auth_time,
        amr=tuple(_text(method) for method in _list(claims["amr"])),
        expires_at=expires_at,
    )
    return principal, not_before - _LEEWAY_SECONDS


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError("expected a list")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("expected text")
    return value


def _seconds(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("expected whole seconds")
    return value
