"""Decides at the door of a service whether a caller may use an endpoint; refusals are audited."""

from typing import Final

import structlog
from starlette.requests import Request

from cnop_core.clock import Clock
from cnop_core.errors import Forbidden
from cnop_platform.access import Access, Authenticator, Principal, StepUpNeeded
from cnop_platform.audit import AuditEvent, AuditTrail, Severity
from cnop_platform.permissions import Permission
from cnop_platform.policies import Decision, PolicyEngine, Question
from cnop_platform.shared_limits import SharedLimits, group_of, source_of

STEP_UP_SECONDS: Final = 300


class Gatekeeper:
    """Applies access declarations. Deny is the answer whenever a role, claim or grant is missing."""

    def __init__(
        self,
        *,
        authenticator: Authenticator,
        policies: PolicyEngine,
        audit: AuditTrail,
        clock: Clock,
        limits: SharedLimits | None = None,
    ) -> None:
        self._authenticator = authenticator
        self._policies = policies
        self._audit = audit
        self._clock = clock
        self._limits = limits

    async def admit(self, request: Request, access: Access) -> Principal | None:
        """Return the caller, None for a public endpoint. Raises `Unauthenticated`, `Forbidden` or `RateLimited`."""
        if access.public:
            await self._count(access, source_of(request.state.context.client_address))
            return None
        principal = await self._authenticator.authenticate(request)
        decision = self._decide(principal, access)
        structlog.contextvars.bind_contextvars(user_id=principal.user_id, policies=decision.policies)
        if decision.allowed:
            await self._count(access, principal.user_id)
            return principal
        self._refused(request, principal, access, decision)
        if decision.needs_step_up:
            raise StepUpNeeded("confirm that it is you, then try again")
        raise Forbidden("your roles do not allow this")

    async def _count(self, access: Access, subject: str) -> None:
        group = group_of(access)
        if group is not None and self._limits is not None:
            await self._limits.admit(group, subject)

    def permits(self, principal: Principal, permission: Permission) -> bool:
        """Tell whether a caller who was admitted also holds a permission that decides about a field."""
        return self._policies.decide(Question(roles=principal.roles, permission=permission)).allowed

    def _decide(self, principal: Principal, access: Access) -> Decision:
        if access.permission is None:
            return Decision(allowed=False, policies=())
        age_seconds = self._clock.now().timestamp() - principal.auth_time
        return self._policies.decide(
            Question(
                roles=principal.roles,
                permission=access.permission,
                step_up=access.step_up,
                fresh_login=age_seconds <= STEP_UP_SECONDS,
            )
        )

    def _refused(self, request: Request, principal: Principal, access: Access, decision: Decision) -> None:
        self._audit.emit(
            AuditEvent(
                activity="access_denied",
                succeeded=False,
                actor=principal.user_id,
                session_id=principal.session_id,
                severity=Severity.MEDIUM,
                context=request.state.context,
                details={
                    "permission": access.permission.value if access.permission else None,
                    "method": request.method,
                    "policies": ", ".join(decision.policies) or "default deny",
                },
            )
        )
