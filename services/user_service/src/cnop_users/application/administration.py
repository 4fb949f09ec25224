"""What staff do with other people's accounts. Each change is recorded and ends the person's sessions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from cnop_core.clock import Clock
from cnop_core.errors import Conflict, FieldError, Forbidden, InvalidInput
from cnop_core.ids import UserId
from cnop_platform.audit import AuditEvent, AuditTrail, Severity
from cnop_platform.permissions import Role
from cnop_platform.request_context import RequestContext
from cnop_platform.store import Check, Store, Version, Write
from cnop_users.application import codec, keys
from cnop_users.application.accounts import Accounts, Person, UnknownUser
from cnop_users.application.conflicts import settle
from cnop_users.application.limits import LoginLimits
from cnop_users.application.recovery import Recovery
from cnop_users.application.sessions import Sessions
from cnop_users.domain.mail import LetterKind
from cnop_users.domain.sessions import Session
from cnop_users.domain.users import Status, User

_ENDED_IN_ONE: Final = 45


Change: TypeAlias = Callable[[User], User]


OPERATOR: Final = "operator"
"""Who acts from the command line: no account, and so none that could lose its rights meanwhile."""


class OwnAccount(Conflict):
    """Nobody changes their own rights, so that an administrator always remains."""


class NotResettable(Conflict):
    """A letter would not help the person, or whoever reads it may be somebody else."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and through which request."""

    user_id: str
    context: RequestContext


@dataclass(frozen=True, slots=True)
class UserPage:
    """Accounts, the newest first."""

    users: tuple[User, ...]
    next_cursor: str | None


