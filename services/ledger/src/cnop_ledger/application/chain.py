"""The MACs that make history tamper-evident, under keys that the store never sees.

What is signed is the very text that is stored, together with its address, so that nothing can be altered or moved. An
entry's text names the MAC of its predecessor; the wallet is signed too, so that a forged balance is refused when read.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from cnop_platform.store import Key

_KEY_BYTES: Final = 32
_MAC_BYTES: Final = 16
"""HMAC-SHA-256-128, as in RFC 4868: half the hash, which RFC 2104 calls sufficient, so that items stay small."""


class InvalidKey(ValueError):
    """A ledger key is not base64url of 32 bytes."""


class ChainKeys:
    """The keys that sign and verify: the first signs, all verify; one is rotated by putting a new one in front."""

    def __init__(self, *keys: bytes) -> None:
        if not keys or any(len(key) != _KEY_BYTES for key in keys):
            raise InvalidKey(f"the ledger needs at least one key, each of {_KEY_BYTES} bytes")
        self._keys: Mapping[str, bytes] = {_key_id(key): key for key in keys}
        self.signing_id = _key_id(keys[0])
        """Stored beside every MAC, so that old ones stay verifiable after a rotation."""

    @classmethod
    def from_text(cls, text: str) -> "ChainKeys":
        """Read one or more base64url keys separated by commas, the signing key first. Raises `InvalidKey`."""
        return cls(*(_decode_key(part.strip()) for part in text.split(",")))

    def sign(self, key: Key, text: str) -> str:
        """Return the MAC of `text` stored at `key`, under the signing key: 22 characters."""
        return _mac(self._keys[self.signing_id], key, text)

    def verifies(self, key: Key, text: str, *, key_id: object, mac: object) -> bool:
        """Tell whether `mac` was made for exactly this text at this address, by a key that is known here."""
        secret = self._keys.get(key_id) if isinstance(key_id, str) else None
        if secret is None or not isinstance(mac, str):
            return False
        return hmac.compare_digest(_mac(secret, key, text).encode(), mac.encode())


def _mac(secret: bytes, key: Key, text: str) -> str:
    message = f"{len(key.pk)}:{key.pk}{len(key.sk)}:{key.sk}{text}"
    return _text(hmac.digest(secret, message.encode(), "sha256")[:_MAC_BYTES])


def _key_id(key: bytes) -> str:
    return _text(hashlib.sha256(b"cnop ledger key id\0" + key).digest()[:6])


def _decode_key(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidKey("a ledger key is base64url text of 32 random bytes") from error


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
