"""Identities at OpenID providers that are linked to accounts: made, taken away, and good for proving who one is."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from cnop_core.clock import Clock, to_rfc3339
from cnop_core.errors import Conflict, NotFound, Unauthenticated
from cnop_core.ids import SessionId, UserId
from cnop_platform.access import Principal
from cnop_platform.audit import AuditEvent, AuditTrail
from cnop_platform.gatekeeper import STEP_UP_SECONDS
from cnop_platform.request_context import RequestContext
from cnop_platform.store import Absent, Check, Delete, Item, Key, Put, Store, Version, Write
from cnop_users.application import codec, keys, trail
from cnop_users.application.accounts import Accounts, Person
from cnop_users.application.conflicts import settle
from cnop_users.application.outbox import Outbox
from cnop_users.domain.errors import LastWayIn
from cnop_users.domain.mail import Letter, LetterKind
from cnop_users.domain.sessions import Session

AMR: Final = ("fed",)
MOST_IDENTITIES: Final = 10
"""How many identities a person may have linked, so that all of them can go in one transaction."""
_MOST_READ: Final = 100
_LINK: Final = "LINK"


class SignInFailed(Unauthenticated):
    """The provider did not vouch for anybody, or not in answer to a request of this browser."""

    code = "AUTH_001"


class LinkedElsewhere(Conflict):
    """The identity belongs to another account here, or the account has one of this provider already."""


class NotLinked(NotFound):
    """No identity of this provider is linked to the caller's account."""


class LocalFactorDue(Unauthenticated):
    """The account wants a second factor, which this way of signing in does not ask for."""

    code = "AUTH_MFA_REQUIRED"


