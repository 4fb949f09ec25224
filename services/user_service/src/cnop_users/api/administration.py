"""Staff's view of accounts, and the audit trail."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import AwareDatetime, Field, StrictBool
from starlette.responses import JSONResponse, Response

from cnop_core.ids import UserId
from cnop_platform.access import Principal, RateClass, requires
from cnop_platform.app import allows, provided, service_router
from cnop_platform.audit import AuditClass
from cnop_platform.permissions import Permission, Role
from cnop_platform.request_context import RequestContext, request_context
from cnop_users.api.models import EmptyBody, Incoming, Outgoing, SessionsRevoked, Timestamp, problems
from cnop_users.application.administration import Actor, Administration
from cnop_users.application.audit_log import AuditFilter, AuditLog
from cnop_users.domain.users import User

router = service_router(tags=["administration"])

Context = Annotated[RequestContext, Depends(request_context)]
Staff = Annotated[Administration, provided(Administration)]
Reader = Annotated[Principal, requires(Permission.READ_USERS, rate=RateClass.READ, owner=None)]
Manager = Annotated[Principal, requires(Permission.MANAGE_USERS, rate=RateClass.WRITE, owner=None)]
ProvenManager = Annotated[Principal, requires(Permission.MANAGE_USERS, rate=RateClass.WRITE, owner=None, step_up=True)]
Auditor = Annotated[Principal, requires(Permission.READ_AUDIT, rate=RateClass.READ, owner=None)]
UserIdPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9_]{10,50}$")]
Limit = Annotated[int, Query(ge=1, le=100)]
UsernameFilter = Annotated[
    str | None, Query(pattern=r"^[A-Za-z0-9_]{1,30}$", description="only the account of this name, in any case")
]
Instant = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))]
Cursor = Annotated[str | None, Query(max_length=2048)]
_RESET = problems(
    {
        409: "It is one's own password, the account is suspended, or nobody has proven its address",
        429: "Staff had several letters sent to this person lately",
    }
)
_OWN = problems({409: "Nobody changes their own rights, or others changed the account at the same time"})


class GrantableRole(StrEnum):
    """A role that an account can have."""

    CUSTOMER = "customer"
    SUPPORT = "support"
    AUDITOR = "auditor"
    ADMIN = "admin"


class EventClass(StrEnum):
    """The OCSF classes of audit records."""

    ACCOUNT_CHANGE = "account_change"
    AUTHENTICATION = "authentication"
    AUTHORIZE_SESSION = "authorize_session"
    ENTITY_MANAGEMENT = "entity_management"
    API_ACTIVITY = "api_activity"


class AuditChainView(Outgoing):
    """How the end of the audit chain stands. `head_mac` is worth noting elsewhere: it must stay part of the chain."""

    intact: bool
    checkpoints: int
    sealed_at: Timestamp | None
    head_mac: str
    examined_checkpoints: int
    examined_records: int
    faults: list[str]


class RolesBody(Incoming):
    """The roles to have from now on."""

    roles: Annotated[list[GrantableRole], Field(min_length=1, max_length=4)]


class BeginResetBody(Incoming):
    """What happens to the password and the sessions that are there."""

    lock: Annotated[
        StrictBool,
        Field(description="end both now, as after a suspected take-over, not when the person has chosen anew"),
    ] = False


class UserView(Outgoing):
    """An account without its personal part."""

    user_id: str
    username: str
    status: str
    roles: list[str]
    email_verified: bool
    mfa: bool
    created_at: Timestamp
    updated_at: Timestamp


class PersonView(UserView):
    """An account with what staff need to talk to its owner."""

    email: str
    first_name: str | None
    last_name: str | None
    phone: str | None


class UserList(Outgoing):
    """Accounts, the newest first."""

    data: list[UserView]
    has_more: bool
    next_cursor: str | None


class StaffSessionView(Outgoing):
    """One session of somebody."""

    session_id: str
    created_at: Timestamp
    last_used_at: Timestamp
    address: str
    user_agent: str


class StaffSessionList(Outgoing):
    """Where somebody is signed in."""

    data: list[StaffSessionView]


class AuditRecordList(Outgoing):
    """OCSF records, newest first."""

    data: list[dict[str, Any]]
    has_more: bool
    next_cursor: str | None


@router.get("/admin/users", operation_id="list_users")
async def list_users(
    _principal: Reader, staff: Staff, limit: Limit = 50, cursor: Cursor = None, username: UsernameFilter = None
) -> UserList:
    """List accounts, the newest first, without personal data."""
    page = await (staff.page(limit=limit, cursor=cursor) if username is None else staff.named(username))
    return UserList(
        data=[UserView(**_user(user)) for user in page.users],
        has_more=page.next_cursor is not None,
        next_cursor=page.next_cursor,
    )


@router.get("/admin/users/{user_id}", operation_id="get_user")
async def get_user(
    user_id: UserIdPath,
    principal: Reader,
    context: Context,
    staff: Staff,
    sees_phones: Annotated[bool, allows(Permission.READ_PHONES)],
) -> PersonView:
    """Show one account. That it was looked at is recorded."""
    person = await staff.get(UserId(user_id), actor=Actor(principal.user_id, context))
    profile = person.profile
    return PersonView(
        **_user(person.user),
        email=profile.email,
        first_name=profile.first_name,
        last_name=profile.last_name,
        phone=profile.phone if sees_phones else None,
    )


@router.put("/admin/users/{user_id}/roles", operation_id="set_user_roles", responses=_OWN)
async def set_user_roles(
    user_id: UserIdPath, body: RolesBody, principal: ProvenManager, context: Context, staff: Staff
) -> UserView:
    """Replace somebody's roles; their sessions end at once."""
    roles = frozenset(Role(role.value) for role in body.roles)
    user = await staff.set_roles(UserId(user_id), roles, actor=Actor(principal.user_id, context))
    return UserView(**_user(user))


