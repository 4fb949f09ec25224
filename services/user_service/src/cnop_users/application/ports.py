"""What the use cases need from outside."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from cnop_core.ids import SessionId, TokenId, UserId
from cnop_platform.store import Body
from cnop_users.domain.sessions import Session
from cnop_users.domain.users import StoredPassword, User


class PasswordHasher(Protocol):
    """Hashes passwords slowly, on purpose, and only a few at a time."""

    def require_room(self) -> None:
        """Raise `HashingBusy` when a turn would come too late to be of use; asked before anything is spent."""
        ...

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Wait for one of the few turns; hashing is done inside. Raises `HashingBusy` when too many wait already."""
        ...

    async def hash(self, password: str, *, now: datetime) -> StoredPassword:
        """Return what to store of a password."""
        ...

    async def matches(self, password: str, stored: StoredPassword | None) -> bool:
        """Tell whether the password is the stored one. Without a stored one it takes as long and says no."""
        ...

    def is_outdated(self, stored: StoredPassword) -> bool:
        """Tell whether today's settings would hash it differently."""
        ...


class PasswordJudge(Protocol):
    """Says what is wrong with a chosen password."""

    async def objections(self, password: str, *, related: Sequence[str]) -> tuple[str, ...]:
        """Return why the password is too easy to guess and how to do better; `related` are words tied to the person."""
        ...


class CannotOpen(Exception):
    """Sealed data was changed, belongs elsewhere, or was sealed under a key that is not here."""


class DataKey(Protocol):
    """One person's key; without it nothing of theirs can be read."""

    def seal(self, purpose: str, plain: str) -> str:
        """Encrypt a text; it opens only for the same purpose."""
        ...

    def open(self, purpose: str, sealed: str) -> str:
        """Decrypt what `seal` gave. Raises `CannotOpen`."""
        ...


class Vault(Protocol):
    """Keeps every person's data key, wrapped by a master key."""

    async def create(self, user_id: UserId) -> tuple[DataKey, Body]:
        """Make a data key, and the stored form of it."""
        ...

    async def unlock(self, user_id: UserId, wrapped: Body) -> DataKey:
        """Unwrap a stored data key. Raises `CannotOpen`."""
        ...


class EmailIndex(Protocol):
    """Turns addresses into keyed hashes, so that they can be looked up without being readable."""

    def current(self, email: str) -> str:
        """Return the hash under the current key."""
        ...

    def all(self, email: str) -> tuple[str, ...]:
        """Return the hashes under every key in use, the current one first."""
        ...


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A signed access token and when it ends."""

    text: str
    issued_at: datetime
    expires_at: datetime

    @property
    def expires_in(self) -> int:
        """Seconds from issue to end."""
        return int((self.expires_at - self.issued_at).total_seconds())


class TokenIssuer(Protocol):
    """Signs access tokens."""

    def issue(self, user: User, session: Session, *, auth_time: datetime, amr: tuple[str, ...]) -> AccessToken:
        """Return a token for the session's user, valid from now."""
        ...


class EndedSessionNews(Protocol):
    """Spreads the news of ended sessions."""

    async def announce(self, sessions: Sequence[SessionId | TokenId], *, expires_at: int) -> None:
        """Make all processes refuse these tokens, or those of these sessions; none lives beyond `expires_at`."""
        ...


@dataclass(frozen=True, slots=True)
class LimitPolicy:
    """How failures are counted. After `failures` of them the subject is blocked, each time twice as long as before."""

    name: str
    failures: int
    window_seconds: int
    block_seconds: int
    longest_block_seconds: int
    memory_seconds: int = 3_600
    """For how long after a block it is remembered that there was one."""
    relapse: bool = False
    """Whether one more failure after a block is enough for the next one."""
    distinct: bool = False
    """Whether each member counts once, however often it fails."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """For how many more seconds a subject is blocked; 0 when it is not."""

    seconds: int
    just_now: bool = False
    """Whether the failure just counted is what blocked it."""


NOT_BLOCKED: Final = Blocked(0)


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether an attempt may begin: at once when there is nothing to wait for."""

    wait_seconds: int = 0
    blocked: bool = False
    """Whether it has to wait for the end of a block, rather than of attempts that are under way."""


ADMITTED: Final = Admission()
CROWDED: Final = Admission(wait_seconds=1)
ATTEMPT_SECONDS: Final = 30
"""After which an attempt that was never released counts no more: its process died."""


class FailureCounter(Protocol):
    """Counts failures per subject, atomically, across all replicas."""

    async def blocked_for(self, policy: LimitPolicy, subject: str) -> int:
        """Return for how many more seconds the subject is blocked; 0 when it is not."""
        ...

    async def failed(self, policy: LimitPolicy, subject: str, *, member: str) -> Blocked:
        """Count a failure that `member` caused; return for how long the subject is blocked now."""
        ...

    async def admit(self, policy: LimitPolicy, subject: str, *, attempt: str) -> Admission:
        """Let an attempt begin unless the subject is blocked, or as many are under way as failures are left to it.

        However many come at once, no more than `policy.failures` can so fail before the block.
        """
        ...

    async def release(self, policy: LimitPolicy, subject: str, *, attempt: str) -> None:
        """Give back the place of an attempt that ended; if it failed, after its failure was counted."""
        ...

    async def forgive(self, policy: LimitPolicy, subject: str, *, member: str) -> None:
        """Take back the failures of `member`, who has proven to be no guesser. A block stays."""
        ...
