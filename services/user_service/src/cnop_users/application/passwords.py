"""Changing one's own password."""

from cnop_core.clock import Clock, to_rfc3339
from cnop_core.errors import FieldError, InvalidInput
from cnop_platform.access import Principal, StepUpNeeded
from cnop_platform.audit import AuditTrail
from cnop_platform.gatekeeper import proven_lately
from cnop_platform.request_context import RequestContext
from cnop_platform.store import Store
from cnop_users.application import codec, trail
from cnop_users.application.accounts import Accounts, Person
from cnop_users.application.attempts import Attempts
from cnop_users.application.conflicts import settle
from cnop_users.application.guesses import Guesses
from cnop_users.application.limits import LoginLimits
from cnop_users.application.outbox import Outbox
from cnop_users.application.ports import PasswordHasher, PasswordJudge
from cnop_users.application.registration import require_strong
from cnop_users.application.sessions import Sessions
from cnop_users.domain.errors import BadCredentials
from cnop_users.domain.mail import Letter, LetterKind
from cnop_users.domain.users import StoredPassword


class WrongPassword(InvalidInput):
    """The current password was not the current one."""


class PasswordChange:
    """Replaces passwords."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        hasher: PasswordHasher,
        judge: PasswordJudge,
        limits: LoginLimits,
        guesses: Guesses,
        attempts: Attempts,
        sessions: Sessions,
        outbox: Outbox,
        audit: AuditTrail,
        clock: Clock,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._hasher = hasher
        self._judge = judge
        self._limits = limits
        self._guesses = guesses
        self._attempts = attempts
        self._sessions = sessions
        self._outbox = outbox
        self._audit = audit
        self._clock = clock

    async def change(self, principal: Principal, *, current: str, new: str, context: RequestContext) -> None:
        """Replace the password and end the person's other sessions.

        Raises `WrongPassword`, `WeakPassword`, `RateLimited` after too many wrong ones in this session, `HashingBusy`,
        and `StepUpNeeded` when a second factor is enrolled but was not shown lately.
        """
        await self._limits.require_open_session(principal)
        person = await self._accounts.open(principal.user_id)
        self._require_factor(person, principal)
        async with self._attempts.within_session(principal, hashes=True):
            if not await self._hasher.matches(current, person.user.password):
                await self._guesses.within_session(principal, context=context, method="password_change")
                raise _wrong()
        await require_strong(
            self._judge, new, username=person.user.username, profile=person.profile, field="new_password"
        )
        async with self._hasher.turn():
            stored = await self._hasher.hash(new, now=self._clock.now())
        await settle(lambda: self._change_once(principal, person.user.password, stored, context))

    async def _change_once(
        self, principal: Principal, proven: StoredPassword | None, stored: StoredPassword, context: RequestContext
    ) -> None:
        person = await self._accounts.open(principal.user_id)
        if person.user.password != proven or not person.user.is_active:
            raise BadCredentials("the password was changed by another request; log in again")
        user = person.user.with_password(stored)
        held = await self._sessions.active(user.user_id)
        others = [session for session in held if session.session_id != principal.session_id]
        event = trail.account_change(
            "password_changed", user_id=user.user_id, session_id=principal.session_id, context=context
        )
        letter = Letter(LetterKind.PASSWORD_CHANGED, person.profile.email, {"at": to_rfc3339(self._clock.now())})
        await self._store.transact(
            [
                codec.user_put(user),
                *self._sessions.ending(others, unconditional=True),
                self._outbox.put(user.user_id, person.data_key, letter),
                self._audit.record_put(event),
            ]
        )
        await self._sessions.announce(others)
        # A sign-in with the old password may have committed just before; it ends now.
        await self._sessions.end_others(user.user_id, principal.session_id, context=context)

    def _require_factor(self, person: Person, principal: Principal) -> None:
        if person.user.factors and not proven_lately(principal, has_factors=True, now=self._clock.now()):
            raise StepUpNeeded("confirm with your second factor that it is you, then try again")


def _wrong() -> WrongPassword:
    found = (FieldError("current_password", "is not the current password"),)
    return WrongPassword("the current password is wrong", errors=found)
