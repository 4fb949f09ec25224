"""Decides at the door of a service whether a caller may use an endpoint; refusals are audited."""

from datetime import datetime
from typing import Final, Protocol

import structlog
from starlette.requests import Request

from cnop_core.clock import Clock
from cnop_core.errors import Forbidden
from cnop_core.ids import UserId
from cnop_platform.access import Access, Authenticator, FactorNeeded, Principal, StepUpNeeded
from cnop_platform.audit import AuditEvent, AuditTrail, Severity
from cnop_platform.permissions import Permission, Role
from cnop_platform.policies import Decision, PolicyEngine, Question
from cnop_platform.shared_limits import SharedLimits, group_of, source_of

STEP_UP_SECONDS: Final = 300
_MULTIPLE_FACTORS: Final = "mfa"  # RFC 8176


def proven_lately(principal: Principal, *, has_factors: bool, now: datetime) -> bool:
    """Tell whether a token shows a proof of the last five minutes, by a second factor if its owner has enrolled one."""
    recent = now.timestamp() - principal.auth_time <= STEP_UP_SECONDS
    return recent and (_MULTIPLE_FACTORS in principal.amr or not has_factors)


class EnrolledFactors(Protocol):
    """Knows who has enrolled a second factor."""

    async def has_any(self, user_id: UserId) -> bool:
        """Tell whether the person has one now, whatever they had when their token was issued."""
        ...


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
        factors: EnrolledFactors | None = None,
        factor_roles: frozenset[Role] = frozenset(),
    ) -> None:
        """Prepare. Without `factors` only a proof by a second factor counts where an act is sensitive."""
        self._authenticator = authenticator
        self._policies = policies
        self._audit = audit
        self._clock = clock
        self._limits = limits
        self._factors = factors
        self._factor_roles = factor_roles

    async def admit(self, request: Request, access: Access) -> Principal | None:
        """Return the caller, None for a public endpoint. Raises `Unauthenticated`, `Forbidden` or `RateLimited`."""
        if access.public:
            await self._count(access, source_of(request.state.context.client_address))
            return None
        principal = await self._authenticator.authenticate(request)
        decision = await self._decide(principal, access)
        structlog.contextvars.bind_contextvars(user_id=principal.user_id, policies=decision.policies)
        if decision.allowed:
            await self._count(access, principal.user_id)
            return principal
        self._refused(request, principal, access, decision)
        if decision.needs_factor:
            raise FactorNeeded("your role needs a second factor: enrol one, then sign in with it")
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

    async def _decide(self, principal: Principal, access: Access) -> Decision:
        if access.permission is None:
            return Decision(allowed=False, policies=())
        return self._policies.decide(
            Question(
                roles=principal.roles,
                permission=access.permission,
                step_up=access.step_up,
                fresh_login=access.step_up and await self._proven_lately(principal),
                factor_due=bool(principal.roles & self._factor_roles) and _MULTIPLE_FACTORS not in principal.amr,
            )
        )

    async def _proven_lately(self, principal: Principal) -> bool:
        now = self._clock.now()
        if proven_lately(principal, has_factors=True, now=now):
            return True
        has_factors = self._factors is None or await self._factors.has_any(principal.user_id)
        return proven_lately(principal, has_factors=has_factors, now=now)

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
