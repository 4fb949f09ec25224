"""Identity's audit events: OCSF activities with constant names, ids only."""

from collections.abc import Mapping
from typing import Final

from cnop_core.ids import SessionId, UserId
from cnop_platform.audit import AuditClass, AuditEvent, Severity
from cnop_platform.request_context import RequestContext

_OTHER: Final = 99
_AUTHENTICATION: Final = {"login": 1, "logout": 2}
_ACCOUNT: Final = {
    "account_registered": 1,
    "account_reinstated": 2,
    "password_changed": 3,
    "password_reset": 4,
    "account_suspended": 5,
    "account_erased": 6,
    "factor_added": 10,
    "factor_removed": 11,
}

Details = Mapping[str, str | int | bool | None]


def authentication(
    name: str,
    *,
    user_id: UserId | None,
    context: RequestContext,
    session_id: SessionId | None = None,
    succeeded: bool = True,
    severity: Severity = Severity.INFORMATIONAL,
    details: Details | None = None,
) -> AuditEvent:
    """Return an event about signing in or out."""
    return AuditEvent(
        audit_class=AuditClass.AUTHENTICATION,
        activity=(_AUTHENTICATION.get(name, _OTHER), name),
        succeeded=succeeded,
        actor=user_id,
        subject=user_id,
        session_id=session_id,
        severity=severity,
        context=context,
        details=details or {},
    )


def account_change(
    name: str,
    *,
    user_id: UserId,
    context: RequestContext,
    actor: str | None = None,
    session_id: SessionId | None = None,
    succeeded: bool = True,
    severity: Severity = Severity.INFORMATIONAL,
    details: Details | None = None,
) -> AuditEvent:
    """Return an event about an account; `actor` is who did it, its owner unless named."""
    return AuditEvent(
        audit_class=AuditClass.ACCOUNT_CHANGE,
        activity=(_ACCOUNT.get(name, _OTHER), name),
        succeeded=succeeded,
        actor=actor or user_id,
        subject=user_id,
        session_id=session_id,
        severity=severity,
        context=context,
        details=details or {},
    )
