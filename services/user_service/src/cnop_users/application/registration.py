"""Registration: one transaction claims the user name and the address and makes the account."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cnop_core.clock import Clock
from cnop_core.errors import FieldError, InvalidInput
from cnop_core.ids import Entropy, UserId, prefixed_id
from cnop_platform.audit import AuditTrail, Severity
from cnop_platform.directory import username_put
from cnop_platform.permissions import Role
from cnop_platform.request_context import RequestContext
from cnop_platform.store import Absent, Check, ConditionFailed, Put, Store, Write
from cnop_users.application import codec, keys, trail
from cnop_users.application.accounts import Accounts, Person, seal_profile
from cnop_users.application.ports import PasswordHasher, PasswordJudge
from cnop_users.application.verification import Verification
from cnop_users.domain import rules
from cnop_users.domain.errors import AlreadyTaken, WeakPassword
from cnop_users.domain.users import Profile, Status, StoredPassword, User

_CUSTOMER: Final = frozenset({Role.CUSTOMER})


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What somebody registers with; each field obeys its rule already."""

    username: str
    password: str
    profile: Profile


class Registration:
    """Makes accounts."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        hasher: PasswordHasher,
        judge: PasswordJudge,
        verification: Verification,
        audit: AuditTrail,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._hasher = hasher
        self._judge = judge
        self._verification = verification
        self._audit = audit
        self._clock = clock
        self._entropy = entropy

    async def register(
        self, account: NewAccount, *, context: RequestContext, roles: frozenset[Role] = _CUSTOMER
    ) -> User:
        """Return the account that was made. Its address is written to, unless it was several times lately.

        Raises `InvalidInput` and `WeakPassword` with the fields at fault, `AlreadyTaken`, `HashingBusy`.
        """
        self._require_age(account.profile)
        self._hasher.require_room()
        await require_strong(self._judge, account.password, username=account.username, profile=account.profile)
        await self._require_free(account, context)
        async with self._hasher.turn():
            password = await self._hasher.hash(account.password, now=self._clock.now())
        told = await self._verification.may_write(account.profile.email)
        return await self._commit(account.username, account.profile, password, roles=roles, told=told, context=context)

    async def register_without_password(
        self, username: str, profile: Profile, *, extra: Callable[[UserId], Sequence[Write]], context: RequestContext
    ) -> User:
        """Make an account for somebody whose address another party has verified; `extra` is written with it.

        Raises `AlreadyTaken`.
        """
        return await self._commit(username, profile, None, verified=True, extra=extra, context=context)

    async def _commit(
        self,
        username: str,
        profile: Profile,
        password: StoredPassword | None,
        *,
        context: RequestContext,
        roles: frozenset[Role] = _CUSTOMER,
        verified: bool = False,
        told: bool = False,
        extra: Callable[[UserId], Sequence[Write]] = lambda _user_id: (),
    ) -> User:
        now = self._clock.now()
        user_id = UserId(prefixed_id("usr", now=now, entropy=self._entropy))
        data_key, wrapped = await self._accounts.create_data_key(user_id)
        claims = self._accounts.email_claims(profile.email)
        user = User(
            user_id=user_id,
            username=username,
            status=Status.ACTIVE,
            roles=roles,
            password=password,
            email_index=claims[0],
            email_verified=verified,
            sealed_profile=seal_profile(data_key, profile),
            created_at=now,
            updated_at=now,
        )
        event = trail.account_change("account_registered", user_id=user_id, context=context)
        name_claim = username_put(username, user_id)
        writes = [
            codec.user_put(user),
            Put(keys.data_key_key(user_id), wrapped, Absent()),
            name_claim,
            *claim_email(claims, user_id),
            *(self._verification.writes(Person(user, profile, data_key)) if told else []),
            *extra(user_id),
            self._audit.record_put(event),
        ]
        try:
            await self._store.transact(writes)
        except ConditionFailed as error:
            raise self._taken("username" if error.concerns(name_claim.key) else "email", context) from None
        return replace(user, version=1)

    def _require_age(self, profile: Profile) -> None:
        check_age(profile, self._clock)

    async def _require_free(self, account: NewAccount, context: RequestContext) -> None:
        """Answer early when a name is taken; whether it really is free, the transaction decides."""
        if await self._accounts.find(account.username) is not None:
            raise self._taken("username", context)
        if await self._accounts.find(account.profile.email) is not None:
            raise self._taken("email", context)

    def _taken(self, what: str, context: RequestContext) -> AlreadyTaken:
        """Record which of the two it was for auditors, and tell the caller that it was one of them (ADR 1)."""
        event = trail.authentication(
            "registration_refused",
            user_id=None,
            context=context,
            succeeded=False,
            severity=Severity.LOW,
            details={"taken": what},
        )
        self._audit.emit(event)
        return AlreadyTaken("this user name or email address is taken; if it is yours, log in")


def check_age(profile: Profile, clock: Clock) -> None:
    """Raise `InvalidInput` when the date of birth makes nobody old enough, or anybody too old."""
    if profile.date_of_birth is None:
        return
    try:
        rules.date_of_birth(profile.date_of_birth, today=clock.now().date())
    except ValueError as error:
        found = (FieldError("date_of_birth", str(error)),)
        raise InvalidInput("the request is not valid; see errors", errors=found) from None


def claim_email(claims: tuple[str, ...], user_id: UserId) -> list[Write]:
    """Return the writes that claim an address under the current index key and make sure that no older key has it."""
    current, *older = claims
    return [
        Put(keys.email_key(current), {"user_id": user_id}, Absent()),
        *(Check(keys.email_key(claim), Absent()) for claim in older),
    ]


async def require_strong(
    judge: PasswordJudge, password: str, *, username: str, profile: Profile, field: str = "password"
) -> None:
    """Raise `WeakPassword` with every objection to a chosen password."""
    related = [username, *profile.email.split("@"), profile.email, profile.first_name or "", profile.last_name or ""]
    objections = await judge.objections(password, related=[word for word in related if word])
    if objections:
        found = tuple(FieldError(field, objection) for objection in objections)
        raise WeakPassword("the password is too easy to guess; see errors", errors=found)
