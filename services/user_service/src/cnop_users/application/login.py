"""Sign-in with a password. Whoever does not exist and whoever mistyped get the same answer after the same work."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from cnop_core.clock import Clock, to_rfc3339
from cnop_platform.request_context import RequestContext
from cnop_platform.store import Store, Write
from cnop_users.application import codec
from cnop_users.application.accounts import Accounts
from cnop_users.application.attempts import Attempts
from cnop_users.application.conflicts import settle
from cnop_users.application.factors import MfaRequired, OfferedFactor, SecondFactors, WrongFactor
from cnop_users.application.guesses import Guesses
from cnop_users.application.limits import LoginLimits
from cnop_users.application.outbox import Outbox
from cnop_users.application.passkeys import WrongPasskey
from cnop_users.application.places import Places
from cnop_users.application.ports import PasswordHasher
from cnop_users.application.sessions import Grant, Proof, Sessions
from cnop_users.domain.errors import BadCredentials
from cnop_users.domain.mail import Letter, LetterKind
from cnop_users.domain.sessions import Delivery
from cnop_users.domain.users import StoredPassword, User

_PASSWORD: Final = "pwd"  # noqa: S105 - the name that RFC 8176 gives to the method


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody signs in with: a user name or email address, and a password."""

    identifier: str
    password: str
    delivery: Delivery
    factor: OfferedFactor = field(default_factory=OfferedFactor)


class Login:
    """Checks credentials and begins sessions."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        hasher: PasswordHasher,
        limits: LoginLimits,
        places: Places,
        factors: SecondFactors,
        outbox: Outbox,
        sessions: Sessions,
        guesses: Guesses,
        attempts: Attempts,
        clock: Clock,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._hasher = hasher
        self._limits = limits
        self._places = places
        self._factors = factors
        self._outbox = outbox
        self._sessions = sessions
        self._guesses = guesses
        self._attempts = attempts
        self._clock = clock

    async def login(self, credentials: Credentials, *, context: RequestContext) -> Grant:
        """Return a new session's tokens.

        Raises `BadCredentials`, `MfaRequired`, `WrongFactor`, `AddressBlocked`, `RateLimited` while the name is guessed
        at, `HashingBusy`.
        """
        self._hasher.require_room()
        await self._limits.require_open_address(context)
        user = await self._accounts.find(credentials.identifier)
        user_id = user.user_id if user else None
        await self._attempts.require_open_name(credentials.identifier, user, context)
        async with self._attempts.sign_in(credentials.identifier, user, context, hashes=True):
            try:
                grant = await self._prove(credentials, user, context)
            except (BadCredentials, WrongFactor, WrongPasskey):
                await self._guesses.sign_in(credentials.identifier, user_id, context=context)
                raise
            except MfaRequired:
                self._guesses.stopped_by_factor(user_id, context=context)
                raise
        await self._limits.succeeded(credentials.identifier, context)
        return grant

    async def _prove(self, credentials: Credentials, user: User | None, context: RequestContext) -> Grant:
        matches = await self._hasher.matches(credentials.password, user.password if user else None)
        if user is None or not matches or not user.is_active:
            raise BadCredentials("the user name or the password is wrong")
        renewed = await self._renewed_password(credentials, user)
        return await settle(lambda: self._begin(user, renewed, credentials, context))

    async def _renewed_password(self, credentials: Credentials, user: User) -> StoredPassword | None:
        if user.password is None or not self._hasher.is_outdated(user.password):
            return None
        renewed = await self._hasher.hash(credentials.password, now=self._clock.now())
        return replace(renewed, changed_at=user.password.changed_at)

    async def _begin(
        self, proven: User, renewed: StoredPassword | None, credentials: Credentials, context: RequestContext
    ) -> Grant:
        """Begin the session on the account as it is now, provided that what was proven still holds."""
        user = await self._accounts.get(proven.user_id)
        if user.password != proven.password or not user.is_active:
            raise BadCredentials("the user name or the password is wrong")
        factor = await self._factors.prove(user, credentials.factor, context=context)
        writes = list(factor.writes)
        if renewed:
            writes.append(codec.user_put(user.with_password(renewed)))
        proof = Proof(amr=(_PASSWORD, *factor.amr))
        return await self.enter(user, proof, delivery=credentials.delivery, context=context, writes=writes)

    async def enter(
        self, user: User, proof: Proof, *, delivery: Delivery, context: RequestContext, writes: Sequence[Write]
    ) -> Grant:
        """Begin a session for somebody who has proven who they are, and remember where from.

        Raises `ConditionFailed` when the account changed since it was read.
        """
        written = [*writes, *await self._place_writes(user, context)]
        return await self._sessions.begin(user, proof=proof, delivery=delivery, context=context, writes=written)

    async def _place_writes(self, user: User, context: RequestContext) -> list[Write]:
        """Remember where this sign-in came from; a new place, unless it is the first, is worth a letter."""
        writes: list[Write] = [self._places.put(user.user_id, context)]
        known = await self._places.knows(user.user_id, context)
        if not known and await self._places.knows_any(user.user_id):
            person = await self._accounts.open(user.user_id)
            values = {"at": to_rfc3339(self._clock.now()), "address": context.client_address}
            letter = Letter(LetterKind.NEW_PLACE, person.profile.email, values)
            writes.append(self._outbox.put(user.user_id, person.data_key, letter))
        return writes
