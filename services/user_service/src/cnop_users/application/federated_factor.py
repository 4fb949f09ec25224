"""The end of a sign-in elsewhere by somebody who has a second factor here: they show it, once, within ten minutes."""

import hashlib
from typing import Final

from cnop_core.clock import Clock, from_epoch_ms
from cnop_core.ids import UserId
from cnop_platform.request_context import RequestContext
from cnop_platform.store import Absent, Key, Put, Store
from cnop_users.application.accounts import Accounts
from cnop_users.application.attempts import Attempts
from cnop_users.application.conflicts import settle
from cnop_users.application.factors import OfferedFactor, SecondFactors, WrongFactor
from cnop_users.application.federation import Aim, Flow
from cnop_users.application.guesses import Guesses
from cnop_users.application.identities import AMR, Identities, SignInFailed
from cnop_users.application.limits import LoginLimits
from cnop_users.application.login import Login
from cnop_users.application.passkeys import WrongPasskey
from cnop_users.application.sessions import Grant, Proof
from cnop_users.domain.sessions import Delivery
from cnop_users.domain.users import User

_METHOD: Final = "federated_factor"
_KEPT_SECONDS: Final = 900
"""Longer than the browser's sealed word for it is good."""


class FederatedFactor:
    """Begins the session of whom a provider vouched for, when their own second factor is shown as well."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        identities: Identities,
        factors: SecondFactors,
        login: Login,
        limits: LoginLimits,
        guesses: Guesses,
        attempts: Attempts,
        clock: Clock,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._identities = identities
        self._factors = factors
        self._login = login
        self._limits = limits
        self._guesses = guesses
        self._attempts = attempts
        self._clock = clock

    async def show(self, flow: Flow, offered: OfferedFactor, *, context: RequestContext) -> Grant:
        """Return a browser session.

        Raises `SignInFailed`, `MfaRequired`, `WrongFactor`, `WrongPasskey`, `AddressBlocked`, `RateLimited`.
        """
        if flow.aim is not Aim.FACTOR:
            raise _over()
        user_id = UserId(flow.user_id)  # allow(foreign-user): from our own cookie, sealed when the provider vouched
        await self._limits.require_open_address(context)
        user = await self._accounts.get(user_id)
        async with self._attempts.sign_in(user.username, user, context, hashes=False):
            try:
                grant = await settle(lambda: self._show_once(flow, user_id, offered, context))
            except (WrongFactor, WrongPasskey):
                await self._guesses.sign_in(user.username, user_id, context=context, method=_METHOD)
                raise
        await self._limits.succeeded(user.username, context)
        return grant

    async def _show_once(self, flow: Flow, user_id: UserId, offered: OfferedFactor, context: RequestContext) -> Grant:
        user, used = await self._accounts.get(user_id), self._used(flow)
        await self._require_good(flow, user, used)
        factor = await self._factors.prove(user, offered, context=context)
        if not factor.amr:
            raise _over()  # the factor was taken away meanwhile: the provider's word alone is asked for anew
        return await self._login.enter(
            user,
            Proof((*AMR, *factor.amr), good_until=from_epoch_ms(flow.good_until_ms) if flow.good_until_ms else None),
            delivery=Delivery.COOKIE,
            context=context,
            writes=[*factor.writes, used],
        )

    async def _require_good(self, flow: Flow, user: User, used: Put) -> None:
        if not user.is_active or await self._store.get(used.key) is not None:
            raise _over()
        if flow.provider not in await self._identities.of(user.user_id):
            raise _over()

    def _used(self, flow: Flow) -> Put:
        """Return the write that fails when this sign-in was finished before."""
        digest = hashlib.sha256(flow.nonce.encode()).hexdigest()
        ends = int(self._clock.now().timestamp()) + _KEPT_SECONDS
        return Put(Key(f"CHALLENGE#{digest}", "ANSWERED"), {}, Absent(), expires_at=ends)


def _over() -> SignInFailed:
    return SignInFailed("this sign-in is over; begin again")
