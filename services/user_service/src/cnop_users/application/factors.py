"""Second factors: an authenticator app, and recovery codes for when it is lost."""

from dataclasses import dataclass, replace
from typing import Final

from cnop_core.clock import Clock, to_rfc3339
from cnop_core.errors import Conflict, FieldError, InvalidInput, NotFound, Unauthenticated
from cnop_core.ids import Entropy, UserId
from cnop_platform.access import Principal
from cnop_platform.audit import AuditEvent, AuditTrail
from cnop_platform.request_context import RequestContext
from cnop_platform.store import Absent, Check, Delete, Item, Put, Store, Version, Write
from cnop_users.application import codec, keys, trail
from cnop_users.application.accounts import Accounts, Person
from cnop_users.application.attempts import Attempts
from cnop_users.application.conflicts import settle
from cnop_users.application.guesses import Guesses
from cnop_users.application.outbox import Outbox
from cnop_users.application.passkeys import AMR, Credential, Passkeys
from cnop_users.application.recovery_codes import RecoveryCodes
from cnop_users.domain import totp
from cnop_users.domain.mail import Letter, LetterKind
from cnop_users.domain.users import PASSKEY, User

TOTP: Final = "totp"
_PENDING_SECONDS: Final = 600


class MfaRequired(Unauthenticated):
    """The password was right; a second factor is due."""

    code = "AUTH_MFA_REQUIRED"


class WrongFactor(Unauthenticated):
    """The code is wrong, used already, or too old."""

    code = "AUTH_MFA_REQUIRED"


class WrongCode(InvalidInput):
    """The code does not show that the app was set up."""


class NotEnrolled(NotFound):
    """There is no such factor, or no enrolment was begun."""


