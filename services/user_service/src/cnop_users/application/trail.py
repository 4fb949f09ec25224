"""Identity's audit events: OCSF activities by their listed names, ids only."""

from collections.abc import Mapping

from cnop_core.ids import SessionId, UserId
from cnop_platform.audit import AuditEvent, Severity
from cnop_platform.request_context import RequestContext

Details = Mapping[str, str | int | bool | None]


def authentication(
    name: str,
    *,
    user_id: UserId | None,
    context: RequestContext,
    actor: str | None = None,
    session_id: SessionId | None = None,
    succeeded: bool = True,
    severity: Severity = Severity.INFORMATIONAL,
    details: Details | None = None,
) -> AuditEvent:
    """Return an event about signing in or out; `actor` is who did it, the person themselves unless named."""
    return AuditEvent(
        activity=name,
        succeeded=succeeded,
        actor=actor or user_id,
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
        activity=name,
        succeeded=succeeded,
        actor=actor or user_id,
        subject=user_id,
        session_id=session_id,
        severity=severity,
        context=context,
        details=details or {},
    )
