"""Finds accounts, and opens and closes the personal part of them."""

from dataclasses import dataclass, replace
from typing import Final

from cnop_core.errors import NotFound
from cnop_core.ids import SessionId, UserId
from cnop_platform.directory import Directory
from cnop_platform.store import Body, Store
from cnop_users.application import codec, keys
from cnop_users.application.ports import DataKey, EmailIndex, Vault
from cnop_users.domain import rules
from cnop_users.domain.errors import BadCredentials
from cnop_users.domain.users import Profile, User

_PROFILE: Final = "profile"
_NOBODY: Final = UserId("usr_0")


class UnknownUser(NotFound):
    """There is no account of this id."""


@dataclass(frozen=True, slots=True)
class Person:
    """An account with its personal part opened."""

    user: User
    profile: Profile
    data_key: DataKey

    def with_profile(self, profile: Profile) -> User:
        """Return the account with another profile sealed in it."""
        return replace(self.user, sealed_profile=seal_profile(self.data_key, profile))


class EnrolledFactorsOfAccounts:
    """Knows who has enrolled a second factor; somebody who is gone counts as having one."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def has_any(self, user_id: UserId) -> bool:
        """See `EnrolledFactors.has_any`."""
        item = await self._store.get(keys.user_key(user_id))
        return item is None or bool(codec.user_from_item(item).factors)


def seal_profile(data_key: DataKey, profile: Profile) -> str:
    """Return the encrypted form of a profile."""
    return data_key.seal(_PROFILE, codec.profile_text(profile))


class Accounts:
    """Reads accounts from the store."""

    def __init__(self, *, store: Store, vault: Vault, email_index: EmailIndex) -> None:
        self._store = store
        self._vault = vault
        self._email_index = email_index
        self._directory = Directory(store)

    async def find(self, identifier: str) -> User | None:
        """Return the account of a user name or an email address in any case, or None.

        Somebody who does not exist costs the same reads as somebody who does.
        """
        found = await self._find_by_email(identifier) if "@" in identifier else await self._find_by_name(identifier)
        item = await self._store.get(keys.user_key(found or _NOBODY))
        return codec.user_from_item(item) if item else None

    async def get(self, user_id: UserId) -> User:
        """Return the account of that id. Raises `UnknownUser`."""
        item = await self._store.get(keys.user_key(user_id))
        if item is None:
            raise UnknownUser("there is no such account")
        return codec.user_from_item(item)

    async def open(self, user_id: UserId) -> Person:
        """Return the account of that id with its personal part. Raises `UnknownUser`, also for an erased person."""
        user_key, data_key_key = keys.user_key(user_id), keys.data_key_key(user_id)
        items = await self._store.get_many([user_key, data_key_key])
        if user_key not in items or data_key_key not in items:
            raise UnknownUser("there is no such account")
        user = codec.user_from_item(items[user_key])
        data_key = await self._vault.unlock(user_id, items[data_key_key].body)
        return Person(user, codec.profile_from_text(data_key.open(_PROFILE, user.sealed_profile)), data_key)

    async def open_within(self, user_id: UserId, session_id: SessionId) -> Person:
        """Return the account for a change that its session asked for.

        Raises `UnknownUser`, and `BadCredentials` when the session has ended: whoever recovered the account ended it,
        and a change that was on its way then must not be made afterwards.
        """
        person = await self.open(user_id)
        # After the account, which recovery writes when it ends sessions: a change of this version comes too late then.
        if await self._store.get(keys.session_key(user_id, session_id)) is None:
            raise BadCredentials("the session has ended; log in again")
        return person

    async def data_key(self, user_id: UserId) -> DataKey:
        """Return what opens the personal part of an account. Raises `UnknownUser`, also for an erased person."""
        wrapped = await self._store.get(keys.data_key_key(user_id))
        if wrapped is None:
            raise UnknownUser("there is no such account")
        return await self._vault.unlock(user_id, wrapped.body)

    async def create_data_key(self, user_id: UserId) -> tuple[DataKey, Body]:
        """Make a new person's data key; the body is to be stored at `keys.data_key_key`."""
        return await self._vault.create(user_id)

    def email_claims(self, email: str) -> tuple[str, ...]:
        """Return the index entries of an address under every key in use, the current one first."""
        return self._email_index.all(rules.canonical_email(email))

    async def _find_by_name(self, username: str) -> UserId | None:
        return await self._directory.find(username)

    async def _find_by_email(self, email: str) -> UserId | None:
        for claim in self.email_claims(email):
            item = await self._store.get(keys.email_key(claim))
            if item is not None:
                return UserId(str(item.body["user_id"]))
        return None
