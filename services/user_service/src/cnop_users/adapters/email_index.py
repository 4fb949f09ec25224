"""The blind index: an address is found by its keyed hash, and cannot be read from it without the key."""

import hmac

from cnop_users.adapters.keyring import Keyring, NamedKey


class HmacEmailIndex:
    """HMAC-SHA-256 of the address, behind the id of its key."""

    def __init__(self, keys: Keyring) -> None:
        self._keys = keys

    def current(self, email: str) -> str:
        """See `EmailIndex.current`."""
        return _entry(self._keys.current, email)

    def all(self, email: str) -> tuple[str, ...]:
        """See `EmailIndex.all`."""
        return tuple(_entry(key, email) for key in self._keys)


def _entry(key: NamedKey, email: str) -> str:
    return f"{key.key_id}#{hmac.digest(key.secret, email.encode(), 'sha256').hex()}"
