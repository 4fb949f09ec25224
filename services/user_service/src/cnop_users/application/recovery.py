"""Lost passwords: a letter with a token, and what the token allows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from cnop_core.clock import Clock, to_rfc3339
from cnop_platform.audit import AuditTrail, Severity
from cnop_platform.request_context import RequestContext
from cnop_platform.store import Put, Store, Write
from cnop_users.application import codec, trail
from cnop_users.application.accounts import Accounts, Person
from cnop_users.application.conflicts import settle
from cnop_users.application.factors import SecondFactors
from cnop_users.application.identities import Identities
from cnop_users.application.limits import LoginLimits
from cnop_users.application.one_time import OneTimeTokens, Purpose
from cnop_users.application.outbox import Outbox
from cnop_users.application.places import Places
from cnop_users.application.ports import PasswordHasher, PasswordJudge
from cnop_users.application.registration import require_strong
from cnop_users.application.sessions import MAX_SESSIONS, Sessions
from cnop_users.application.verification import person_of
from cnop_users.domain.mail import Letter, LetterKind
from cnop_users.domain.users import StoredPassword, User


@dataclass(frozen=True, slots=True)
class _Removed:
    """Ways to log in that are taken away: what they are, and the writes that do so."""

    names: str = ""
    writes: Sequence[Write] = ()


_NOTHING: Final = _Removed()


class Recovery:
    """Sends reset letters, and sets new passwords for the tokens that come back."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        tokens: OneTimeTokens,
        outbox: Outbox,
        hasher: PasswordHasher,
        judge: PasswordJudge,
        factors: SecondFactors,
        identities: Identities,
        sessions: Sessions,
        places: Places,
        limits: LoginLimits,
        audit: AuditTrail,
        clock: Clock,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._tokens = tokens
        self._outbox = outbox
        self._hasher = hasher
        self._judge = judge
        self._factors = factors
        self._identities = identities
        self._sessions = sessions
        self._places = places
        self._limits = limits
        self._audit = audit
        self._clock = clock

    async def forgot(self, identifier: str, *, context: RequestContext) -> None:
        """Send a reset letter when there is such an account and it has not had several lately; tell nothing."""
        user = await self._accounts.find(identifier)
        if user is None or not user.is_active or not await self._may_ask(user, context):
            return
        person = await self._accounts.open(user.user_id)
        event = trail.account_change("password_reset_requested", user_id=user.user_id, context=context)
        invitation = self.invitation(person, LetterKind.RESET_PASSWORD)
        await self._store.transact([*invitation, self._audit.record_put(event)])

    def invitation(self, person: Person, kind: LetterKind) -> list[Put]:
        """Return the writes that send somebody a letter of this kind, and make the token in it good for a new password.

        The token is in the letter alone.
        """
        user = person.user
        token, stored = self._tokens.issue(user.user_id, Purpose.RESET_PASSWORD, bound_to=user.email_index)
        return [stored, self._letter(person, Letter(kind, person.profile.email, {"token": token}))]

    async def reset(self, token: str, password: str, *, context: RequestContext) -> None:
        """Set a new password and end every session.

        When this is the first proof that the address belongs to whoever has the account, every other way to log in goes
        with it: somebody else may have enrolled it. Raises `SpentToken`, `WeakPassword`, `HashingBusy`.
        """
        person = await person_of(await self._tokens.redeem(token, Purpose.RESET_PASSWORD), self._accounts)
        await require_strong(self._judge, password, username=person.user.username, profile=person.profile)
        async with self._hasher.turn():
            stored = await self._hasher.hash(password, now=self._clock.now())
        await settle(lambda: self._reset_once(token, stored, context))

    async def _reset_once(self, token: str, stored: StoredPassword, context: RequestContext) -> None:
        redeemed = await self._tokens.redeem(token, Purpose.RESET_PASSWORD)
        person = await person_of(redeemed, self._accounts)
        user = person.user.with_password(stored)
        kind, removed = LetterKind.PASSWORD_CHANGED, _NOTHING
        if not user.email_verified:
            kind, removed = LetterKind.ACCOUNT_RECOVERED, await self._enrolled_before(user)
            user = replace(user, email_verified=True, factors=frozenset())
        held = (await self._sessions.active(user.user_id))[:MAX_SESSIONS]
        letter = Letter(kind, person.profile.email, {"at": to_rfc3339(self._clock.now())})
        event = trail.account_change(
            "password_reset",
            user_id=user.user_id,
            context=context,
            severity=Severity.MEDIUM,
            details={"removed": removed.names} if removed.names else {},
        )
        await self._store.transact(
            [
                redeemed.spend,
                codec.user_put(user),
                *removed.writes,
                *self._sessions.ending(held, unconditional=True),
                self._letter(person, letter),
                self._places.put(user.user_id, context),
                self._audit.record_put(event),
            ]
        )
        await self._sessions.announce(held)
        await self._sessions.end_all(user.user_id, context=context, reason="password_reset")

    async def _may_ask(self, user: User, context: RequestContext) -> bool:
        """Count a letter: where the person has signed in from, strangers elsewhere cannot use up what there is."""
        known = await self._places.knows(user.user_id, context)
        asked_by = self._limits.place(context) if known else "strangers"
        return await self._limits.may_write_to(user.user_id, asked_by=asked_by)

    async def _enrolled_before(self, user: User) -> _Removed:
        """Return what takes away whatever logs in to an account whose address nobody had proven."""
        # Places grant less than ways to log in, and may be many: they go ahead, and come back with the next sign-in.
        await self._places.forget(user.user_id)
        names = [*sorted(user.factors), *await self._identities.of(user.user_id)]
        ways = [*await self._factors.removing(user.user_id), *await self._identities.removing(user.user_id)]
        return _Removed(" ".join(names), ways)

    def _letter(self, person: Person, letter: Letter) -> Put:
        return self._outbox.put(person.user.user_id, person.data_key, letter)
