"""Finds a user's id by name, read-only; the user service writes these items when someone registers."""

from typing import Final

from cnop_core.ids import UserId
from cnop_platform.store import Absent, Key, Put, Store

_SORT_KEY: Final = "USERNAME"


def _key(username: str) -> Key:
    return Key(f"USERNAME#{username.casefold()}", _SORT_KEY)


def username_put(username: str, user_id: UserId) -> Put:
    """Return the write that claims a user name; it fails when the name is taken."""
    return Put(_key(username), {"user_id": user_id}, Absent())


class Directory:
    """Maps user names to ids."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(self, username: str) -> UserId | None:
        """Return the id of the user with that name in any case, or None."""
        item = await self._store.get(_key(username))
        return UserId(str(item.body["user_id"])) if item else None
