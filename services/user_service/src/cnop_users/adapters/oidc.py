"""OpenID providers: authorization code flow with PKCE and nonce (OpenID Connect Core, RFC 7636, RFC 9700)."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self
from urllib.parse import urlencode

import httpx
import jwt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr, model_validator

from cnop_core.clock import Clock, from_epoch_ms
from cnop_core.errors import Unavailable
from cnop_core.ids import Entropy
from cnop_platform import strict_json
from cnop_users.application.federation import Aim, Flow
from cnop_users.application.identities import Identity, SignInFailed
from cnop_users.domain import rules

_ALGORITHMS: Final = ["RS256", "ES256", "PS256", "EdDSA"]
_TIMEOUT_SECONDS: Final = 5
_LONGEST_SECONDS: Final = 10
"""For a whole answer, however many parts it comes in."""
_LOOPBACK: Final = {"localhost", "127.0.0.1"}
_MOST_BYTES: Final = 262_144
_KEPT_SECONDS: Final = 3_600
_LEEWAY_SECONDS: Final = 60
_FLOW_SECONDS: Final = 600
_NONCE_BYTES: Final = 12
_ASKED_AGE_SECONDS: Final = 30 * 86_400
"""Whoever names a `max_age`, however long, is told the `auth_time` (OpenID Connect Core, 3.1.2.1)."""


class ProviderAway(Unavailable):
    """The identity provider does not answer, or not as one."""


class ProviderSettings(BaseModel):
    """How one provider is reached, and as whom."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: HttpUrl
    client_id: str = Field(min_length=1)
    client_secret: SecretStr
    scope: str = "openid email"
    max_age_seconds: int | None = Field(default=None, ge=60, le=_ASKED_AGE_SECONDS)
    """How long ago the person may have signed in there, when they come to us and for as long as our session lasts."""
    acr_values: tuple[str, ...] = ()
    """The kinds of sign-in there that are good enough; one of them must be named in the ID token. None: any is."""
    tells_auth_time: bool = True
    """Whether its ID tokens say when its user signed in there, as the standard wants. Google's do not: then coming back
    from there counts as having just signed in."""

    @model_validator(mode="after")
    def _refuse_plain_http(self) -> Self:
        if self.issuer.scheme != "https" and self.issuer.host not in _LOOPBACK:
            raise ValueError("an issuer elsewhere must be reached by https")
        return self

    @model_validator(mode="after")
    def _refuse_an_age_that_cannot_be_told(self) -> Self:
        if self.max_age_seconds is not None and not self.tells_auth_time:
            raise ValueError("max_age_seconds needs a provider that tells auth_time")
        return self


@dataclass(frozen=True, slots=True)
class _Discovered:
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    keys: jwt.PyJWKSet
    read_at: datetime


