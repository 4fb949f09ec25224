"""A passkey as it is stored. What counts of its public key is a copy sealed under its owner's data key (ADR 22).

The seal is bound to the owner and to the passkey, so whoever writes the store can neither exchange a key nor move one
to another passkey or person. A record without a seal proves nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cnop_core.clock import from_rfc3339, to_rfc3339
from cnop_core.ids import UserId
from cnop_platform.store import Absent, Body, Item, Put, Version
from cnop_users.application import keys
from cnop_users.application.ports import CannotOpen, DataKey


@dataclass(frozen=True, slots=True)
class Passkey:
    """An enrolled passkey. The id is base64url, as in its JSON form."""

    passkey_id: str
    public_key: str
    """As processes of the version before read it; here it is believed only when it is sealed, once."""
    sealed_key: str | None
    sign_count: int
    name: str
    created_at: datetime
    last_used_at: datetime | None = None
    version: int = 0


def seal_key(data_key: DataKey, passkey_id: str, public_key: str) -> str:
    """Return the form of a public key that `open_key` opens, for this passkey of this person alone."""
    return data_key.seal(_purpose(passkey_id), public_key)


def open_key(data_key: DataKey, passkey: Passkey) -> str:
    """Return the public key that was sealed for this passkey. Raises `CannotOpen`."""
    if passkey.sealed_key is None:
        raise CannotOpen("the public key was never sealed")
    return data_key.open(_purpose(passkey.passkey_id), passkey.sealed_key)


def passkey_put(user_id: UserId, passkey: Passkey) -> Put:
    """Return the write that stores a passkey: as a new one, or over exactly the version that was read."""
    body: Body = {
        "public_key": passkey.public_key,
        "sealed_key": passkey.sealed_key,
        "sign_count": passkey.sign_count,
        "name": passkey.name,
        "created_at": to_rfc3339(passkey.created_at),
        "last_used_at": to_rfc3339(passkey.last_used_at) if passkey.last_used_at else None,
    }
    condition = Version(passkey.version) if passkey.version else Absent()
    return Put(keys.passkey_key(user_id, passkey.passkey_id), body, condition)


def passkey_from_item(item: Item) -> Passkey:
    """Read a passkey from its stored item."""
    body: Mapping[str, Any] = item.body
    used: str | None = body["last_used_at"]
    sealed: object = body.get("sealed_key")
    return Passkey(
        passkey_id=item.key.sk.removeprefix(keys.PASSKEYS),
        public_key=body.get("public_key", ""),
        sealed_key=sealed if isinstance(sealed, str) else None,
        sign_count=body["sign_count"],
        name=body["name"],
        created_at=from_rfc3339(body["created_at"]),
        last_used_at=from_rfc3339(used) if used else None,
        version=item.version,
    )


def _purpose(passkey_id: str) -> str:
    return f"passkey {passkey_id}"
