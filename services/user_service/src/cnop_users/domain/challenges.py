"""Challenges that need no memory until they are answered: random bytes, an end, and a MAC that binds both to a purpose.

That a challenge is answered only once is kept by whoever accepts the answer (`application.passkeys`).
"""

import hmac
import struct
from datetime import datetime
from typing import Final

from cnop_core.ids import Entropy

LIFETIME_SECONDS: Final = 300
_NONCE_BYTES: Final = 16
_STAMP: Final = struct.Struct(">Q")
_MAC_BYTES: Final = 16


class Challenges:
    """Makes and recognises challenges."""

    def __init__(self, key: bytes) -> None:
        self._key = hmac.digest(key, b"cnop challenge", "sha256")

    def make(self, purpose: str, *, now: datetime, entropy: Entropy) -> bytes:
        """Return a challenge that is good for five minutes."""
        body = entropy(_NONCE_BYTES) + _STAMP.pack(int(now.timestamp()) + LIFETIME_SECONDS)
        return body + self._mac(body, purpose)

    def is_good(self, challenge: bytes, purpose: str, *, now: datetime) -> bool:
        """Tell whether this is a challenge of ours, for this purpose, that has not ended."""
        body, mac = challenge[:-_MAC_BYTES], challenge[-_MAC_BYTES:]
        if len(body) != _NONCE_BYTES + _STAMP.size or not hmac.compare_digest(mac, self._mac(body, purpose)):
            return False
        return int(now.timestamp()) < int(_STAMP.unpack(body[_NONCE_BYTES:])[0])

    def _mac(self, body: bytes, purpose: str) -> bytes:
        return hmac.digest(self._key, body + purpose.encode(), "sha256")[:_MAC_BYTES]
