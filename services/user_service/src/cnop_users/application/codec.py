"""Stored forms of accounts, profiles and sessions. Fields may be added with a default, never renamed or reused."""

import base64
from collections.abc import Mapping
from datetime import date
from typing import Any

from cnop_core.clock import from_rfc3339, to_rfc3339
from cnop_core.ids import SessionId
from cnop_platform import strict_json
from cnop_platform.permissions import Role
from cnop_platform.store import Absent, Body, Item, Key, Put, Version
from cnop_users.application import keys
from cnop_users.domain.sessions import Delivery, Device, Session
from cnop_users.domain.users import Profile, Status, StoredPassword, User


def user_put(user: User) -> Put:
    """Return the write that stores an account: as a new one, or over exactly the version that was read."""
    body: Body = {
        "username": user.username,
        "status": user.status.value,
        "roles": sorted(role.value for role in user.roles),
        "password": _password_body(user.password) if user.password else None,
        "email_index": user.email_index,
        "email_verified": user.email_verified,
        "profile": user.sealed_profile,
        "factors": sorted(user.factors),
        "created_at": to_rfc3339(user.created_at),
        "updated_at": to_rfc3339(user.updated_at),
    }
    condition = Version(user.version) if user.version else Absent()
    return Put(keys.user_key(user.user_id), body, condition, index=Key(keys.ALL_USERS, user.user_id))


def user_from_item(item: Item) -> User:
    """Read an account from its stored item."""
    body: Mapping[str, Any] = item.body
    password: Mapping[str, str] | None = body["password"]
    return User(
        user_id=keys.owner_of(item.key),
        username=body["username"],
        status=Status(body["status"]),
        roles=frozenset(Role(role) for role in body["roles"]),
        password=_password_from_body(password) if password else None,
        email_index=body["email_index"],
        email_verified=body["email_verified"],
        sealed_profile=body["profile"],
        created_at=from_rfc3339(body["created_at"]),
        updated_at=from_rfc3339(body["updated_at"]),
        factors=frozenset(body.get("factors", ())),
        version=item.version,
    )


def _password_body(password: StoredPassword) -> Body:
    return {
        "scheme": "bcrypt-hmac-sha256",
        "digest": password.digest,
        "pepper_id": password.pepper_id,
        "changed_at": to_rfc3339(password.changed_at),
    }


def _password_from_body(body: Mapping[str, str]) -> StoredPassword:
    return StoredPassword(body["digest"], body["pepper_id"], from_rfc3339(body["changed_at"]))


def profile_text(profile: Profile) -> str:
    """Render a profile as the text that is then sealed."""
    born = profile.date_of_birth
    return strict_json.dumps(
        {
            "email": profile.email,
            "first_name": profile.first_name,
            "last_name": profile.last_name,
            "phone": profile.phone,
            "date_of_birth": born.isoformat() if born else None,
            "marketing_emails_consent": profile.marketing_emails_consent,
        }
    )


def profile_from_text(text: str) -> Profile:
    """Read a profile from its opened text."""
    values = strict_json.loads(text)
    born = values.pop("date_of_birth")
    return Profile(**values, date_of_birth=date.fromisoformat(born) if born else None)


def session_put(session: Session) -> Put:
    """Return the write that stores a session: as a new one, or over exactly the version that was read."""
    body: Body = {
        "delivery": session.delivery.value,
        "address": session.device.address,
        "user_agent": session.device.user_agent,
        "amr": list(session.amr),
        "auth_time": to_rfc3339(session.auth_time),
        "created_at": to_rfc3339(session.created_at),
        "last_used_at": to_rfc3339(session.last_used_at),
        "ends_at": to_rfc3339(session.ends_at),
        "idle_ends_at": to_rfc3339(session.idle_ends_at),
        "family_key": _text(session.family_key),
        "current": session.current,
        "previous": session.previous,
        "salt": _text(session.salt),
    }
    return Put(
        keys.session_key(session.user_id, session.session_id),
        body,
        Version(session.version) if session.version else Absent(),
        expires_at=int(min(session.ends_at, session.idle_ends_at).timestamp()),
    )


def session_from_item(item: Item) -> Session:
    """Read a session from its stored item."""
    body: Mapping[str, Any] = item.body
    return Session(
        user_id=keys.owner_of(item.key),
        session_id=SessionId(item.key.sk.removeprefix(keys.SESSIONS)),
        delivery=Delivery(body["delivery"]),
        device=Device(body["address"], body["user_agent"]),
        amr=tuple(body["amr"]),
        auth_time=from_rfc3339(body["auth_time"]),
        created_at=from_rfc3339(body["created_at"]),
        last_used_at=from_rfc3339(body["last_used_at"]),
        ends_at=from_rfc3339(body["ends_at"]),
        idle_ends_at=from_rfc3339(body["idle_ends_at"]),
        family_key=_bytes(body["family_key"]),
        current=body["current"],
        previous=body["previous"],
        salt=_bytes(body["salt"]),
        version=item.version,
    )


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
