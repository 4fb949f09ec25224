"""Proving again, within a session, who one is: sensitive acts want a proof of the last five minutes."""

from dataclasses import dataclass, field

from cnop_core.clock import Clock
from cnop_platform.access import Principal
from cnop_platform.audit import AuditTrail
from cnop_platform.request_context import RequestContext
from cnop_platform.revocations import revocation_put
from cnop_platform.store import Store
from cnop_users.application import codec, keys, trail
from cnop_users.application.accounts import Accounts
from cnop_users.application.attempts import Attempts
from cnop_users.application.conflicts import settle
from cnop_users.application.factors import FactorProof, MfaRequired, OfferedFactor, SecondFactors, WrongFactor
from cnop_users.application.guesses import Guesses
from cnop_users.application.limits import LoginLimits
from cnop_users.application.passkeys import WrongPasskey
from cnop_users.application.ports import AccessToken, EndedSessionNews, PasswordHasher, TokenIssuer
from cnop_users.domain.errors import BadCredentials
from cnop_users.domain.sessions import Session
from cnop_users.domain.users import User


@dataclass(frozen=True, slots=True)
class StepUpProof:
    """What somebody offers: the password while no second factor is enrolled, else a factor or a recovery code."""

    password: str | None = None
    factor: OfferedFactor = field(default_factory=OfferedFactor)


class StepUp:
    """Issues access tokens with a fresh authentication time."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        hasher: PasswordHasher,
        factors: SecondFactors,
        limits: LoginLimits,
        guesses: Guesses,
        attempts: Attempts,
        tokens: TokenIssuer,
        news: EndedSessionNews,
        audit: AuditTrail,
        clock: Clock,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._hasher = hasher
        self._factors = factors
        self._limits = limits
        self._guesses = guesses
        self._attempts = attempts
        self._tokens = tokens
        self._news = news
        self._audit = audit
        self._clock = clock

    async def step_up(self, principal: Principal, offered: StepUpProof, *, context: RequestContext) -> AccessToken:
        """Return a token for the same session; the one that asked for it is good for nothing any more.

        Raises `MfaRequired`, `WrongFactor`, `BadCredentials`, `RateLimited` after too many wrong ones in this session,
        `HashingBusy`.
        """
        await self._limits.require_open_session(principal)
        async with self._attempts.within_session(principal, hashes=offered.password is not None):
            try:
                return await settle(lambda: self._step_up_once(principal, offered, context))
            except (BadCredentials, WrongFactor, WrongPasskey):
                await self._guesses.within_session(principal, context=context, method="step_up")
                raise

    async def _step_up_once(self, principal: Principal, offered: StepUpProof, context: RequestContext) -> AccessToken:
        user, session = await self._read(principal)
        proof = await self._prove(user, offered, context)
        await self.commit(principal, proof, context=context)
        return self._tokens.issue(user, session, auth_time=self._clock.now(), amr=proof.amr)

    async def commit(self, principal: Principal, proof: FactorProof, *, context: RequestContext) -> None:
        """Use a proof up, end the token that it was given with, and record that it was given."""
        event = trail.authentication(
            "step_up",
            user_id=principal.user_id,
            session_id=principal.session_id,
            context=context,
            details={"amr": " ".join(proof.amr)},
        )
        ended = revocation_put(principal.token_id, ended_at=self._clock.now(), token_expires_at=principal.expires_at)
        await self._store.transact([*proof.writes, ended, self._audit.record_put(event)])
        await self._news.announce([principal.token_id], expires_at=principal.expires_at)

    async def _prove(self, user: User, offered: StepUpProof, context: RequestContext) -> FactorProof:
        if user.factors:
            return await self._factors.prove(user, offered.factor, context=context)
        if offered.password is None:
            raise MfaRequired("send your password")
        if not await self._hasher.matches(offered.password, user.password):
            raise BadCredentials("the password is wrong")
        return FactorProof(("pwd",))

    async def _read(self, principal: Principal) -> tuple[User, Session]:
        user = await self._accounts.get(principal.user_id)
        item = await self._store.get(keys.session_key(principal.user_id, principal.session_id))
        if item is None or not user.is_active:
            raise BadCredentials("the session has ended; log in again")
        return user, codec.session_from_item(item)
