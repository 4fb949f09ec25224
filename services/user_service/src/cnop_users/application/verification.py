"""Proving that an email address belongs to whoever gave it."""

from dataclasses import replace

from cnop_core.clock import Clock
from cnop_core.ids import UserId
from cnop_platform.audit import AuditTrail
from cnop_platform.request_context import RequestContext
from cnop_platform.store import Put, Store
from cnop_users.application import codec, trail
from cnop_users.application.accounts import Accounts, Person, UnknownUser
from cnop_users.application.conflicts import settle
from cnop_users.application.limits import LoginLimits
from cnop_users.application.one_time import OneTimeTokens, Purpose, Redeemed, SpentToken
from cnop_users.application.outbox import Outbox
from cnop_users.domain import rules
from cnop_users.domain.mail import Letter, LetterKind


class Verification:
    """Sends letters with tokens to addresses, and notes those that come back."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        tokens: OneTimeTokens,
        outbox: Outbox,
        limits: LoginLimits,
        audit: AuditTrail,
        clock: Clock,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._tokens = tokens
        self._outbox = outbox
        self._limits = limits
        self._audit = audit
        self._clock = clock

    def writes(self, person: Person) -> list[Put]:
        """Return the writes that send a letter which proves the person's present address."""
        user = person.user
        token, stored = self._tokens.issue(user.user_id, Purpose.VERIFY_EMAIL, bound_to=user.email_index)
        letter = Letter(LetterKind.VERIFY_EMAIL, person.profile.email, {"token": token})
        return [stored, self._outbox.put(user.user_id, person.data_key, letter)]

    async def may_write(self, email: str) -> bool:
        """Tell whether an address that somebody registers with gets such a letter, or had several lately; it counts."""
        return await self._limits.may_write_to_newcomer(rules.canonical_email(email))

    async def resend(self, user_id: UserId) -> None:
        """Send such a letter now, unless the address is proven.

        Raises `RateLimited` when it had several lately, by whichever account.
        """
        person = await self._accounts.open(user_id)
        address = rules.canonical_email(person.profile.email)
        if person.user.email_verified:
            return
        await self._limits.require_letter_again(user_id, address)
        await self._store.transact(self.writes(person))

    async def verify(self, token: str, *, context: RequestContext) -> None:
        """Note that the address belongs to the person. Raises `SpentToken`."""
        await settle(lambda: self._verify_once(token, context))

    async def _verify_once(self, token: str, context: RequestContext) -> None:
        redeemed = await self._tokens.redeem(token, Purpose.VERIFY_EMAIL)
        person = await person_of(redeemed, self._accounts)
        user = replace(person.user, email_verified=True, updated_at=self._clock.now())
        event = trail.account_change("email_verified", user_id=user.user_id, context=context)
        await self._store.transact([redeemed.spend, codec.user_put(user), self._audit.record_put(event)])


async def person_of(redeemed: Redeemed, accounts: Accounts) -> Person:
    """Return whom a token was written to, provided that they still have that address and may sign in.

    Raises `SpentToken` otherwise.
    """
    try:
        person = await accounts.open(redeemed.user_id)
    except UnknownUser:
        raise SpentToken("the token is not valid any more; ask for a new one") from None
    # Under every key in use: the address may have been indexed anew since the letter was written.
    if redeemed.bound_to not in accounts.email_claims(person.profile.email) or not person.user.is_active:
        raise SpentToken("the token is not valid any more; ask for a new one")
    return person
