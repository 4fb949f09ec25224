"""Challenges that need no memory until they are answered: random bytes, an end, and a MAC that binds both to a purpose.

That a challenge is answered only once is kept by whoever accepts the answer (`application.passkeys`).
"""

import hmac
import struct
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cnop_core.ids import Entropy

LIFETIME_SECONDS: Final = 300
_NONCE_BYTES: Final = 16
_STAMP: Final = struct.Struct(">Q")
_MAC_BYTES: Final = 16


class Challenges:
    """Makes challenges under the first key and recognises those under each: keys are exchanged while some are out."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = [hmac.digest(key, b"cnop challenge", "sha256") for key in keys]

    def make(self, purpose: str, *, now: datetime, entropy: Entropy) -> bytes:
        """Return a challenge that is good for five minutes."""
        body = entropy(_NONCE_BYTES) + _STAMP.pack(int(now.timestamp()) + LIFETIME_SECONDS)
        return body + _mac(self._keys[0], body, purpose)

    def is_good(self, challenge: bytes, purpose: str, *, now: datetime) -> bool:
        """Tell whether this is a challenge of ours, for this purpose, that has not ended."""
        body, mac = challenge[:-_MAC_BYTES], challenge[-_MAC_BYTES:]
        if len(body) != _NONCE_BYTES + _STAMP.size:
            return False
        if not any(hmac.compare_digest(mac, _mac(key, body, purpose)) for key in self._keys):
            return False
        return int(now.timestamp()) < int(_STAMP.unpack(body[_NONCE_BYTES:])[0])


def _mac(key: bytes, body: bytes, purpose: str) -> bytes:
    return hmac.digest(key, body + purpose.encode(), "sha256")[:_MAC_BYTES]
