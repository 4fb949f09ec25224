"""Decides at the door of a service whether a caller may use an endpoint; refusals are audited."""

from typing import Final

from cnop_core.clock import Clock
from cnop_core.errors import Forbidden
from starlette.requests import Request

from cnop_platform.access import Access, Authenticator, Principal, StepUpNeeded
from cnop_platform.audit import AuditClass, AuditEvent, AuditTrail, Severity
from cnop_platform.permissions import RoleMatrix

STEP_UP_SECONDS: Final = 300
_API_OTHER: Final = 99


class Gatekeeper:
    """Applies access declarations. Deny is the answer whenever a role, claim or grant is missing."""

    def __init__(self, *, authenticator: Authenticator, matrix: RoleMatrix, audit: AuditTrail, clock: Clock) -> None:
        self._authenticator = authenticator
        self._matrix = matrix
        self._audit = audit
        self._clock = clock

    async def admit(self, request: Request, access: Access) -> Principal | None:
        """Return the caller, None for a public endpoint. Raises `Unauthenticated` or `Forbidden`."""
        if access.public:
            return None
        principal = await self._authenticator.authenticate(request)
        if not principal.roles & access.roles(self._matrix):
            self._refused(request, principal, access, "role")
            raise Forbidden("your roles do not allow this")
        if access.step_up and self._clock.now().timestamp() - principal.auth_time > STEP_UP_SECONDS:
            self._refused(request, principal, access, "step_up")
            raise StepUpNeeded("confirm that it is you, then try again")
        return principal

    def _refused(self, request: Request, principal: Principal, access: Access, reason: str) -> None:
        self._audit.emit(
            AuditEvent(
                audit_class=AuditClass.API_ACTIVITY,
                activity=(_API_OTHER, "access_denied"),
                succeeded=False,
                actor=principal.user_id,
                session_id=principal.session_id,
                severity=Severity.MEDIUM,
                context=request.state.context,
                details={
                    "permission": access.permission.value if access.permission else None,
                    "method": request.method,
                    "reason": reason,
                },
            )
        )
