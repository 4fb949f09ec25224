"""Passkeys (WebAuthn): enrolled by their owner, good for signing in without a password and as a second factor."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from cnop_core.clock import Clock, to_rfc3339
from cnop_core.errors import Conflict, InvalidInput, NotFound, Unauthenticated
from cnop_core.ids import Entropy, UserId
from cnop_platform.access import Principal
from cnop_platform.audit import AuditEvent, AuditTrail, Severity
from cnop_platform.request_context import RequestContext
from cnop_platform.store import Absent, ConditionFailed, Delete, Item, Key, Put, Store, Version, Write
from cnop_users.application import codec, keys, trail
from cnop_users.application.accounts import Accounts, Person, UnknownUser
from cnop_users.application.conflicts import settle
from cnop_users.application.identities import Identities
from cnop_users.application.outbox import Outbox
from cnop_users.application.passkey_records import Passkey, open_key, passkey_from_item, passkey_put, seal_key
from cnop_users.application.ports import CannotOpen
from cnop_users.application.recovery_codes import RecoveryCodes
from cnop_users.domain.challenges import LIFETIME_SECONDS, Challenges
from cnop_users.domain.errors import LastWayIn
from cnop_users.domain.mail import Letter, LetterKind
from cnop_users.domain.users import PASSKEY, User

AMR: Final = ("pop", "user", "mfa")
"""RFC 8176: possession of a key was proven, its holder was verified."""
MOST_PASSKEYS: Final = 10
LONGEST_ID: Final = 700
"""In characters. WebAuthn allows 1,023 bytes, but an id is a part of a key of the store, which takes 1,024 in all."""

Credential = Mapping[str, Any]
"""A `PublicKeyCredential` in its JSON form (WebAuthn level 3, section 5.1)."""


class InvalidPasskey(InvalidInput):
    """What the authenticator sent cannot be enrolled."""


class WrongPasskey(Unauthenticated):
    """What the authenticator sent proves nothing."""

    code = "AUTH_001"


class UnknownPasskey(NotFound):
    """The caller has no passkey of this id."""


class TooManyPasskeys(Conflict):
    """The caller has as many passkeys as anybody may have."""


@dataclass(frozen=True, slots=True)
class EnrolledPasskey:
    """A new passkey and, for somebody who had none left, recovery codes to show this once."""

    passkey: Passkey
    recovery_codes: tuple[str, ...] | None


class Ceremonies(Protocol):
    """The two ceremonies of WebAuthn, for this site."""

    def creation_options(self, *, user_id: UserId, username: str, challenge: bytes, known: Sequence[str]) -> Credential:
        """Return what a browser needs to make a passkey that is not one of the known."""
        ...

    def request_options(self, *, challenge: bytes, allowed: Sequence[str]) -> Credential:
        """Return what a browser needs to use one of the allowed passkeys, or any of this site when none is named."""
        ...

    def challenge_of(self, credential: Credential) -> bytes:
        """Return the challenge that a credential answers. Raises `ValueError`."""
        ...

    def owner_of(self, credential: Credential) -> UserId | None:
        """Return whom a credential says it belongs to, if it does."""
        ...

    def verify_creation(self, credential: Credential, *, challenge: bytes) -> tuple[str, str, int]:
        """Return id, public key and sign count of a new passkey. Raises `ValueError`."""
        ...

    def verify_request(self, credential: Credential, *, challenge: bytes, public_key: str, sign_count: int) -> int:
        """Return the new sign count of a used passkey. Raises `ValueError`."""
        ...


class Passkeys:
    """Enrols, lists, checks and removes passkeys."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        identities: Identities,
        ceremonies: Ceremonies,
        challenges: Challenges,
        codes: RecoveryCodes,
        outbox: Outbox,
        audit: AuditTrail,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._identities = identities
        self._ceremonies = ceremonies
        self._challenges = challenges
        self._recovery_codes = codes
        self._outbox = outbox
        self._audit = audit
        self._clock = clock
        self._entropy = entropy

    async def of(self, user_id: UserId) -> Sequence[Passkey]:
        """Return somebody's passkeys, the oldest first."""
        page = await self._store.query(keys.partition(user_id), prefix=keys.PASSKEYS, limit=100)
        return sorted(map(passkey_from_item, page.items), key=lambda passkey: passkey.created_at)

    async def removing(self, user_id: UserId) -> list[Write]:
        """Return the writes that forget all of somebody's passkeys, for a transaction that has a reason to."""
        return [Delete(keys.passkey_key(user_id, passkey.passkey_id)) for passkey in await self.of(user_id)]

    async def begin_enrolment(self, principal: Principal) -> Credential:
        """Return creation options. Raises `TooManyPasskeys`."""
        known = await self._known(principal.user_id)
        challenge = self._challenge(_enrolment_of(principal.user_id))
        return self._ceremonies.creation_options(
            user_id=principal.user_id, username=principal.username, challenge=challenge, known=known
        )

    async def enrol(
        self, principal: Principal, credential: Credential, *, name: str, context: RequestContext
    ) -> EnrolledPasskey:
        """Keep a new passkey, with recovery codes where there are none. Raises `InvalidPasskey`, `TooManyPasskeys`."""
        return await settle(lambda: self._enrol_once(principal, credential, name, context))

    async def remove(self, principal: Principal, passkey_id: str, *, context: RequestContext) -> None:
        """Forget a passkey, unless no way to sign in would be left. Raises `UnknownPasskey`, `LastWayIn`."""
        await settle(lambda: self._remove_once(principal, passkey_id, context))

    async def begin_use(self, user_id: UserId | None) -> Credential:
        """Return request options: for one person's passkeys, or for whichever the browser has for this site."""
        allowed = [passkey.passkey_id for passkey in await self.of(user_id)] if user_id else []
        return self._ceremonies.request_options(challenge=self._challenge(_use_of(user_id)), allowed=allowed)

    async def owner_of(self, credential: Credential) -> User:
        """Return whose passkey signed. Nothing is proven by that yet. Raises `WrongPasskey`."""
        user_id = self._ceremonies.owner_of(credential)
        item = await self._store.get(keys.user_key(user_id)) if user_id else None
        if item is None:
            raise _wrong()
        return codec.user_from_item(item)

    async def prove(self, user: User, credential: Credential, *, context: RequestContext) -> tuple[Write, ...]:
        """Return the writes that use an answer up, to be committed with what it allows. Raises `WrongPasskey`."""
        passkey = await self._find(user.user_id, credential)
        purposes = [_use_of(user.user_id), _use_of(None)]
        try:
            challenge = self._answered(credential, purposes)
            public_key = await self._public_key(user.user_id, passkey, context)
            sign_count = self._ceremonies.verify_request(
                credential, challenge=challenge, public_key=public_key, sign_count=passkey.sign_count
            )
        except ValueError:
            raise _wrong() from None
        used = replace(passkey, public_key=public_key, sign_count=sign_count, last_used_at=self._clock.now())
        return passkey_put(user.user_id, used), self._spent(challenge)

    async def adopt(self, item: Item, *, context: RequestContext, actor: str) -> bool:
        """Seal the key of a passkey of before keys were sealed, as it stands; tell whether that was done.

        It is not for one that is sealed, changed meanwhile, or is left of somebody erased.
        """
        passkey, user_id = passkey_from_item(item), keys.owner_of(item.key)
        if passkey.sealed_key is not None:
            return False
        event = trail.account_change("passkey_sealed", user_id=user_id, actor=actor, context=context)
        try:
            sealed = seal_key(await self._accounts.data_key(user_id), passkey.passkey_id, passkey.public_key)
            adopted = passkey_put(user_id, replace(passkey, sealed_key=sealed))
            await self._store.transact([adopted, self._audit.record_put(event)])
        except (UnknownUser, ConditionFailed):
            return False
        return True

    async def _enrol_once(
        self, principal: Principal, credential: Credential, name: str, context: RequestContext
    ) -> EnrolledPasskey:
        person = await self._accounts.open_within(principal.user_id, principal.session_id)
        now = self._clock.now()
        await self._known(principal.user_id)
        try:
            challenge = self._answered(credential, [_enrolment_of(principal.user_id)])
            passkey_id, public_key, count = self._ceremonies.verify_creation(credential, challenge=challenge)
        except ValueError:
            raise InvalidPasskey("the passkey could not be verified; begin again") from None
        if len(passkey_id) > LONGEST_ID:
            raise InvalidPasskey(f"the passkey's id has more than {LONGEST_ID} characters; use another authenticator")
        sealed = seal_key(person.data_key, passkey_id, public_key)
        passkey = Passkey(passkey_id, public_key, sealed, count, name, now)
        user = replace(person.user, factors=person.user.factors | {PASSKEY}, updated_at=now)
        new_codes = await self._recovery_codes.first(person)
        event = self._event("factor_added", principal, context)
        await self._store.transact(
            [
                codec.user_put(user),
                passkey_put(user.user_id, passkey),
                *([new_codes.put] if new_codes else []),
                self._spent(challenge),
                self._letter(person, LetterKind.FACTOR_ADDED),
                self._audit.record_put(event),
            ]
        )
        return EnrolledPasskey(passkey, new_codes.codes if new_codes else None)

    async def _remove_once(self, principal: Principal, passkey_id: str, context: RequestContext) -> None:
        person = await self._accounts.open(principal.user_id)
        held = await self.of(principal.user_id)
        found = next((passkey for passkey in held if passkey.passkey_id == passkey_id), None)
        if found is None:
            raise UnknownPasskey("you have no passkey of this id")
        left = person.user.factors if len(held) > 1 else person.user.factors - {PASSKEY}
        user = replace(person.user, factors=left, updated_at=self._clock.now())
        if not user.can_sign_in(identities=len(await self._identities.of(user.user_id))):
            raise LastWayIn("this is your only way to log in; set a password or add another passkey first")
        codes: list[Write] = [] if left else [self._recovery_codes.void(person)]
        event = self._event("factor_removed", principal, context)
        await self._store.transact(
            [
                codec.user_put(user),
                Delete(keys.passkey_key(user.user_id, passkey_id), Version(found.version)),
                *codes,
                self._letter(person, LetterKind.FACTOR_REMOVED),
                self._audit.record_put(event),
            ]
        )

    async def _known(self, user_id: UserId) -> list[str]:
        known = [passkey.passkey_id for passkey in await self.of(user_id)]
        if len(known) >= MOST_PASSKEYS:
            raise TooManyPasskeys(f"you have {MOST_PASSKEYS} passkeys already; remove one first")
        return known

    async def _find(self, user_id: UserId, credential: Credential) -> Passkey:
        passkey_id = credential.get("id")
        item = None
        if isinstance(passkey_id, str) and 0 < len(passkey_id) <= LONGEST_ID:
            item = await self._store.get(keys.passkey_key(user_id, passkey_id))
        if item is None:
            raise _wrong()
        return passkey_from_item(item)

    async def _public_key(self, user_id: UserId, passkey: Passkey, context: RequestContext) -> str:
        """Return the key as it was enrolled. Raises `WrongPasskey` when it was written otherwise; that is recorded."""
        try:
            return open_key(await self._accounts.data_key(user_id), passkey)
        except UnknownUser:
            raise _wrong() from None
        except CannotOpen:
            event = trail.authentication(
                "passkey_refused",
                user_id=user_id,
                context=context,
                succeeded=False,
                severity=Severity.HIGH,
                details={"reason": "unsealed" if passkey.sealed_key is None else "changed"},
            )
            self._audit.emit(event)
            raise _wrong() from None

    def _challenge(self, purpose: str) -> bytes:
        return self._challenges.make(purpose, now=self._clock.now(), entropy=self._entropy)

    def _answered(self, credential: Credential, purposes: Sequence[str]) -> bytes:
        """Return the challenge that was answered. Raises `ValueError` for one that we did not make, or not for this."""
        challenge, now = self._ceremonies.challenge_of(credential), self._clock.now()
        if not any(self._challenges.is_good(challenge, purpose, now=now) for purpose in purposes):
            raise ValueError("the challenge is not ours, not for this, or too old")
        return challenge

    def _spent(self, challenge: bytes) -> Put:
        """Return the write that fails when this challenge was answered before."""
        digest = hashlib.sha256(challenge).hexdigest()
        ends = int(self._clock.now().timestamp()) + LIFETIME_SECONDS
        return Put(Key(f"CHALLENGE#{digest}", "ANSWERED"), {}, Absent(), expires_at=ends)

    def _letter(self, person: Person, kind: LetterKind) -> Put:
        values = {"at": to_rfc3339(self._clock.now()), "factor": PASSKEY}
        return self._outbox.put(person.user.user_id, person.data_key, Letter(kind, person.profile.email, values))

    def _event(self, name: str, principal: Principal, context: RequestContext) -> AuditEvent:
        return trail.account_change(
            name,
            user_id=principal.user_id,
            session_id=principal.session_id,
            context=context,
            details={"factor": PASSKEY},
        )


def _enrolment_of(user_id: UserId) -> str:
    return f"enrol {user_id}"


def _use_of(user_id: UserId | None) -> str:
    return f"use {user_id or 'any'}"


def _wrong() -> WrongPasskey:
    return WrongPasskey("the passkey does not fit; begin again")
