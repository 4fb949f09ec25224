"""Refresh tokens: opaque to clients, only hashes at rest, one use each (RFC 9700, section 4.14).

A token is `<user id>.<session id>.<secret>`. A secret is 32 bytes that nobody can guess, followed by a tag under the
session's own family key. The tag tells a spent token of the family, whose use ends the session, from one that
somebody made up, which must not.

A successor is derived from its predecessor and a stored salt. Whoever presents the predecessor again within the grace
period therefore gets the very same successor, although neither is stored.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from cnop_core.ids import Entropy, SessionId, UserId

_RANDOM_BYTES: Final = 32
_TAG_BYTES: Final = 16
_MAX_LENGTH: Final = 256
_SUCCESSOR: Final = b"cnop refresh successor\0"
_FAMILY: Final = b"cnop refresh family\0"


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A parsed token; that it parses proves nothing."""

    user_id: UserId
    session_id: SessionId
    secret: bytes

    def render(self) -> str:
        """Return the text that the client keeps."""
        return f"{self.user_id}.{self.session_id}.{_text(self.secret)}"


def parse(text: str) -> RefreshToken | None:
    """Return the parts of a token, or None when the text has not the shape of one."""
    parts = text.split(".")
    if len(text) > _MAX_LENGTH or len(parts) != 3 or not all(parts):
        return None
    try:
        secret = base64.b64decode(parts[2] + "=" * (-len(parts[2]) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(secret) != _RANDOM_BYTES + _TAG_BYTES:
        return None
    return RefreshToken(UserId(parts[0]), SessionId(parts[1]), secret)


def first_secret(*, family_key: bytes, entropy: Entropy) -> bytes:
    """Return the secret that a new session starts with."""
    return _tagged(entropy(_RANDOM_BYTES), family_key)


def successor_of(secret: bytes, *, salt: bytes, family_key: bytes) -> bytes:
    """Return the one secret that follows `secret` under `salt`."""
    return _tagged(hmac.digest(secret[:_RANDOM_BYTES], _SUCCESSOR + salt, "sha256"), family_key)


def is_of_family(secret: bytes, *, family_key: bytes) -> bool:
    """Tell whether this service once issued `secret` within the session that the key belongs to."""
    return hmac.compare_digest(secret, _tagged(secret[:_RANDOM_BYTES], family_key))


def fingerprint(secret: bytes) -> str:
    """Return what is stored of a secret. It is random already, so a plain hash is enough."""
    return _text(hashlib.sha256(secret).digest())


def _tagged(random: bytes, family_key: bytes) -> bytes:
    return random + hmac.digest(family_key, _FAMILY + random, "sha256")[:_TAG_BYTES]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