class NotRecent(Unauthenticated):
    """The provider did not ask its user anew, or does not say that it did."""

    code = "SIGN_IN_NOT_RECENT"


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a provider vouches for. `authenticated_at`: when they proved it there; unknown counts as long ago.

    `good_until`: when the provider has to be asked again, however long a session of ours may last; None for never.
    """

    provider: str
    subject: str
    email: str | None
    email_verified: bool
    authenticated_at: datetime
    good_until: datetime | None = None


class Identities:
    """Links identities to accounts."""

    def __init__(self, *, store: Store, accounts: Accounts, outbox: Outbox, audit: AuditTrail, clock: Clock) -> None:
        self._store = store
        self._accounts = accounts
        self._outbox = outbox
        self._audit = audit
        self._clock = clock

    async def owner_of(self, identity: Identity) -> UserId | None:
        """Return whose account the identity is linked to."""
        item = await self._store.get(_link_key(identity))
        return UserId(str(item.body["user_id"])) if item else None

    async def of(self, user_id: UserId) -> Sequence[str]:
        """Return the providers that the person has linked an identity of, in order of their names."""
        return [item.key.sk.removeprefix(keys.IDENTITIES) for item in await self._notes(user_id)]

    async def removing(self, user_id: UserId) -> list[Write]:
        """Return the writes that unlink all of somebody's identities, for a transaction that has a reason to."""
        return [write for note in await self._notes(user_id) for write in unlinking(note)]

    async def link(
        self, identity: Identity, user_id: UserId, session_id: SessionId, *, context: RequestContext
    ) -> None:
        """Link an identity to an account whose owner is signed in. Raises `LinkedElsewhere`, `SignInFailed`."""
        if not identity.email_verified:
            raise SignInFailed("the provider has not verified your email address; do that there first")
        await settle(lambda: self._link_once(identity, user_id, session_id, context))

    async def unlink(self, principal: Principal, provider: str, *, context: RequestContext) -> None:
        """Take a link away, unless no way to sign in would be left. Raises `NotLinked`, `LastWayIn`."""
        await settle(lambda: self._unlink_once(principal, provider, context))

    async def prove(
        self, identity: Identity, user_id: UserId, session_id: SessionId, *, context: RequestContext
    ) -> None:
        """Count a session as begun when its person last signed in at the provider, if that was just now.

        Raises `SignInFailed`, `LocalFactorDue`, `NotRecent`.
        """
        await settle(lambda: self._prove_once(identity, user_id, session_id, context))

    async def _link_once(
        self, identity: Identity, user_id: UserId, session_id: SessionId, context: RequestContext
    ) -> None:
        person = await self._accounts.open(user_id)
        await self._session(user_id, session_id)
        owner, linked = await self.owner_of(identity), await self.of(user_id)
        if owner == user_id:
            return
        if owner is not None or identity.provider in linked:
            raise LinkedElsewhere("this identity is linked already, or another one of this provider is")
        if len(linked) >= MOST_IDENTITIES:
            raise LinkedElsewhere(f"you have linked {MOST_IDENTITIES} identities already; unlink one first")
        event = _change("identity_linked", user_id, session_id, identity.provider, context)
        await self._store.transact(
            [
                # The account is written, too: whoever recovered it meanwhile has ended the session that asks for this.
                codec.user_put(replace(person.user, updated_at=self._clock.now())),
                *link_writes(identity, user_id),
                self._letter(person, LetterKind.IDENTITY_LINKED, identity.provider),
                self._audit.record_put(event),
            ]
        )

    async def _unlink_once(self, principal: Principal, provider: str, context: RequestContext) -> None:
        person = await self._accounts.open(principal.user_id)
        note = await self._store.get(keys.identity_key(principal.user_id, provider))
        if note is None:
            raise NotLinked("no identity of this provider is linked to your account")
        if not person.user.can_sign_in(identities=len(await self.of(principal.user_id)) - 1):
            raise LastWayIn("this is your only way to log in; set a password or add a passkey first")
        event = _change("identity_unlinked", principal.user_id, principal.session_id, provider, context)
        await self._store.transact(
            [
                # The account is written, too: of two requests that each count on the other's way in, one looks again.
                codec.user_put(replace(person.user, updated_at=self._clock.now())),
                *unlinking(note),
                self._letter(person, LetterKind.IDENTITY_UNLINKED, provider),
                self._audit.record_put(event),
            ]
        )

    async def _prove_once(
        self, identity: Identity, user_id: UserId, session_id: SessionId, context: RequestContext
    ) -> None:
        session, user = await self._session(user_id, session_id), await self._accounts.get(user_id)
        if not user.is_active or await self.owner_of(identity) != user_id:
            raise SignInFailed("this is not the identity that is linked to your account")
        if user.factors:
            raise LocalFactorDue("confirm with your second factor that it is you")
        now = self._clock.now()
        if (now - identity.authenticated_at).total_seconds() > STEP_UP_SECONDS:
            raise NotRecent("the provider does not say that you proved there just now who you are")
        proven = replace(session, auth_time=min(identity.authenticated_at, now))
        unchanged = Check(keys.user_key(user_id), Version(user.version))
        await self._store.transact(
            [unchanged, codec.session_put(proven), self._audit.record_put(_proven(user_id, session_id, context))]
        )

    async def _notes(self, user_id: UserId) -> Sequence[Item]:
        page = await self._store.query(keys.partition(user_id), prefix=keys.IDENTITIES, limit=_MOST_READ)
        return page.items

    async def _session(self, user_id: UserId, session_id: SessionId) -> Session:
        """Return the session that went to the provider. Raises `SignInFailed` when it has ended meanwhile."""
        item = await self._store.get(keys.session_key(user_id, session_id))
        session = codec.session_from_item(item) if item else None
        if session is None or session.is_over(self._clock.now()):
            raise SignInFailed("your session has ended; log in again")
        return session

    def _letter(self, person: Person, kind: LetterKind, provider: str) -> Put:
        values = {"at": to_rfc3339(self._clock.now()), "provider": provider}
        return self._outbox.put(person.user.user_id, person.data_key, Letter(kind, person.profile.email, values))


def link_writes(identity: Identity, user_id: UserId) -> tuple[Put, Put]:
    """Return the link, and the person's own note of it, by which erasure finds it."""
    link = _link_key(identity)
    return (
        Put(link, {"user_id": user_id}, Absent()),
        Put(keys.identity_key(user_id, identity.provider), {"link": link.pk}, Absent()),
    )


def unlinking(note: Item) -> tuple[Delete, Delete]:
    """Return the writes that take away a person's note of an identity as it was read, and the link that it names."""
    return Delete(note.key, Version(note.version)), Delete(Key(str(note.body["link"]), _LINK))


def _link_key(identity: Identity) -> Key:
    digest = hashlib.sha256(f"{identity.provider}\0{identity.subject}".encode()).hexdigest()
    return Key(f"{keys.IDENTITIES}{digest}", _LINK)


def _change(name: str, user_id: UserId, session_id: SessionId, provider: str, context: RequestContext) -> AuditEvent:
    return trail.account_change(
        name, user_id=user_id, session_id=session_id, context=context, details={"provider": provider}
    )


def _proven(user_id: UserId, session_id: SessionId, context: RequestContext) -> AuditEvent:
    return trail.authentication(
        "step_up", user_id=user_id, session_id=session_id, context=context, details={"amr": " ".join(AMR)}
    )
