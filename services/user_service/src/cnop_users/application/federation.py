"""Signing in with an account elsewhere (OpenID Connect).

An identity elsewhere is linked to an account here, and nothing but the link counts afterwards. A link is made by
somebody who is signed in here, or together with a new account. An existing account is never taken over because the
provider names its address.
"""

import hashlib
from dataclasses import dataclass
from typing import Final, Protocol

from cnop_core.clock import Clock
from cnop_core.errors import Conflict, NotFound, Unauthenticated
from cnop_core.ids import Entropy, UserId
from cnop_platform.audit import AuditTrail
from cnop_platform.request_context import RequestContext
from cnop_platform.store import Absent, ConditionFailed, Key, Put, Store, Write
from cnop_users.application import keys, trail
from cnop_users.application.accounts import Accounts
from cnop_users.application.conflicts import settle
from cnop_users.application.login import Login
from cnop_users.application.registration import Registration
from cnop_users.application.sessions import Grant, Proof
from cnop_users.domain import rules
from cnop_users.domain.sessions import Delivery
from cnop_users.domain.users import Profile, User

_AMR: Final = ("fed",)
_NAME_LENGTH: Final = 20
_SUFFIX_BYTES: Final = 4
_MOST_LINKS: Final = 100


class UnknownProvider(NotFound):
    """No identity provider of this name is configured."""


class SignInFailed(Unauthenticated):
    """The provider did not vouch for anybody, or not in answer to a request of this browser."""

    code = "AUTH_001"


class LinkFirst(Conflict):
    """An account holds the address already; its owner links the identity after signing in."""

    code = "LINK_REQUIRED"


class LinkedElsewhere(Conflict):
    """The identity belongs to another account here, or the account has one of this provider already."""


class LocalFactorDue(Unauthenticated):
    """The account wants a second factor, which this way of signing in does not ask for."""

    code = "AUTH_MFA_REQUIRED"


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a provider vouches for."""

    provider: str
    subject: str
    email: str | None
    email_verified: bool


@dataclass(frozen=True, slots=True)
class Flow:
    """One sign-in that is under way; kept, sealed, by the browser that began it."""

    provider: str
    state: str
    nonce: str
    verifier: str
    link_to: str | None = None


class Provider(Protocol):
    """An identity provider."""

    async def authorization_url(self, flow: Flow) -> str:
        """Return where the browser goes. Raises `Unavailable`."""
        ...

    async def identify(self, flow: Flow, code: str) -> Identity:
        """Redeem a code. Raises `SignInFailed`, `Unavailable`."""
        ...


class Federation:
    """Signs people in by their linked identities, and links them."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        login: Login,
        registration: Registration,
        audit: AuditTrail,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._login = login
        self._registration = registration
        self._audit = audit
        self._clock = clock
        self._entropy = entropy

    def begin(self, provider: str, *, link_to: UserId | None = None) -> Flow:
        """Return a new flow with its unguessable parts."""
        state, nonce, verifier = (hashlib.sha256(self._entropy(32)).hexdigest() for _ in range(3))
        return Flow(provider, state, nonce, verifier, link_to)

    async def sign_in(self, identity: Identity, *, context: RequestContext) -> Grant:
        """Return a browser session of whoever the identity is linked to, or of a new account.

        Raises `LinkFirst`, `LocalFactorDue`, `SignInFailed`.
        """
        linked = await self._linked(identity)
        if linked is None:
            linked = await self._register(identity, context)
        return await settle(lambda: self._enter(linked, context))

    async def link(self, identity: Identity, user_id: UserId, *, context: RequestContext) -> None:
        """Link an identity to an account whose owner is signed in. Raises `LinkedElsewhere`, `SignInFailed`."""
        if not identity.email_verified:
            raise SignInFailed("the provider has not verified your email address; do that there first")
        event = trail.account_change(
            "identity_linked", user_id=user_id, context=context, details={"provider": identity.provider}
        )
        try:
            await self._store.transact([*_link_writes(identity, user_id), self._audit.record_put(event)])
        except ConditionFailed:
            if await self._linked(identity) == user_id:
                return
            raise LinkedElsewhere("this identity is linked already, or another one of this provider is") from None

    async def linked_to(self, user_id: UserId) -> list[str]:
        """Return the providers that the person has linked an identity of, in order of their names."""
        page = await self._store.query(keys.partition(user_id), prefix=keys.IDENTITIES, limit=_MOST_LINKS)
        return [item.key.sk.removeprefix(keys.IDENTITIES) for item in page.items]

    async def _enter(self, user_id: UserId, context: RequestContext) -> Grant:
        user = await self._accounts.get(user_id)
        if not user.is_active:
            raise SignInFailed("this account cannot be used")
        if user.factors:
            raise LocalFactorDue("sign in with your passkey, or your password and second factor")
        return await self._login.enter(user, Proof(_AMR), delivery=Delivery.COOKIE, context=context, writes=())

    async def _linked(self, identity: Identity) -> UserId | None:
        item = await self._store.get(_link_key(identity))
        return UserId(str(item.body["user_id"])) if item else None

    async def _register(self, identity: Identity, context: RequestContext) -> UserId:
        if identity.email is None or not identity.email_verified:
            raise SignInFailed("the provider has not verified your email address; do that there first")
        if await self._accounts.find(identity.email) is not None:
            raise LinkFirst("an account has this email address; sign in to it, then link this identity")

        def links(user_id: UserId) -> list[Write]:
            return list(_link_writes(identity, user_id))

        profile = Profile(email=identity.email)
        name = _username(identity.email, self._entropy)
        user: User = await self._registration.register_without_password(name, profile, extra=links, context=context)
        return user.user_id


def _link_key(identity: Identity) -> Key:
    digest = hashlib.sha256(f"{identity.provider}\0{identity.subject}".encode()).hexdigest()
    return Key(f"{keys.IDENTITIES}{digest}", "LINK")


def _link_writes(identity: Identity, user_id: UserId) -> tuple[Put, Put]:
    """Return the link, and the person's own note of it, by which erasure finds it."""
    link = _link_key(identity)
    return (
        Put(link, {"user_id": user_id}, Absent()),
        Put(keys.identity_key(user_id, identity.provider), {"link": link.pk}, Absent()),
    )


def _username(email: str, entropy: Entropy) -> str:
    """Return a name that resembles the address, with a random end that makes it free."""
    kept = "".join(character for character in email.partition("@")[0] if character.isascii() and character.isalnum())
    return rules.username(f"{kept[:_NAME_LENGTH]}_{entropy(_SUFFIX_BYTES).hex()}")
