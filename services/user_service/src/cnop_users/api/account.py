"""What people see and change of their own account: profile, sessions, security events."""

from typing import Annotated

from fastapi import Depends, Path, Query

from cnop_core.ids import SessionId
from cnop_platform.access import Principal, RateClass, requires
from cnop_platform.app import provided, service_router
from cnop_platform.permissions import Permission
from cnop_platform.request_context import RequestContext, request_context
from cnop_users.api.models import (
    EmptyBody,
    EventList,
    EventView,
    Message,
    ProfileBody,
    ProfileUpdated,
    ProfileView,
    SessionList,
    SessionsRevoked,
    SessionView,
    problems,
)
from cnop_users.application.accounts import Accounts, Person
from cnop_users.application.events import SecurityEvent, SecurityEvents
from cnop_users.application.profile import ProfileChange, Profiles
from cnop_users.application.sessions import Sessions
from cnop_users.domain.sessions import Session

router = service_router(tags=["account"])

Context = Annotated[RequestContext, Depends(request_context)]


@router.get("/auth/profile", operation_id="get_profile")
async def get_profile(
    principal: Annotated[Principal, requires(Permission.READ_PROFILE, rate=RateClass.READ)],
    accounts: Annotated[Accounts, provided(Accounts)],
) -> ProfileView:
    """Show the caller's profile."""
    return _profile(await accounts.open(principal.user_id))


@router.put(
    "/auth/profile",
    operation_id="update_profile",
    responses=problems({409: "The email address is taken, or others changed the profile at the same time"}),
)
async def update_profile(
    body: ProfileBody,
    principal: Annotated[Principal, requires(Permission.UPDATE_PROFILE, rate=RateClass.WRITE)],
    context: Context,
    profiles: Annotated[Profiles, provided(Profiles)],
) -> ProfileUpdated:
    """Change the caller's profile. A new email address needs a sign-in of the last five minutes."""
    change = ProfileChange(body.model_dump(exclude_unset=True))
    person = await profiles.update(principal, change, context=context)
    return ProfileUpdated(message="Profile updated successfully", user=_profile(person))


@router.get("/auth/sessions", operation_id="list_sessions")
async def list_sessions(
    principal: Annotated[Principal, requires(Permission.MANAGE_SESSIONS, rate=RateClass.READ)],
    sessions: Annotated[Sessions, provided(Sessions)],
) -> SessionList:
    """Show where the caller is signed in."""
    found = await sessions.active(principal.user_id)
    return SessionList(data=[_session(session, principal) for session in found])


@router.delete("/auth/sessions/{session_id}", operation_id="revoke_session")
async def revoke_session(
    session_id: Annotated[str, Path(pattern=r"^[A-Za-z0-9_]{10,50}$")],
    principal: Annotated[Principal, requires(Permission.MANAGE_SESSIONS, rate=RateClass.WRITE)],
    context: Context,
    sessions: Annotated[Sessions, provided(Sessions)],
) -> Message:
    """End one of the caller's sessions, at once and everywhere."""
    await sessions.end(principal.user_id, SessionId(session_id), context=context, reason="owner")
    return Message(message="Session ended")


@router.post("/auth/sessions/revoke-others", operation_id="revoke_other_sessions")
async def revoke_other_sessions(
    principal: Annotated[Principal, requires(Permission.MANAGE_SESSIONS, rate=RateClass.WRITE)],
    context: Context,
    sessions: Annotated[Sessions, provided(Sessions)],
    _body: EmptyBody | None = None,
) -> SessionsRevoked:
    """End all of the caller's sessions but the one that asks."""
    revoked = await sessions.end_others(principal.user_id, principal.session_id, context=context)
    return SessionsRevoked(message="Other sessions ended", revoked=revoked)


@router.get("/auth/events", operation_id="list_own_events")
async def list_own_events(
    principal: Annotated[Principal, requires(Permission.READ_EVENTS, rate=RateClass.READ)],
    events: Annotated[SecurityEvents, provided(SecurityEvents)],
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[str | None, Query(max_length=2048)] = None,
) -> EventList:
    """Show what happened to the caller's account, newest first."""
    page = await events.of(principal.user_id, limit=limit, cursor=cursor)
    return EventList(
        data=[_event(event) for event in page.events],
        has_more=page.next_cursor is not None,
        next_cursor=page.next_cursor,
    )


def _profile(person: Person) -> ProfileView:
    user, profile = person.user, person.profile
    return ProfileView(
        user_id=user.user_id,
        username=user.username,
        email=profile.email,
        first_name=profile.first_name,
        last_name=profile.last_name,
        phone=profile.phone,
        date_of_birth=profile.date_of_birth,
        marketing_emails_consent=profile.marketing_emails_consent,
        roles=sorted(role.value for role in user.roles),
        email_verified=user.email_verified,
        mfa=bool(user.factors),
        created_at=user.created_at,
        updated_at=user.updated_at,
    )


def _session(session: Session, principal: Principal) -> SessionView:
    return SessionView(
        session_id=session.session_id,
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        expires_at=min(session.ends_at, session.idle_ends_at),
        address=session.device.address,
        user_agent=session.device.user_agent,
        current=session.session_id == principal.session_id,
    )


def _event(event: SecurityEvent) -> EventView:
    return EventView(
        event_id=event.event_id,
        type=event.name,
        succeeded=event.succeeded,
        timestamp=event.at,
        address=event.address,
        session_id=event.session_id,
        details=dict(event.details),
    )