class Administration:
    """Reads and changes accounts on behalf of staff."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        sessions: Sessions,
        recovery: Recovery,
        limits: LoginLimits,
        audit: AuditTrail,
        clock: Clock,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._sessions = sessions
        self._recovery = recovery
        self._limits = limits
        self._audit = audit
        self._clock = clock

    async def page(self, *, limit: int, cursor: str | None) -> UserPage:
        """Return a page of accounts without their personal part. Raises `InvalidCursor`."""
        page = await self._store.query_index(keys.ALL_USERS, forward=False, limit=limit, cursor=cursor)
        return UserPage(tuple(map(codec.user_from_item, page.items)), page.cursor)

    async def named(self, username: str) -> UserPage:
        """Return the account of that user name in any case, if there is one, without its personal part."""
        user = await self._accounts.find(username)
        return UserPage((user,) if user else (), None)

    async def get(self, user_id: UserId, *, actor: Actor) -> Person:
        """Return an account with its personal part; that somebody looked is recorded. Raises `UnknownUser`."""
        person = await self._accounts.open(user_id)
        self._audit.emit(_event("person_read", user_id, actor))
        return person

    async def set_roles(self, user_id: UserId, roles: frozenset[Role], *, actor: Actor) -> User:
        """Replace somebody's roles. Raises `UnknownUser`, `OwnAccount`, `InvalidInput`."""
        if not roles or Role.PUBLIC in roles:
            found = (FieldError("roles", "expected one or more of customer, support, auditor, admin"),)
            raise InvalidInput("the roles are not valid; see errors", errors=found)

        def change(user: User) -> User:
            return replace(user, roles=roles)

        return await self._change(user_id, change, "roles_changed", actor)

    async def suspend(self, user_id: UserId, *, actor: Actor) -> User:
        """Keep somebody out until they are reinstated. Raises `UnknownUser`, `OwnAccount`."""
        return await self._change(
            user_id, lambda user: replace(user, status=Status.SUSPENDED), "account_suspended", actor
        )

    async def reinstate(self, user_id: UserId, *, actor: Actor) -> User:
        """Let somebody in again. Raises `UnknownUser`, `OwnAccount`."""
        return await self._change(
            user_id, lambda user: replace(user, status=Status.ACTIVE), "account_reinstated", actor
        )

    async def begin_reset(self, user_id: UserId, *, lock: bool, actor: Actor) -> User:
        """Send somebody a letter with which they choose a new password; nobody else learns its token.

        With `lock` the present password and all sessions end now, and not when the new one is chosen.
        Raises `UnknownUser`, `OwnAccount`, `NotResettable`, `RateLimited`.
        """
        if user_id == actor.user_id:
            raise OwnAccount("nobody begins a reset of their own password here; use the page's settings")
        _require_resettable(await self._accounts.get(user_id))
        await self._limits.require_letter_by_staff(user_id)
        user = await settle(lambda: self._begin_reset_once(user_id, lock, actor))
        if lock:
            # A sign-in may have committed just before.
            await self._sessions.end_all(
                user_id, context=actor.context, reason="password_reset_begun", actor=actor.user_id
            )
        return user

    async def sessions_of(self, user_id: UserId, *, actor: Actor) -> Sequence[Session]:
        """Return where somebody is signed in; that somebody looked is recorded. Raises `UnknownUser`."""
        await self._accounts.get(user_id)
        self._audit.emit(_event("records_read", user_id, actor, records="sessions"))
        return await self._sessions.active(user_id)

    async def end_sessions(self, user_id: UserId, *, actor: Actor) -> int:
        """Sign somebody out everywhere; return how many sessions there were. Raises `UnknownUser`."""
        await self._accounts.get(user_id)
        return await self._sessions.end_all(user_id, context=actor.context, reason="staff", actor=actor.user_id)

    async def _change(self, user_id: UserId, change: Change, activity: str, actor: Actor) -> User:
        if user_id == actor.user_id:
            raise OwnAccount("nobody changes their own rights; ask another administrator")
        before, after = await settle(lambda: self._change_once(user_id, change, activity, actor))
        if after != before:
            # A sign-in may have committed just before the change; it ends now.
            await self._sessions.end_all(user_id, context=actor.context, reason=activity, actor=actor.user_id)
        return after

    async def _change_once(self, user_id: UserId, change: Change, activity: str, actor: Actor) -> tuple[User, User]:
        user = await self._accounts.get(user_id)
        if user.status is Status.ERASED:
            raise UnknownUser("there is no such account")
        changed = change(user)
        if changed == user:
            return user, user
        changed = replace(changed, updated_at=self._clock.now())
        authority = await self._authority(actor)
        event = _event(activity, user_id, actor, **_roles_of(user, changed))
        held = (await self._sessions.active(user_id))[:_ENDED_IN_ONE]
        await self._store.transact(
            [
                *authority,
                codec.user_put(changed),
                *self._sessions.ending(held, unconditional=True),
                self._audit.record_put(event),
            ]
        )
        await self._sessions.announce(held)
        return user, replace(changed, version=changed.version + 1)

    async def _begin_reset_once(self, user_id: UserId, lock: bool, actor: Actor) -> User:
        person = await self._accounts.open(user_id)
        _require_resettable(person.user)
        writes: list[Write] = [*await self._authority(actor)]
        user, held, kind = person.user, [], LetterKind.RESET_BY_STAFF
        if lock:
            user, kind = person.user.without_password(at=self._clock.now()), LetterKind.LOCKED_BY_STAFF
            held = (await self._sessions.active(user_id))[:_ENDED_IN_ONE]
            writes += [codec.user_put(user), *self._sessions.ending(held, unconditional=True)]
        event = _event("password_reset_begun", user_id, actor, locked=lock)
        await self._store.transact([*writes, *self._recovery.invitation(person, kind), self._audit.record_put(event)])
        await self._sessions.announce(held)
        return user

    async def _authority(self, actor: Actor) -> list[Check]:
        """Return the condition that whoever acts is an administrator until the change commits. Raises `Forbidden`.

        Of two administrators who take each other's role at once one succeeds, so that one remains.
        """
        if actor.user_id == OPERATOR:
            return []
        acting = await self._accounts.get(UserId(actor.user_id))
        if Role.ADMIN not in acting.roles or not acting.is_active:
            raise Forbidden("your roles do not allow this")
        return [Check(keys.user_key(acting.user_id), Version(acting.version))]


def _require_resettable(user: User) -> None:
    """Raise `UnknownUser`, or `NotResettable` with what to do instead."""
    if user.status is Status.ERASED:
        raise UnknownUser("there is no such account")
    if not user.is_active:
        raise NotResettable("the account is suspended; reinstate it first, its owner could not follow the letter")
    if not user.email_verified:
        # Whoever follows the first letter to an address takes the account over (ADR 21); staff vouch for no mailbox
        # that may be a stranger's. Who asks for the letter on the page gets it.
        raise NotResettable("nobody has proven this address yet; its owner can ask for a letter on the login page")


def _roles_of(before: User, after: User) -> dict[str, str]:
    """Return what a record says of changed roles: those of before and those of now."""
    if before.roles == after.roles:
        return {}
    return {"roles_before": " ".join(sorted(before.roles)), "roles": " ".join(sorted(after.roles))}


def _event(activity: str, user_id: UserId, actor: Actor, **details: str | bool) -> AuditEvent:
    return AuditEvent(
        activity=activity,
        succeeded=True,
        actor=actor.user_id,
        subject=user_id,
        severity=Severity.MEDIUM,
        context=actor.context,
        details=details,
    )
