"""Symmetric keys that can be rotated: the first one is used, those behind it open what they closed.

They are older, or the next one: a replica that uses it already must be understood by those that do not yet.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_KEY_BYTES: Final = 32


class InvalidKeyring(ValueError):
    """The text is not one or more base64url keys of 32 bytes, separated by commas."""


@dataclass(frozen=True, slots=True)
class NamedKey:
    """A key, and the name under which stored data refers to it."""

    key_id: str
    secret: bytes


class Keyring:
    """Keys of one purpose; their ids are derived, so that nothing but the keys needs to be configured."""

    def __init__(self, secrets: list[bytes], *, purpose: str) -> None:
        if not secrets or any(len(secret) != _KEY_BYTES for secret in secrets):
            raise InvalidKeyring(f"expected keys of {_KEY_BYTES} bytes for {purpose}")
        self._keys = {key.key_id: key for key in (_named(secret, purpose) for secret in secrets)}

    @classmethod
    def from_text(cls, text: str, *, purpose: str) -> "Keyring":
        """Read base64url keys separated by commas, the one to use first. Raises `InvalidKeyring`."""
        return cls([_decode(part.strip()) for part in text.split(",")], purpose=purpose)

    @property
    def current(self) -> NamedKey:
        """The key to use for what is new."""
        return next(iter(self))

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The keys without their names, the one to use for what is new first."""
        return tuple(key.secret for key in self)

    def get(self, key_id: str) -> NamedKey | None:
        """Return the key of that id, if it is (still) here."""
        return self._keys.get(key_id)

    def __iter__(self) -> Iterator[NamedKey]:
        return iter(self._keys.values())


def _named(secret: bytes, purpose: str) -> NamedKey:
    digest = hashlib.sha256(b"cnop key id\0" + purpose.encode() + b"\0" + secret).digest()
    return NamedKey(base64.urlsafe_b64encode(digest[:6]).decode(), secret)


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise InvalidKeyring("a key is base64url text of 32 random bytes") from None
