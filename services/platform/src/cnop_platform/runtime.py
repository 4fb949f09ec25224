"""What an HTTP service has on top of the infrastructure: audit trail, ended sessions, the gatekeeper."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cnop_platform.audit import AuditTrail
from cnop_platform.audit.sealer import Sealer
from cnop_platform.authentication import BearerAuthenticator
from cnop_platform.chores import background
from cnop_platform.gatekeeper import EnrolledFactors, Gatekeeper
from cnop_platform.infrastructure import Infrastructure, infrastructure
from cnop_platform.keysets import JwksKeys
from cnop_platform.peer_client import peer_client
from cnop_platform.policies import load_policies, policies_folder
from cnop_platform.revocations import RevocationView
from cnop_platform.settings import ServiceSettings
from cnop_platform.shared_limits import SharedLimits
from cnop_platform.store import Store
from cnop_platform.system import entropy
from cnop_platform.tokens import KeySource, TokenTerms, TokenVerifier


@dataclass(frozen=True, slots=True)
class ServiceRuntime:
    """What an HTTP service has on top."""

    infrastructure: Infrastructure
    audit: AuditTrail
    sealer: Sealer
    sessions: RevocationView
    gatekeeper: Gatekeeper


@asynccontextmanager
async def service_runtime(
    settings: ServiceSettings,
    *,
    name: str,
    keys: KeySource | None = None,
    factors: Callable[[Store], EnrolledFactors] | None = None,
) -> AsyncIterator[ServiceRuntime]:
    """Build and run what a service needs; `keys` defaults to the JWKS address of the settings.

    A service with sensitive endpoints knows whose `factors` to ask for.
    """
    tls = settings.mutual_tls()
    holders = {settings.jwks_url or "": settings.jwks_holder}
    async with infrastructure(settings) as base, peer_client(tls, names=holders) as client:
        audit = AuditTrail(
            store=base.store,
            key=settings.audit_key.get_secret_value(),
            service=name,
            clock=base.clock,
            entropy=entropy,
        )
        sessions = RevocationView(store=base.store, cache=base.cache, clock=base.clock)
        terms = TokenTerms(issuer=settings.token_issuer, audience=settings.token_audience)
        verifier = TokenVerifier(
            keys=keys or JwksKeys(settings.jwks_url or "", client=client), terms=terms, clock=base.clock
        )
        gatekeeper = Gatekeeper(
            authenticator=BearerAuthenticator(verifier=verifier, sessions=sessions),
            policies=load_policies(policies_folder(settings.policies)),
            audit=audit,
            clock=base.clock,
            limits=SharedLimits(base.cache, allowances=settings.allowances, clock=base.clock),
            factors=factors(base.store) if factors else None,
            factor_roles=settings.factor_roles,
        )
        sealer = Sealer(store=base.store, key=settings.audit_key.get_secret_value(), service=name, clock=base.clock)
        renewal = [tls.watch] if tls else []
        async with background([audit.run, sessions.run, sealer.run, *renewal], crashed=base.crashed):
            yield ServiceRuntime(
                infrastructure=base, audit=audit, sealer=sealer, sessions=sessions, gatekeeper=gatekeeper
            )
        await audit.drain()
        await sealer.seal()