@router.post("/admin/users/{user_id}/suspend", operation_id="suspend_user", responses=_OWN)
async def suspend_user(
    user_id: UserIdPath, principal: Manager, context: Context, staff: Staff, _body: EmptyBody | None = None
) -> UserView:
    """Keep somebody out; their sessions end at once."""
    return UserView(**_user(await staff.suspend(UserId(user_id), actor=Actor(principal.user_id, context))))


@router.post("/admin/users/{user_id}/reinstate", operation_id="reinstate_user", responses=_OWN)
async def reinstate_user(
    user_id: UserIdPath, principal: Manager, context: Context, staff: Staff, _body: EmptyBody | None = None
) -> UserView:
    """Let somebody in again."""
    return UserView(**_user(await staff.reinstate(UserId(user_id), actor=Actor(principal.user_id, context))))


@router.post("/admin/users/{user_id}/password-reset", operation_id="begin_password_reset", responses=_RESET)
async def begin_password_reset(
    user_id: UserIdPath, body: BeginResetBody, principal: ProvenManager, context: Context, staff: Staff
) -> UserView:
    """Send somebody a letter with which they choose a new password, which staff neither choose nor see."""
    actor = Actor(principal.user_id, context)
    return UserView(**_user(await staff.begin_reset(UserId(user_id), lock=body.lock, actor=actor)))


@router.get("/admin/users/{user_id}/sessions", operation_id="list_user_sessions")
async def list_user_sessions(
    user_id: UserIdPath, principal: Reader, context: Context, staff: Staff
) -> StaffSessionList:
    """Show where somebody is signed in. That it was looked at is recorded."""
    found = await staff.sessions_of(UserId(user_id), actor=Actor(principal.user_id, context))
    return StaffSessionList(
        data=[
            StaffSessionView(
                session_id=session.session_id,
                created_at=session.created_at,
                last_used_at=session.last_used_at,
                address=session.device.address,
                user_agent=session.device.user_agent,
            )
            for session in found
        ]
    )


@router.delete("/admin/users/{user_id}/sessions", operation_id="end_user_sessions")
async def end_user_sessions(user_id: UserIdPath, principal: Manager, context: Context, staff: Staff) -> SessionsRevoked:
    """Sign somebody out everywhere, at once."""
    ended = await staff.end_sessions(UserId(user_id), actor=Actor(principal.user_id, context))
    return SessionsRevoked(message="Sessions ended", revoked=ended)


@router.get("/audit/chain", operation_id="get_audit_chain")
async def get_audit_chain(_principal: Auditor, log: Annotated[AuditLog, provided(AuditLog)]) -> AuditChainView:
    """Verify the end of the chain that seals the audit trail; `cnop audit verify` examines all of it."""
    chain = await log.chain()
    return AuditChainView(
        intact=not chain.faults,
        checkpoints=chain.checkpoints,
        sealed_at=chain.sealed_at,
        head_mac=chain.head_mac,
        examined_checkpoints=chain.examined_checkpoints,
        examined_records=chain.examined_records,
        faults=list(chain.faults),
    )


@router.get("/audit/events", operation_id="list_audit_events", response_model=AuditRecordList)
async def list_audit_events(
    _principal: Auditor,
    log: Annotated[AuditLog, provided(AuditLog)],
    user: Annotated[str | None, Query(alias="actor", max_length=50, description="id of the account concerned")] = None,
    event_class: Annotated[EventClass | None, Query(alias="class")] = None,
    start: Instant | None = None,
    end: Instant | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Page through the audit trail, newest first; the last 30 days unless `start` says otherwise."""
    wanted = AuditFilter(user=user, class_uid=_class_uid(event_class), start=_utc(start), end=_utc(end))
    page = await log.page(wanted, limit=limit, cursor=cursor)
    return JSONResponse(
        {
            "data": list(page.records),
            "has_more": page.next_cursor is not None,
            "next_cursor": page.next_cursor,
        }
    )


def _user(user: User) -> dict[str, Any]:
    return {
        "user_id": user.user_id,
        "username": user.username,
        "status": user.status.value,
        "roles": sorted(role.value for role in user.roles),
        "email_verified": user.email_verified,
        "mfa": bool(user.factors),
        "created_at": user.created_at,
        "updated_at": user.updated_at,
    }


def _class_uid(event_class: EventClass | None) -> int | None:
    return AuditClass[event_class.name].value[0] if event_class else None


def _utc(instant: datetime | None) -> datetime | None:
    return instant.astimezone(UTC) if instant else None
