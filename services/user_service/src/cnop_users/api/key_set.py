"""The public keys that access tokens are verified with (RFC 7517)."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel
from starlette.responses import JSONResponse

from cnop_platform.access import RateClass, public
from cnop_platform.app import provided, service_router
from cnop_platform.permissions import Permission

router = service_router(tags=["identity"])


PublicKeys: TypeAlias = Callable[[], list[Mapping[str, Any]]]


class KeySetResponse(JSONResponse):
    """A key set in its own media type (RFC 7517, section 8.5)."""

    media_type = "application/jwk-set+json"


class PublishedKeys:
    """The key set as it is published; `keys` is asked each time, because keys rotate."""

    def __init__(self, *, keys: PublicKeys, cache_seconds: int) -> None:
        self._keys = keys
        self._cache_seconds = cache_seconds

    def response(self) -> KeySetResponse:
        """Return the key set, which may be cached for as long as a new key waits before it signs."""
        headers = {"Cache-Control": f"public, max-age={self._cache_seconds}"}
        return KeySetResponse({"keys": self._keys()}, headers=headers)


class JsonWebKey(BaseModel):
    """One public key."""

    kty: str
    crv: str
    x: str
    y: str
    kid: str
    use: str
    alg: str


class JsonWebKeySet(BaseModel):
    """All keys that verify tokens now."""

    keys: list[JsonWebKey]


@router.get(
    "/.well-known/jwks.json",
    operation_id="get_key_set",
    response_model=JsonWebKeySet,
    response_class=KeySetResponse,
)
async def get_key_set(
    _access: Annotated[None, public(Permission.READ_KEYS, rate=RateClass.READ)],
    keys: Annotated[PublishedKeys, provided(PublishedKeys)],
) -> KeySetResponse:
    """Publish the keys that access tokens are verified with."""
    return keys.response()