class OpenIdProvider:
    """One provider. What it publishes about itself is kept for an hour, its keys until an unknown one appears."""

    def __init__(
        self, name: str, settings: ProviderSettings, *, redirect_uri: str, client: httpx.AsyncClient, clock: Clock
    ) -> None:
        self._name = name
        self._settings = settings
        self._issuer = str(settings.issuer).rstrip("/")
        self._redirect_uri = redirect_uri
        self._client = client
        self._clock = clock
        self._discovered: _Discovered | None = None
        self._lock = asyncio.Lock()

    async def authorization_url(self, flow: Flow) -> str:
        """See `Provider.authorization_url`."""
        challenge = hashlib.sha256(flow.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": self._settings.scope,
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **self._wanted_age(flow),
            **({"acr_values": " ".join(self._settings.acr_values)} if self._settings.acr_values else {}),
        }
        endpoint = (await self._discover()).authorization_endpoint
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    def _wanted_age(self, flow: Flow) -> Mapping[str, str]:
        """Return how recently its user shall have signed in; the answer's `auth_time` shows whether that was heeded."""
        if flow.aim is Aim.PROVE:
            return {"prompt": "login", "max_age": "0"}
        return (
            {"max_age": str(self._settings.max_age_seconds or _ASKED_AGE_SECONDS)}
            if self._settings.tells_auth_time
            else {}
        )

    async def identify(self, flow: Flow, code: str) -> Identity:
        """See `Provider.identify`."""
        discovered = await self._discover()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": flow.verifier,
        }
        secret = self._settings.client_secret.get_secret_value()
        answer = await self._fetch(
            "POST", discovered.token_endpoint, data=form, auth=(self._settings.client_id, secret)
        )
        claims = self._verified(answer.get("id_token"), await self._keys_for(answer.get("id_token"), discovered))
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), flow.nonce.encode()):
            raise _failed()
        if self._settings.acr_values and claims.get("acr") not in self._settings.acr_values:
            raise _failed()
        authenticated_at = self._authenticated_at(claims)
        if "email" not in claims and discovered.userinfo_endpoint:
            claims = {**await self._userinfo(discovered.userinfo_endpoint, answer, subject=claims["sub"]), **claims}
        return Identity(
            provider=self._name,
            subject=str(claims["sub"]),
            email=_email(claims.get("email")),
            email_verified=claims.get("email_verified") is True,
            authenticated_at=authenticated_at,
            good_until=self._good_until(authenticated_at),
        )

    def _good_until(self, authenticated_at: datetime) -> datetime | None:
        """Return when the provider must be asked again, if ever. Raises `SignInFailed` where that is over already."""
        if self._settings.max_age_seconds is None:
            return None
        good_until = authenticated_at + timedelta(seconds=self._settings.max_age_seconds)
        if good_until <= self._clock.now():
            raise _failed()
        return good_until

    def _authenticated_at(self, claims: Mapping[str, Any]) -> datetime:
        told, now = claims.get("auth_time"), self._clock.now()
        if not self._settings.tells_auth_time:
            return now
        if not isinstance(told, int) or not 0 <= told <= now.timestamp() + _LEEWAY_SECONDS:
            return from_epoch_ms(0)
        return from_epoch_ms(told * 1000)

    async def _userinfo(self, url: str, answer: Mapping[str, Any], *, subject: str) -> Mapping[str, Any]:
        headers = {"Authorization": f"Bearer {answer.get('access_token')}"}
        claims = await self._fetch("GET", url, headers=headers)
        if claims.get("sub") != subject:
            raise _failed()
        return claims

    def _verified(self, id_token: object, keys: jwt.PyJWKSet) -> Mapping[str, Any]:
        try:
            text = str(id_token)
            header = jwt.get_unverified_header(text)
            claims: dict[str, Any] = jwt.decode(
                text,
                keys[header["kid"]] if "kid" in header else keys.keys[0],
                algorithms=_ALGORITHMS,
                audience=self._settings.client_id,
                options={
                    "require": ["iss", "sub", "aud", "exp", "iat"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except (jwt.PyJWTError, KeyError, IndexError, ValueError):
            raise _failed() from None
        now = self._clock.now().timestamp()
        if not isinstance(claims["exp"], int | float):
            raise _failed()
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if str(claims["iss"]).rstrip("/") != self._issuer or claims["exp"] + _LEEWAY_SECONDS <= now:
            raise _failed()
        if several and claims.get("azp") != self._settings.client_id:
            raise _failed()
        return claims

    async def _keys_for(self, id_token: object, discovered: _Discovered) -> jwt.PyJWKSet:
        """Return the provider's keys, read again when the token names none of them: then its key may be a new one."""
        try:
            kid = jwt.get_unverified_header(str(id_token)).get("kid")
        except jwt.PyJWTError:
            raise _failed() from None
        if any(key.key_id == kid for key in discovered.keys.keys if kid is not None):
            return discovered.keys
        return (await self._discover(again=True)).keys

    async def _discover(self, *, again: bool = False) -> _Discovered:
        async with self._lock:
            known, now = self._discovered, self._clock.now()
            if known is not None and not again and (now - known.read_at).total_seconds() < _KEPT_SECONDS:
                return known
            document = await self._fetch("GET", f"{self._issuer}/.well-known/openid-configuration")
            try:
                if str(document["issuer"]).rstrip("/") != self._issuer:
                    raise ProviderAway("the provider calls itself by another name than the configured one")
                keys = jwt.PyJWKSet.from_dict(await self._fetch("GET", str(document["jwks_uri"])))
                self._discovered = _Discovered(
                    str(document["authorization_endpoint"]),
                    str(document["token_endpoint"]),
                    str(document.get("userinfo_endpoint", "")),
                    keys,
                    now,
                )
            except (KeyError, jwt.PyJWTError):
                raise ProviderAway("the provider does not describe itself as OpenID providers do") from None
            return self._discovered

    async def _fetch(self, method: str, url: str, **arguments: Any) -> dict[str, Any]:
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                status, body = await self._read(method, url, **arguments)
        except (httpx.HTTPError, TimeoutError):
            raise ProviderAway("the identity provider does not answer; try again in a moment") from None
        if 400 <= status < 500:
            raise _failed()
        try:
            if status != 200 or len(body) > _MOST_BYTES:
                raise ValueError("not an answer")
            document = strict_json.loads(bytes(body))
        except ValueError:
            raise ProviderAway("the identity provider does not answer as one; try again in a moment") from None
        if not isinstance(document, dict):
            raise ProviderAway("the identity provider does not answer as one; try again in a moment")
        return document

    async def _read(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, **arguments: Any
    ) -> tuple[int, bytearray]:
        """Return status and body of an answer, the latter not much further than it may be long.

        It is taken as it comes, as a small one can be unpacked to a huge one.
        """
        wanted = {**(headers or {}), "Accept-Encoding": "identity"}
        body = bytearray()
        async with self._client.stream(method, url, headers=wanted, timeout=_TIMEOUT_SECONDS, **arguments) as response:
            async for part in response.aiter_raw():
                body += part
                if len(body) > _MOST_BYTES:
                    break
        return response.status_code, body


class FlowSeal:
    """Seals a flow for the cookie of the browser that began it, for ten minutes; older keys open what they sealed."""

    def __init__(self, keys: Sequence[bytes], *, clock: Clock, entropy: Entropy) -> None:
        self._ciphers = [AESGCM(hmac.digest(key, b"cnop federation flow", "sha256")) for key in keys]
        self._clock = clock
        self._entropy = entropy

    def seal(self, flow: Flow) -> str:
        """Return the cookie's value."""
        ends = int(self._clock.now().timestamp()) + _FLOW_SECONDS
        parts = [
            ends,
            flow.provider,
            flow.state,
            flow.nonce,
            flow.verifier,
            flow.aim.value,
            flow.user_id,
            flow.session_id,
            flow.good_until_ms,
        ]
        nonce = self._entropy(_NONCE_BYTES)
        sealed = nonce + self._ciphers[0].encrypt(nonce, strict_json.dumps(parts).encode(), None)
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, text: str, *, state: str) -> Flow:
        """Return the flow that this browser began with this state. Raises `SignInFailed`."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            parts = strict_json.loads(self._decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]))
            ends, provider, kept, nonce, verifier, aim, user_id, session_id, good_until_ms = parts
            flow = Flow(provider, kept, nonce, verifier, Aim(aim), user_id, session_id, good_until_ms)
        except (InvalidTag, ValueError):
            raise _failed() from None
        if self._clock.now().timestamp() >= ends or not hmac.compare_digest(flow.state.encode(), state.encode()):
            raise _failed()
        return flow

    def _decrypt(self, nonce: bytes, sealed: bytes) -> bytes:
        for cipher in self._ciphers:
            with suppress(InvalidTag):
                return cipher.decrypt(nonce, sealed, None)
        raise InvalidTag


def _email(text: object) -> str | None:
    try:
        return rules.email(str(text)) if text else None
    except ValueError:
        return None


def _failed() -> SignInFailed:
    return SignInFailed("the sign-in could not be completed; begin again")
