"""A session: one sign-in on one device, kept alive by rotating its refresh token."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, StrEnum

from cnop_core.ids import Entropy, SessionId, UserId
from cnop_users.domain import refresh_tokens

_KEY_BYTES = 32


class Delivery(StrEnum):
    """How the refresh token travels: in JSON bodies, or in a cookie that scripts cannot read."""

    BODY = "body"
    COOKIE = "cookie"


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long things last, in seconds."""

    access_seconds: int = 900
    idle_seconds: int = 7 * 86_400
    absolute_seconds: int = 30 * 86_400
    grace_seconds: int = 10
    """For how long after a rotation the old token still gets the same successor."""


@dataclass(frozen=True, slots=True)
class Device:
    """Where a session is used from."""

    address: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class Session:
    """A session as stored. `current` and `previous` are fingerprints; `salt` led from the previous to the current."""

    user_id: UserId
    session_id: SessionId
    delivery: Delivery
    device: Device
    amr: tuple[str, ...]
    auth_time: datetime
    created_at: datetime
    last_used_at: datetime
    ends_at: datetime
    idle_ends_at: datetime
    family_key: bytes
    current: str
    previous: str | None = None
    salt: bytes = b""
    version: int = 0

    def is_over(self, now: datetime) -> bool:
        """Whether it outlived its idle or its absolute time."""
        return now >= min(self.ends_at, self.idle_ends_at)


class Presented(Enum):
    """What a presented secret is to a session."""

    CURRENT = "current"
    JUST_ROTATED = "just rotated"
    """The predecessor, within the grace period: a concurrent or repeated refresh."""
    SPENT = "spent"
    """Issued once and used since: either the client or a thief is behind, and both hold a token of the family."""
    FOREIGN = "foreign"


def begin(
    *,
    user_id: UserId,
    session_id: SessionId,
    delivery: Delivery,
    device: Device,
    amr: tuple[str, ...],
    auth_time: datetime,
    now: datetime,
    lifetimes: Lifetimes,
    entropy: Entropy,
    good_until: datetime | None = None,
) -> tuple[Session, bytes]:
    """Return a new session and the secret of its first refresh token; with `good_until` it ends then at the latest."""
    ends_at = now + timedelta(seconds=lifetimes.absolute_seconds)
    family_key = entropy(_KEY_BYTES)
    secret = refresh_tokens.first_secret(family_key=family_key, entropy=entropy)
    session = Session(
        user_id=user_id,
        session_id=session_id,
        delivery=delivery,
        device=device,
        amr=amr,
        auth_time=auth_time,
        created_at=now,
        last_used_at=now,
        ends_at=min(good_until or ends_at, ends_at),
        idle_ends_at=now + timedelta(seconds=lifetimes.idle_seconds),
        family_key=family_key,
        current=refresh_tokens.fingerprint(secret),
    )
    return session, secret


def classify(session: Session, secret: bytes, *, now: datetime, lifetimes: Lifetimes) -> Presented:
    """Tell what `secret` is to `session`."""
    if not refresh_tokens.is_of_family(secret, family_key=session.family_key):
        return Presented.FOREIGN
    offered = refresh_tokens.fingerprint(secret)
    if offered == session.current:
        return Presented.CURRENT
    within_grace = now < session.last_used_at + timedelta(seconds=lifetimes.grace_seconds)
    return Presented.JUST_ROTATED if offered == session.previous and within_grace else Presented.SPENT


def rotate(
    session: Session, secret: bytes, *, device: Device, now: datetime, lifetimes: Lifetimes, entropy: Entropy
) -> tuple[Session, bytes]:
    """Return the session after its current secret was used, and the successor."""
    salt = entropy(_KEY_BYTES)
    successor = refresh_tokens.successor_of(secret, salt=salt, family_key=session.family_key)
    rotated = replace(
        session,
        device=device,
        last_used_at=now,
        idle_ends_at=now + timedelta(seconds=lifetimes.idle_seconds),
        previous=session.current,
        current=refresh_tokens.fingerprint(successor),
        salt=salt,
    )
    return rotated, successor


def repeat(session: Session, secret: bytes) -> bytes:
    """Return the successor that the just rotated `secret` already got."""
    return refresh_tokens.successor_of(secret, salt=session.salt, family_key=session.family_key)