class AlreadyEnrolled(Conflict):
    """There is such a factor already; remove it first."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs to know."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class OfferedFactor:
    """What somebody offers as their second factor."""

    otp: str | None = None
    recovery_code: str | None = None
    passkey: Credential | None = None


@dataclass(frozen=True, slots=True)
class FactorProof:
    """A second factor that was shown. `writes` use it up, and must be part of the transaction that it allows."""

    amr: tuple[str, ...] = ()
    writes: tuple[Write, ...] = ()


@dataclass(frozen=True, slots=True)
class FactorState:
    """Which factors somebody has, and whether a password."""

    password: bool
    totp: bool
    passkeys: bool
    recovery_codes_left: int


class SecondFactors:
    """Enrols, checks and removes second factors."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        attempts: Attempts,
        guesses: Guesses,
        outbox: Outbox,
        audit: AuditTrail,
        clock: Clock,
        entropy: Entropy,
        issuer: str,
        passkeys: Passkeys,
        codes: RecoveryCodes,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._attempts = attempts
        self._guesses = guesses
        self._outbox = outbox
        self._audit = audit
        self._clock = clock
        self._entropy = entropy
        self._issuer = issuer
        self._passkeys = passkeys
        self._recovery_codes = codes

    async def state(self, principal: Principal) -> FactorState:
        """Return which factors the caller has."""
        person = await self._accounts.open(principal.user_id)
        left = await self._recovery_codes.count(person)
        has_password = person.user.password is not None
        return FactorState(has_password, TOTP in person.user.factors, PASSKEY in person.user.factors, left)

    async def begin_totp(self, principal: Principal) -> Enrolment:
        """Return a new secret, good for ten minutes until it is confirmed. Raises `AlreadyEnrolled`."""
        person = await self._accounts.open(principal.user_id)
        _require_new(person.user)
        secret = self._entropy(totp.SECRET_BYTES)
        body = {"sealed": person.data_key.seal(TOTP, totp.secret_text(secret))}
        expires_at = int(self._clock.now().timestamp()) + _PENDING_SECONDS
        await self._store.transact([Put(keys.pending_totp_key(principal.user_id), body, expires_at=expires_at)])
        uri = totp.provisioning_uri(secret, issuer=self._issuer, account=person.user.username)
        return Enrolment(totp.secret_text(secret), uri)

    async def confirm_totp(self, principal: Principal, code: str, *, context: RequestContext) -> tuple[str, ...]:
        """Enrol the app that shows this code, and return recovery codes.

        Raises `NotEnrolled`, `WrongCode`, `AlreadyEnrolled`, and `RateLimited` after too many wrong ones in a session.
        """
        async with self._attempts.within_session(principal, hashes=False):
            try:
                return await settle(lambda: self._confirm_once(principal, code, context))
            except WrongCode:
                await self._guesses.within_session(principal, context=context, method="totp_enrolment")
                raise

    async def remove_totp(self, principal: Principal, *, context: RequestContext) -> None:
        """Remove the app, and the recovery codes when it was the last factor. Raises `NotEnrolled`."""
        await settle(lambda: self._remove_once(principal, context))

    async def renew_codes(self, principal: Principal, *, context: RequestContext) -> tuple[str, ...]:
        """Replace all recovery codes. Raises `NotEnrolled` for somebody without a factor."""
        return await settle(lambda: self._renew_once(principal, context))

    async def removing(self, user_id: UserId) -> list[Write]:
        """Return the writes that remove all that somebody enrolled, for a transaction that has a reason to."""
        return [
            Delete(keys.totp_key(user_id)),
            Delete(keys.pending_totp_key(user_id)),
            Delete(keys.recovery_codes_key(user_id)),
            *await self._passkeys.removing(user_id),
        ]

    async def prove(self, user: User, offered: OfferedFactor, *, context: RequestContext) -> FactorProof:
        """Return what to commit so that the offered factor counts; nothing for somebody who has enrolled none.

        Raises `MfaRequired` when nothing was offered, `WrongFactor` or `WrongPasskey` when it does not fit.
        """
        if not user.factors:
            return FactorProof()
        if offered.otp is not None:
            return await self._prove_totp(await self._accounts.open(user.user_id), offered.otp)
        if offered.recovery_code is not None:
            return await self._prove_code(await self._accounts.open(user.user_id), offered.recovery_code)
        if offered.passkey is not None:
            return FactorProof(AMR, await self._passkeys.prove(user, offered.passkey, context=context))
        raise MfaRequired("send the code of your authenticator app as otp, or a recovery_code")

    async def _confirm_once(self, principal: Principal, code: str, context: RequestContext) -> tuple[str, ...]:
        person = await self._accounts.open_within(principal.user_id, principal.session_id)
        now = self._clock.now()
        _require_new(person.user)
        pending = await self._store.get(keys.pending_totp_key(principal.user_id))
        if pending is None or (pending.expires_at or 0) <= now.timestamp():
            raise NotEnrolled("no enrolment was begun in the last ten minutes; begin one first")
        step = totp.matching_step(_secret(person, pending), code, now=now, used_up_to=-1)
        if step is None:
            found = (FieldError("code", "is not what the app shows now; check the clock of its device"),)
            raise WrongCode("the code is wrong; see errors", errors=found)
        new = self._recovery_codes.fresh(person)
        user = replace(person.user, factors=person.user.factors | {TOTP}, updated_at=now)
        stored = Put(keys.totp_key(user.user_id), {"sealed": pending.body["sealed"], "used_up_to": step}, Absent())
        await self._store.transact(
            [
                codec.user_put(user),
                stored,
                Delete(pending.key, Version(pending.version)),
                new.put,
                self._letter(person, LetterKind.FACTOR_ADDED, factor="authenticator app"),
                self._audit.record_put(self._event("factor_added", principal, context, factor=TOTP)),
            ]
        )
        return new.codes

    async def _renew_once(self, principal: Principal, context: RequestContext) -> tuple[str, ...]:
        person = await self._accounts.open_within(principal.user_id, principal.session_id)
        if not person.user.factors:
            raise NotEnrolled("recovery codes come with a second factor; enrol one first")
        new = self._recovery_codes.fresh(person)
        unchanged = Check(keys.user_key(principal.user_id), Version(person.user.version))
        event = self._event("recovery_codes_renewed", principal, context)
        told = self._letter(person, LetterKind.RECOVERY_CODES_RENEWED)
        await self._store.transact([unchanged, new.put, told, self._audit.record_put(event)])
        return new.codes

    async def _remove_once(self, principal: Principal, context: RequestContext) -> None:
        person = await self._accounts.open(principal.user_id)
        if TOTP not in person.user.factors:
            raise NotEnrolled("no authenticator app is enrolled")
        left = person.user.factors - {TOTP}
        user = replace(person.user, factors=left, updated_at=self._clock.now())
        codes: list[Write] = [] if left else [self._recovery_codes.void(person)]
        await self._store.transact(
            [
                codec.user_put(user),
                Delete(keys.totp_key(user.user_id)),
                *codes,
                self._letter(person, LetterKind.FACTOR_REMOVED, factor="authenticator app"),
                self._audit.record_put(self._event("factor_removed", principal, context, factor=TOTP)),
            ]
        )

    async def _prove_totp(self, person: Person, code: str) -> FactorProof:
        item = await self._store.get(keys.totp_key(person.user.user_id))
        if item is None:
            raise _wrong()
        used_up_to = int(str(item.body["used_up_to"]))
        step = totp.matching_step(_secret(person, item), code, now=self._clock.now(), used_up_to=used_up_to)
        if step is None:
            raise _wrong()
        used = Put(item.key, {**item.body, "used_up_to": step}, Version(item.version))
        return FactorProof(("otp", "mfa"), (used,))

    async def _prove_code(self, person: Person, code: str) -> FactorProof:
        used = await self._recovery_codes.use(person, code)
        if used is None:
            raise _wrong()
        told = self._letter(person, LetterKind.RECOVERY_CODE_USED, left=str(used.left))
        return FactorProof(("recovery_code", "mfa"), (used.spend, told))

    def _letter(self, person: Person, kind: LetterKind, **values: str) -> Put:
        values["at"] = to_rfc3339(self._clock.now())
        return self._outbox.put(person.user.user_id, person.data_key, Letter(kind, person.profile.email, values))

    def _event(self, name: str, principal: Principal, context: RequestContext, **details: str) -> AuditEvent:
        return trail.account_change(
            name, user_id=principal.user_id, session_id=principal.session_id, context=context, details=details
        )


def _require_new(user: User) -> None:
    if TOTP in user.factors:
        raise AlreadyEnrolled("an authenticator app is enrolled already; remove it first")


def _secret(person: Person, item: Item) -> bytes:
    return totp.secret_from_text(person.data_key.open(TOTP, str(item.body["sealed"])))


def _wrong() -> WrongFactor:
    return WrongFactor("the code is wrong or was used already; wait for the next one")
