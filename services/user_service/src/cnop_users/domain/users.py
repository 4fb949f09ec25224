"""An account: what is known of a person in the clear, and the part that only their data key opens."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from cnop_core.ids import UserId
from cnop_platform.permissions import Role

PASSKEY: Final = "passkey"


class Status(StrEnum):
    """Whether an account may be used."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class StoredPassword:
    """A bcrypt digest, and which pepper went into it."""

    digest: str
    pepper_id: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Profile:
    """What a person told us about themselves; stored encrypted under their own data key."""

    email: str
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    date_of_birth: date | None = None
    marketing_emails_consent: bool = False


@dataclass(frozen=True, slots=True)
class User:
    """An account as stored. `email_index` is the keyed hash that claims the address, `version` the stored item's."""

    user_id: UserId
    username: str
    status: Status
    roles: frozenset[Role]
    password: StoredPassword | None
    email_index: str
    email_verified: bool
    sealed_profile: str
    created_at: datetime
    updated_at: datetime
    factors: frozenset[str] = frozenset()
    """The kinds of second factor that are enrolled: `totp`, `passkey`."""
    version: int = 0

    @property
    def is_active(self) -> bool:
        """Whether its owner may sign in."""
        return self.status is Status.ACTIVE

    def can_sign_in(self, *, identities: int) -> bool:
        """Whether a way to sign in is left, with so many identities linked.

        A passkey suffices; an authenticator app alone does not, it comes on top of a password or an identity.
        """
        return self.password is not None or PASSKEY in self.factors or identities > 0

    def with_email_index(self, email_index: str) -> "User":
        """Return the account with the same address claimed under another index key."""
        return replace(self, email_index=email_index)

    def without_password(self, *, at: datetime) -> "User":
        """Return the account with no password: none signs in until a letter sets a new one."""
        return replace(self, password=None, updated_at=at)

    def with_password(self, password: StoredPassword) -> "User":
        """Return the account with another password; when it was last updated follows."""
        return replace(self, password=password, updated_at=max(self.updated_at, password.changed_at))
