"""Envelope encryption: what a person tells us is sealed under their own key, which is sealed under a master key.

AES-256-GCM throughout, with the owner and the purpose as associated data, so that nothing can be moved to another
person or field. Destroying the wrapped data key erases the person. A backup still holds it until the backup itself is
deleted, which is why restoring one erases again (see `application/erasure_register.py`).
"""

import base64
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cnop_core.ids import Entropy, UserId
from cnop_platform.store import Body
from cnop_users.adapters.keyring import Keyring
from cnop_users.application.ports import CannotOpen

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_FORMAT: Final = "1"


class AesDataKey:
    """One person's key. A sealed text is `1.` and base64url of nonce and ciphertext."""

    def __init__(self, *, user_id: UserId, secret: bytes, entropy: Entropy) -> None:
        self._user_id = user_id
        self._cipher = AESGCM(secret)
        self._entropy = entropy

    def seal(self, purpose: str, plain: str) -> str:
        """See `DataKey.seal`."""
        return f"{_FORMAT}.{_text(_encrypt(self._cipher, plain.encode(), self._bound_to(purpose), self._entropy))}"

    def open(self, purpose: str, sealed: str) -> str:
        """See `DataKey.open`. Raises `CannotOpen`."""
        form, _, text = sealed.partition(".")
        if form != _FORMAT:
            raise CannotOpen("the sealed text has a form that this version does not know")
        return _decrypt(self._cipher, text, self._bound_to(purpose)).decode()

    def _bound_to(self, purpose: str) -> bytes:
        return f"cnop personal\0{self._user_id}\0{purpose}".encode()


class MasterKeys(Protocol):
    """What wraps data keys. It names the master key in what it wraps, so that keys can be exchanged."""

    async def current_id(self) -> str:
        """Return the id of the master key that wraps what is new."""
        ...

    async def wrap(self, user_id: UserId, secret: bytes) -> Body:
        """Return a data key's stored form: `master_key_id` and `wrapped`."""
        ...

    async def unwrap(self, user_id: UserId, wrapped: Body) -> bytes:
        """Return the data key of this person. Raises `CannotOpen`."""
        ...

    async def close(self) -> None:
        """Let go of what was needed for that."""
        ...


class FileMasterKeys:
    """Master keys that this process holds."""

    def __init__(self, keys: Keyring, *, entropy: Entropy) -> None:
        self._keys = keys
        self._entropy = entropy

    async def current_id(self) -> str:
        """See `MasterKeys.current_id`."""
        return self._keys.current.key_id

    async def wrap(self, user_id: UserId, secret: bytes) -> Body:
        """See `MasterKeys.wrap`."""
        master = self._keys.current
        wrapped = _encrypt(AESGCM(master.secret), secret, _owner(user_id), self._entropy)
        return {"master_key_id": master.key_id, "wrapped": _text(wrapped)}

    async def unwrap(self, user_id: UserId, wrapped: Body) -> bytes:
        """See `MasterKeys.unwrap`."""
        master = self._keys.get(str(wrapped["master_key_id"]))
        if master is None:
            raise CannotOpen("the master key of this data key is not configured")
        return _decrypt(AESGCM(master.secret), str(wrapped["wrapped"]), _owner(user_id))

    async def close(self) -> None:
        """See `MasterKeys.close`."""


class MasterKeyVault:
    """Makes data keys, and keeps them wrapped."""

    def __init__(self, *, master_keys: MasterKeys, entropy: Entropy) -> None:
        self._master_keys = master_keys
        self._entropy = entropy

    async def create(self, user_id: UserId) -> tuple[AesDataKey, Body]:
        """See `Vault.create`."""
        secret = self._entropy(_KEY_BYTES)
        return self._data_key(user_id, secret), await self._master_keys.wrap(user_id, secret)

    async def unlock(self, user_id: UserId, wrapped: Body) -> AesDataKey:
        """See `Vault.unlock`. Raises `CannotOpen`."""
        return self._data_key(user_id, await self._master_keys.unwrap(user_id, wrapped))

    async def rewrap(self, user_id: UserId, wrapped: Body) -> Body | None:
        """Return the data key wrapped under the current master key; None when it is already."""
        if wrapped["master_key_id"] == await self._master_keys.current_id():
            return None
        return await self._master_keys.wrap(user_id, await self._master_keys.unwrap(user_id, wrapped))

    def _data_key(self, user_id: UserId, secret: bytes) -> AesDataKey:
        return AesDataKey(user_id=user_id, secret=secret, entropy=self._entropy)


def _owner(user_id: UserId) -> bytes:
    return f"cnop data key\0{user_id}".encode()


def _encrypt(cipher: AESGCM, plain: bytes, bound_to: bytes, entropy: Entropy) -> bytes:
    nonce = entropy(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, bound_to)


def _decrypt(cipher: AESGCM, text: str, bound_to: bytes) -> bytes:
    try:
        sealed = _bytes(text)
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError):
        raise CannotOpen("sealed data was changed or belongs elsewhere") from None


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
