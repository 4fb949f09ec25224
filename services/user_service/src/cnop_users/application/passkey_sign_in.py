"""Signing in with a passkey and nothing else."""

from typing import Final

from cnop_core.ids import UserId
from cnop_platform.request_context import RequestContext
from cnop_users.application.accounts import Accounts
from cnop_users.application.conflicts import settle
from cnop_users.application.guesses import Guesses
from cnop_users.application.limits import LoginLimits
from cnop_users.application.login import Login
from cnop_users.application.passkeys import AMR, Credential, Passkeys, WrongPasskey
from cnop_users.application.sessions import Grant, Proof
from cnop_users.domain.sessions import Delivery

_METHOD: Final = "passkey"
_NOBODY: Final = "(passkey)"
"""Whom failures count for when no account is known: no user name and no address can be it."""


class PasskeySignIn:
    """Begins sessions for whoever holds an enrolled passkey and was verified by its authenticator."""

    def __init__(
        self, *, accounts: Accounts, passkeys: Passkeys, login: Login, limits: LoginLimits, guesses: Guesses
    ) -> None:
        self._accounts = accounts
        self._passkeys = passkeys
        self._login = login
        self._limits = limits
        self._guesses = guesses

    async def sign_in(self, credential: Credential, *, delivery: Delivery, context: RequestContext) -> Grant:
        """Return a new session's tokens. Raises `WrongPasskey`, `AddressBlocked`."""
        await self._limits.require_open_address(context)
        try:
            user = await self._passkeys.owner_of(credential)
        except WrongPasskey:
            await self._guesses.sign_in(_NOBODY, None, context=context, method=_METHOD)
            raise
        try:
            return await settle(lambda: self._sign_in_once(user.user_id, credential, delivery, context))
        except WrongPasskey:
            await self._guesses.sign_in(_NOBODY, user.user_id, context=context, method=_METHOD)
            raise

    async def _sign_in_once(
        self, user_id: UserId, credential: Credential, delivery: Delivery, context: RequestContext
    ) -> Grant:
        user = await self._accounts.get(user_id)
        writes = await self._passkeys.prove(user, credential, context=context)
        if not user.is_active:
            raise WrongPasskey("the passkey does not fit; begin again")
        return await self._login.enter(user, Proof(AMR), delivery=delivery, context=context, writes=writes)
