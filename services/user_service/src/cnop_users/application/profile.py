"""The profile: shown to its owner, changed by its owner."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from cnop_core.clock import Clock, to_rfc3339
from cnop_core.errors import FieldError
from cnop_platform.access import Principal, StepUpNeeded
from cnop_platform.audit import AuditTrail
from cnop_platform.gatekeeper import proven_lately
from cnop_platform.request_context import RequestContext
from cnop_platform.store import ConditionFailed, Delete, Store, Write
from cnop_users.application import codec, keys, trail
from cnop_users.application.accounts import Accounts, Person
from cnop_users.application.conflicts import settle
from cnop_users.application.limits import LoginLimits
from cnop_users.application.outbox import Outbox
from cnop_users.application.registration import check_age, claim_email
from cnop_users.application.verification import Verification
from cnop_users.domain import rules
from cnop_users.domain.errors import AlreadyTaken
from cnop_users.domain.mail import Letter, LetterKind

_FIELDS: Final = frozenset({"email", "first_name", "last_name", "phone", "date_of_birth", "marketing_emails_consent"})


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """The fields to change, with their new values; each obeys its rule already."""

    values: Mapping[str, Any]

    def __post_init__(self) -> None:
        unknown = self.values.keys() - _FIELDS
        if unknown:
            raise ValueError(f"a profile has no {', '.join(sorted(unknown))}")


class Profiles:
    """Shows and changes profiles."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        verification: Verification,
        limits: LoginLimits,
        outbox: Outbox,
        audit: AuditTrail,
        clock: Clock,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._verification = verification
        self._limits = limits
        self._outbox = outbox
        self._audit = audit
        self._clock = clock

    async def update(self, principal: Principal, change: ProfileChange, *, context: RequestContext) -> Person:
        """Return the person as changed.

        Raises `InvalidInput`, `AlreadyTaken`, `StepUpNeeded` when the address changes long after the sign-in, and
        `RateLimited` when it changes more often than letters are sent.
        """
        if "email" in change.values:
            await self._require_letter(principal, str(change.values["email"]))
        return await settle(lambda: self._update_once(principal, change, context))

    async def _update_once(self, principal: Principal, change: ProfileChange, context: RequestContext) -> Person:
        person = await self._accounts.open_within(principal.user_id, principal.session_id)
        profile = replace(person.profile, **change.values)
        check_age(profile, self._clock)
        changed = sorted(name for name in change.values if getattr(profile, name) != getattr(person.profile, name))
        if not changed:
            return person
        user = replace(person.with_profile(profile), updated_at=self._clock.now())
        moved: list[Write] = []
        if _is_another(profile.email, person.profile.email):
            self._require_recent_login(principal, person)
            claims = self._accounts.email_claims(profile.email)
            moved = [Delete(keys.email_key(user.email_index)), *claim_email(claims, user.user_id)]
            user = replace(user, email_index=claims[0], email_verified=False)
        changed_person = Person(user, profile, person.data_key)
        letters = self._letters(person, changed_person) if moved else []
        event = trail.account_change(
            "profile_changed",
            user_id=user.user_id,
            session_id=principal.session_id,
            context=context,
            details={"fields": " ".join(changed)},
        )
        await self._commit([codec.user_put(user), *moved, *letters, self._audit.record_put(event)], moved)
        return replace(changed_person, user=replace(user, version=user.version + 1))

    async def _require_letter(self, principal: Principal, email: str) -> None:
        """Count the letter to a new address, once, however often the change is tried."""
        person = await self._accounts.open(principal.user_id)
        if _is_another(email, person.profile.email):
            self._require_recent_login(principal, person)
            await self._limits.require_letter(principal.user_id, rules.canonical_email(email))

    def _letters(self, before: Person, after: Person) -> list[Write]:
        """Tell the old address, and ask the new one to prove itself."""
        letter = Letter(LetterKind.EMAIL_CHANGED, before.profile.email, {"at": to_rfc3339(self._clock.now())})
        told = self._outbox.put(before.user.user_id, before.data_key, letter)
        return [told, *self._verification.writes(after)]

    async def _commit(self, writes: list[Write], moved: list[Write]) -> None:
        try:
            await self._store.transact(writes)
        except ConditionFailed as error:
            if any(error.concerns(write.key) for write in moved):
                found = (FieldError("email", "is taken"),)
                raise AlreadyTaken("this email address is taken", errors=found) from None
            raise

    def _require_recent_login(self, principal: Principal, person: Person) -> None:
        if not proven_lately(principal, has_factors=bool(person.user.factors), now=self._clock.now()):
            raise StepUpNeeded("confirm that it is you, then try again")


def _is_another(email: str, present: str) -> bool:
    return rules.canonical_email(email) != rules.canonical_email(present)
