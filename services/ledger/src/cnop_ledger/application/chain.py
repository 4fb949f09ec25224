"""The MACs that make history tamper-evident, under keys that the store never sees.

Each entry's MAC covers its content, its owner and its predecessor's MAC; the wallet item carries one over its own
content, so that a forged balance is refused when it is read.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Final

from cnop_core.ids import UserId
from cnop_platform.store import Body

_KEY_BYTES: Final = 32


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

    def sign(self, user_id: UserId, content: Body) -> str:
        """Return the MAC of `content`, which belongs to `user_id`, under the signing key: 43 characters."""
        return _mac(self._keys[self.signing_id], user_id, content)

    def verifies(self, user_id: UserId, content: Body, *, key_id: object, mac: object) -> bool:
        """Tell whether `mac` was made for exactly this content and owner, by a key that is known here."""
        key = self._keys.get(key_id) if isinstance(key_id, str) else None
        if key is None or not isinstance(mac, str):
            return False
        return hmac.compare_digest(_mac(key, user_id, content).encode(), mac.encode())


def _mac(key: bytes, user_id: UserId, content: Body) -> str:
    canonical = json.dumps([user_id, content], sort_keys=True, separators=(",", ":"))
    return _text(hmac.digest(key, canonical.encode(), "sha256"))


def _key_id(key: bytes) -> str:
    return _text(hashlib.sha256(b"cnop ledger key id\0" + key).digest()[:6])


def _decode_key(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidKey("a ledger key is base64url text of 32 random bytes") from error


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
