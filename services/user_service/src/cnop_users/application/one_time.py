"""Tokens that prove, once and for a while, that somebody reads a mailbox. Only their hashes are stored."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final

from cnop_core.clock import Clock
from cnop_core.errors import FieldError, InvalidInput
from cnop_core.ids import Entropy, UserId
from cnop_platform.store import Body, Delete, Key, Put, Store, Version
from cnop_users.application import keys

_SECRET_BYTES: Final = 32


class Purpose(Enum):
    """What a token is for, and for how many seconds it is good."""

    RESET_PASSWORD = ("RESET", 10 * 60)
    VERIFY_EMAIL = ("VERIFY", 24 * 3_600)


class SpentToken(InvalidInput):
    """The token was used, replaced by a newer one, is too old, or never was one."""


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A token that is good. `spend` must be part of the transaction that it allows."""

    user_id: UserId
    bound_to: str
    spend: Delete


class OneTimeTokens:
    """Makes and checks tokens; each person has at most one for each purpose, the newest."""

    def __init__(self, *, store: Store, clock: Clock, entropy: Entropy) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy

    def issue(self, user_id: UserId, purpose: Purpose, *, bound_to: str) -> tuple[str, Put]:
        """Return a token and the write that makes it good. `bound_to` is what must still hold when it is used."""
        secret = base64.urlsafe_b64encode(self._entropy(_SECRET_BYTES)).rstrip(b"=").decode()
        expires_at = int((self._clock.now() + timedelta(seconds=purpose.value[1])).timestamp())
        body: Body = {"hash": _hash(secret), "bound_to": bound_to, "expires_at": expires_at}
        return f"{user_id}.{secret}", Put(_key(user_id, purpose), body, expires_at=expires_at)

    async def redeem(self, text: str, purpose: Purpose) -> Redeemed:
        """Return what a token stands for. Raises `SpentToken`."""
        user_id, _, secret = text.partition(".")
        item = await self._store.get(_key(UserId(user_id), purpose)) if user_id and secret else None
        now = self._clock.now().timestamp()
        if item is None or not hmac.compare_digest(str(item.body["hash"]), _hash(secret)):
            raise _spent()
        if now >= int(str(item.body["expires_at"])):
            raise _spent()
        return Redeemed(UserId(user_id), str(item.body["bound_to"]), Delete(item.key, Version(item.version)))


def _key(user_id: UserId, purpose: Purpose) -> Key:
    return Key(keys.partition(user_id), f"ONE-TIME#{purpose.value[0]}")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _spent() -> SpentToken:
    found = (FieldError("token", "is not valid any more; ask for a new one"),)
    return SpentToken("the token is not valid any more; ask for a new one", errors=found)
