"""Signing in with an account elsewhere (OpenID Connect).

An identity elsewhere is linked to an account here, and nothing but the link counts afterwards. A link is made by
somebody who is signed in here, or together with a new account. An existing account is never taken over because the
provider names its address.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from cnop_core.clock import epoch_ms
from cnop_core.errors import CnopError, Conflict, NotFound, Unauthenticated
from cnop_core.ids import Entropy, SessionId, UserId
from cnop_platform.access import Principal
from cnop_platform.audit import AuditTrail, Severity
from cnop_platform.request_context import RequestContext
from cnop_platform.store import Write
from cnop_users.application import trail
from cnop_users.application.accounts import Accounts
from cnop_users.application.conflicts import settle
from cnop_users.application.identities import (
    AMR,
    Identities,
    Identity,
    SignInFailed,
    link_writes,
)
from cnop_users.application.login import Login
from cnop_users.application.registration import Registration
from cnop_users.application.sessions import Grant, Proof
from cnop_users.domain import rules
from cnop_users.domain.sessions import Delivery
from cnop_users.domain.users import Profile

FACTOR_STATE: Final = "second factor"
"""No provider gives it back: what waits for a factor cannot be brought to the callback."""
_NAME_LENGTH: Final = 20
_SUFFIX_BYTES: Final = 4


class UnknownProvider(NotFound):
    """No identity provider of this name is configured."""


class LinkFirst(Conflict):
    """An account holds the address already; its owner links the identity after signing in."""

    code = "LINK_REQUIRED"


class SecondFactorDue(Unauthenticated):
    """The provider vouched for somebody who has enrolled a second factor here, which is due now."""

    code = "SECOND_FACTOR_DUE"

    def __init__(self, user_id: UserId, good_until: datetime | None) -> None:
        super().__init__("show your second factor to finish signing in")
        self.user_id = user_id
        self.good_until = good_until


class Aim(StrEnum):
    """What somebody goes to a provider for."""

    SIGN_IN = "sign-in"
    LINK = "link"
    PROVE = "prove"
    FACTOR = "factor"
    """The visit is over; the second factor of whom the provider vouched for is due."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One visit to a provider that is under way; kept, sealed, by the browser that began it.

    Linking and proving are for somebody who is signed in, in this session.
    """

    provider: str
    state: str
    nonce: str
    verifier: str
    aim: Aim = Aim.SIGN_IN
    user_id: str = ""
    session_id: str = ""
    good_until_ms: int | None = None
    """Once the provider vouched for them: when it has to be asked again, if ever."""


class Provider(Protocol):
    """An identity provider."""

    async def authorization_url(self, flow: Flow) -> str:
        """Return where the browser goes. Raises `Unavailable`."""
        ...

    async def identify(self, flow: Flow, code: str) -> Identity:
        """Redeem a code. Raises `SignInFailed`, `Unavailable`."""
        ...


class Federation:
    """Signs people in by their linked identities."""

    def __init__(
        self,
        *,
        identities: Identities,
        accounts: Accounts,
        login: Login,
        registration: Registration,
        audit: AuditTrail,
        entropy: Entropy,
    ) -> None:
        self._identities = identities
        self._accounts = accounts
        self._login = login
        self._registration = registration
        self._audit = audit
        self._entropy = entropy

    def begin(self, provider: str) -> Flow:
        """Return a new sign-in with its unguessable parts."""
        return self._begin(provider, Aim.SIGN_IN, "", "")

    def begin_for(self, principal: Principal, provider: str, aim: Aim) -> Flow:
        """Return a new flow for somebody who is signed in."""
        return self._begin(provider, aim, principal.user_id, principal.session_id)

    def await_factor(self, provider: str, due: SecondFactorDue) -> Flow:
        """Return what the browser keeps until the second factor is shown; it stands for the provider's word."""
        begun = self._begin(provider, Aim.FACTOR, due.user_id, "")
        return replace(begun, state=FACTOR_STATE, good_until_ms=epoch_ms(due.good_until) if due.good_until else None)

    async def sign_in(self, identity: Identity, *, context: RequestContext) -> Grant:
        """Return a browser session of whoever the identity is linked to, or of a new account.

        Raises `LinkFirst`, `SecondFactorDue`, `SignInFailed`.
        """
        if await self._identities.owner_of(identity) is None:
            await self._register(identity, context)
        return await settle(lambda: self._enter(identity, context))

    async def serve(self, flow: Flow, identity: Identity, *, context: RequestContext) -> None:
        """Do what somebody who is signed in went to the provider for.

        Raises `SignInFailed`, `LinkedElsewhere`, `LocalFactorDue`, `NotRecent`.
        """
        # The ids are from our own cookie, sealed while they were signed in.
        user_id, session_id = UserId(flow.user_id), SessionId(flow.session_id)  # allow(foreign-user): see above
        act = self._identities.link if flow.aim is Aim.LINK else self._identities.prove
        await act(identity, user_id, session_id, context=context)

    def refused(self, provider: str, error: CnopError, flow: Flow | None, *, context: RequestContext) -> None:
        """Record that somebody came back from a provider in vain; `flow` is what for, where that could be read."""
        known = UserId(flow.user_id) if flow and flow.user_id else None  # allow(foreign-user): see `serve`
        self._audit.emit(
            trail.authentication(
                "federated_login_failed",
                user_id=known,
                context=context,
                succeeded=False,
                severity=Severity.LOW,
                details={
                    "provider": provider,
                    "reason": error.stable_code,
                    "aim": flow.aim.value if flow else "unknown",
                },
            )
        )

    def _begin(self, provider: str, aim: Aim, user_id: str, session_id: str) -> Flow:
        state, nonce, verifier = (hashlib.sha256(self._entropy(32)).hexdigest() for _ in range(3))
        return Flow(provider, state, nonce, verifier, aim, user_id, session_id)

    async def _enter(self, identity: Identity, context: RequestContext) -> Grant:
        user_id = await self._identities.owner_of(identity)
        user = await self._accounts.get(user_id) if user_id else None
        if user is None or not user.is_active:
            raise SignInFailed("this account cannot be used")
        if user.factors:
            raise SecondFactorDue(user.user_id, identity.good_until)
        proof = Proof(AMR, at=identity.authenticated_at, good_until=identity.good_until)
        return await self._login.enter(user, proof, delivery=Delivery.COOKIE, context=context, writes=())

    async def _register(self, identity: Identity, context: RequestContext) -> None:
        if identity.email is None or not identity.email_verified:
            raise SignInFailed("the provider has not verified your email address; do that there first")
        if await self._accounts.find(identity.email) is not None:
            raise LinkFirst("an account has this email address; sign in to it, then link this identity")

        def links(user_id: UserId) -> list[Write]:
            return list(link_writes(identity, user_id))

        profile = Profile(email=identity.email)
        name = _username(identity.email, self._entropy)
        await self._registration.register_without_password(name, profile, extra=links, context=context)


def _username(email: str, entropy: Entropy) -> str:
    """Return a name that resembles the address, with a random end that makes it free."""
    kept = "".join(character for character in email.partition("@")[0] if character.isascii() and character.isalnum())
    return rules.username(f"{kept[:_NAME_LENGTH]}_{entropy(_SUFFIX_BYTES).hex()}")
