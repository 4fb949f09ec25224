"""What follows a proof of identity that failed: it is counted, recorded, and reported when it is one of many."""

from cnop_core.ids import SessionId, UserId
from cnop_platform.access import Principal
from cnop_platform.audit import AuditTrail, Severity
from cnop_platform.request_context import RequestContext
from cnop_users.application import trail
from cnop_users.application.limits import FailedSignIn, LoginLimits


class Guesses:
    """Reports wrong passwords, factors and passkeys."""

    def __init__(self, *, limits: LoginLimits, audit: AuditTrail) -> None:
        self._limits = limits
        self._audit = audit

    async def sign_in(
        self, name: str, user_id: UserId | None, *, context: RequestContext, method: str = "password"
    ) -> None:
        """Report a sign-in that failed; `user_id` is whose name it was, if anybody's."""
        found = await self._limits.failed(name, context)
        self._record("login_failed", found, user_id=user_id, context=context, method=method)

    def stopped_by_factor(self, user_id: UserId | None, *, context: RequestContext) -> None:
        """Report a right password without the second factor that is due: perhaps somebody else knows it."""
        self._audit.emit(trail.authentication("login_factor_due", user_id=user_id, context=context))

    async def within_session(self, principal: Principal, *, context: RequestContext, method: str) -> None:
        """Report that somebody signed in could not prove again who they are: perhaps the session is stolen."""
        found = await self._limits.failed_within(principal, context)
        self._record(
            "step_up_failed",
            found,
            user_id=principal.user_id,
            session_id=principal.session_id,
            context=context,
            method=method,
        )

    def _record(
        self,
        activity: str,
        found: FailedSignIn,
        *,
        user_id: UserId | None,
        context: RequestContext,
        method: str,
        session_id: SessionId | None = None,
    ) -> None:
        event = trail.authentication(
            activity,
            user_id=user_id,
            session_id=session_id,
            context=context,
            succeeded=False,
            severity=Severity.MEDIUM if found.blocked else Severity.LOW,
            details={"address_blocked": found.blocked, "method": method},
        )
        self._audit.emit(event)
        if found.stuffing:
            stuffing = trail.authentication(
                "credential_stuffing",
                user_id=None,
                context=context,
                succeeded=False,
                severity=Severity.HIGH,
                details={"source": found.stuffing},
            )
            self._audit.emit(stuffing)
