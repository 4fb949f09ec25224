"""Signing in with a passkey and nothing else."""

from cnop_platform.audit import AuditTrail, Severity
from cnop_platform.request_context import RequestContext
from cnop_users.application import trail
from cnop_users.application.accounts import Accounts
from cnop_users.application.conflicts import settle
from cnop_users.application.limits import LoginLimits
from cnop_users.application.login import Login
from cnop_users.application.passkeys import AMR, Credential, Passkeys, WrongPasskey
from cnop_users.application.sessions import Grant, Proof
from cnop_users.domain.sessions import Delivery
from cnop_users.domain.users import User

_NAME = "passkey"


class PasskeySignIn:
    """Begins sessions for whoever holds an enrolled passkey and was verified by its authenticator."""

    def __init__(
        self, *, accounts: Accounts, passkeys: Passkeys, login: Login, limits: LoginLimits, audit: AuditTrail
    ) -> None:
        self._accounts = accounts
        self._passkeys = passkeys
        self._login = login
        self._limits = limits
        self._audit = audit

    async def sign_in(self, credential: Credential, *, delivery: Delivery, context: RequestContext) -> Grant:
        """Return a new session's tokens. Raises `WrongPasskey`, `AddressBlocked`."""
        await self._limits.require_open_address(context)
        try:
            return await settle(lambda: self._sign_in_once(credential, delivery, context))
        except WrongPasskey:
            await self._limits.failed(_NAME, context)
            raise

    async def _sign_in_once(self, credential: Credential, delivery: Delivery, context: RequestContext) -> Grant:
        user = await self._passkeys.owner_of(credential)
        try:
            writes = await self._passkeys.prove(user, credential)
            if not user.is_active:
                raise WrongPasskey("the passkey does not fit; begin again")
        except WrongPasskey:
            self._failed(user, context)
            raise
        return await self._login.enter(user, Proof(AMR), delivery=delivery, context=context, writes=writes)

    def _failed(self, user: User, context: RequestContext) -> None:
        self._audit.emit(
            trail.authentication(
                "login_failed",
                user_id=user.user_id,
                context=context,
                succeeded=False,
                severity=Severity.LOW,
                details={"method": _NAME},
            )
        )
