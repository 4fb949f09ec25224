"""Sessions: begun at sign-in, kept alive by rotation, ended at once everywhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cnop_core.clock import Clock
from cnop_core.ids import Entropy, SessionId, UserId, prefixed_id
from cnop_platform.audit import AuditEvent, AuditTrail, Severity
from cnop_platform.request_context import RequestContext
from cnop_platform.revocations import revocation_put
from cnop_platform.store import Check, Delete, Store, Version, Write
from cnop_users.application import codec, keys, trail
from cnop_users.application.conflicts import settle
from cnop_users.application.ports import AccessToken, EndedSessionNews, TokenIssuer
from cnop_users.domain import refresh_tokens, sessions
from cnop_users.domain.errors import InvalidRefreshToken, UnknownSession
from cnop_users.domain.refresh_tokens import RefreshToken
from cnop_users.domain.sessions import Delivery, Device, Lifetimes, Presented, Session
from cnop_users.domain.users import User

MAX_SESSIONS: Final = 30
"""How many sessions a person may have. The oldest gives way, so that all of them always end in one transaction, also in
the one that takes away every other way to log in."""
_ENDED_AT_ONCE: Final = 45


@dataclass(frozen=True, slots=True)
class Grant:
    """What a client gets when it has proven who it is."""

    access: AccessToken
    refresh_token: str
    session: Session


@dataclass(frozen=True, slots=True)
class Proof:
    """How somebody proved who they are: the methods by their RFC 8176 names, and when if that was elsewhere, before."""

    amr: tuple[str, ...]
    at: datetime | None = None
    good_until: datetime | None = None
    """When the session ends at the latest, if that is sooner than any other would."""


class Sessions:
    """Begins, continues and ends sessions."""

    def __init__(
        self,
        *,
        store: Store,
        tokens: TokenIssuer,
        news: EndedSessionNews,
        audit: AuditTrail,
        clock: Clock,
        entropy: Entropy,
        lifetimes: Lifetimes,
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._news = news
        self._audit = audit
        self._clock = clock
        self._entropy = entropy
        self._lifetimes = lifetimes

    async def begin(
        self, user: User, *, proof: Proof, delivery: Delivery, context: RequestContext, writes: Sequence[Write] = ()
    ) -> Grant:
        """Start a session for an account as it was just read, together with further writes of the sign-in.

        Raises `ConditionFailed` when the account changed meanwhile: a suspension or a new password must win.
        """
        now = self._clock.now()
        session, secret = sessions.begin(
            user_id=user.user_id,
            session_id=SessionId(prefixed_id("ses", now=now, entropy=self._entropy)),
            delivery=delivery,
            device=Device(context.client_address, context.user_agent),
            amr=proof.amr,
            auth_time=min(proof.at or now, now),
            good_until=proof.good_until,
            now=now,
            lifetimes=self._lifetimes,
            entropy=self._entropy,
        )
        surplus = await self._surplus(user.user_id)
        user_key = keys.user_key(user.user_id)
        unchanged = () if any(w.key == user_key for w in writes) else (Check(user_key, Version(user.version)),)
        event = trail.authentication(
            "login",
            user_id=user.user_id,
            session_id=session.session_id,
            context=context,
            details={"amr": " ".join(proof.amr)},
        )
        await self._store.transact(
            [
                *unchanged,
                *writes,
                codec.session_put(session),
                *self._giving_way(surplus, user.user_id, context),
                self._audit.record_put(event),
            ]
        )
        await self.announce(surplus)
        return self._grant(user, session, secret)

    async def refresh(self, text: str, *, delivery: Delivery, context: RequestContext) -> Grant:
        """Exchange a refresh token for the next one and an access token. Raises `InvalidRefreshToken`."""
        token = refresh_tokens.parse(text)
        if token is None:
            raise _invalid()
        return await settle(lambda: self._refresh_once(token, delivery, context))

    async def active(self, user_id: UserId) -> list[Session]:
        """Return the sessions that are not over, the one used last first."""
        page = await self._store.query(keys.partition(user_id), prefix=keys.SESSIONS, limit=1000)
        now = self._clock.now()
        found = [session for session in map(codec.session_from_item, page.items) if not session.is_over(now)]
        return sorted(found, key=lambda session: session.last_used_at, reverse=True)

    async def end(self, user_id: UserId, session_id: SessionId, *, context: RequestContext, reason: str) -> None:
        """End one session. Raises `UnknownSession`."""
        item = await self._store.get(keys.session_key(user_id, session_id))
        if item is None:
            raise UnknownSession("you have no session of this id")
        await self._end([codec.session_from_item(item)], user_id=user_id, context=context, reason=reason)

    async def end_current(self, user_id: UserId, session_id: SessionId, *, context: RequestContext) -> None:
        """End the session that the caller's token belongs to, also when its item is gone already."""
        event = trail.authentication("logout", user_id=user_id, session_id=session_id, context=context)
        await self._store.transact(
            [
                Delete(keys.session_key(user_id, session_id)),
                revocation_put(session_id, ended_at=self._clock.now(), token_expires_at=self._tokens_end()),
                self._audit.record_put(event),
            ]
        )
        await self._announce_ids([session_id])

    async def end_others(self, user_id: UserId, session_id: SessionId, *, context: RequestContext) -> int:
        """End every session of the person but this one; return how many there were."""
        others = [session for session in await self.active(user_id) if session.session_id != session_id]
        if others:
            await self._end(others, user_id=user_id, context=context, reason="others")
        return len(others)

    async def end_all(self, user_id: UserId, *, context: RequestContext, reason: str, actor: str | None = None) -> int:
        """End every session of the person; return how many there were. `actor` is who does it, if somebody else."""
        held = await self.active(user_id)
        if held:
            await self._end(held, user_id=user_id, context=context, reason=reason, actor=actor)
        return len(held)

    def ending(self, ended: Sequence[Session], *, unconditional: bool = False) -> list[Write]:
        """Return the writes that end sessions, two for each, for a transaction that has a reason to."""
        now, until = self._clock.now(), self._tokens_end()
        writes: list[Write] = []
        for session in ended:
            key = keys.session_key(session.user_id, session.session_id)
            writes.append(Delete(key) if unconditional else Delete(key, Version(session.version)))
            writes.append(revocation_put(session.session_id, ended_at=now, token_expires_at=until))
        return writes

    async def announce(self, ended: Sequence[Session]) -> None:
        """Tell every process that these sessions have ended, after the transaction that ended them."""
        await self._announce_ids([session.session_id for session in ended])

    async def _refresh_once(self, token: RefreshToken, delivery: Delivery, context: RequestContext) -> Grant:
        user, session = await self._read(token)
        now = self._clock.now()
        if not user.is_active or session.is_over(now) or session.delivery is not delivery:
            raise _invalid()
        presented = sessions.classify(session, token.secret, now=now, lifetimes=self._lifetimes)
        if presented is Presented.FOREIGN:
            raise _invalid()
        if presented is Presented.SPENT:
            await self._end_family(session, context)
            raise _invalid()
        if presented is Presented.JUST_ROTATED:
            return self._grant(user, session, sessions.repeat(session, token.secret))
        return await self._rotate(user, session, token, context, now)

    async def _read(self, token: RefreshToken) -> tuple[User, Session]:
        user_key, session_key = keys.user_key(token.user_id), keys.session_key(token.user_id, token.session_id)
        items = await self._store.get_many([user_key, session_key])
        if user_key not in items or session_key not in items:
            raise _invalid()
        return codec.user_from_item(items[user_key]), codec.session_from_item(items[session_key])

    async def _rotate(
        self, user: User, session: Session, token: RefreshToken, context: RequestContext, now: datetime
    ) -> Grant:
        device = Device(context.client_address, context.user_agent)
        rotated, secret = sessions.rotate(
            session, token.secret, device=device, now=now, lifetimes=self._lifetimes, entropy=self._entropy
        )
        writes: list[Write] = [codec.session_put(rotated), Check(keys.user_key(user.user_id), Version(user.version))]
        if device.address != session.device.address:
            moved = trail.authentication(
                "session_moved", user_id=user.user_id, session_id=session.session_id, context=context
            )
            writes.append(self._audit.record_put(moved))
        await self._store.transact(writes)
        return self._grant(user, rotated, secret)

    async def _end_family(self, session: Session, context: RequestContext) -> None:
        event = trail.authentication(
            "refresh_token_reused",
            user_id=session.user_id,
            session_id=session.session_id,
            context=context,
            succeeded=False,
            severity=Severity.HIGH,
        )
        await self._store.transact([*self.ending([session]), self._audit.record_put(event)])
        await self.announce([session])

    async def _end(
        self,
        ended: Sequence[Session],
        *,
        user_id: UserId,
        context: RequestContext,
        reason: str,
        actor: str | None = None,
    ) -> None:
        for start in range(0, len(ended), _ENDED_AT_ONCE):
            some = ended[start : start + _ENDED_AT_ONCE]
            event = self._revoked(user_id, some, context, reason, actor)
            await self._store.transact([*self.ending(some, unconditional=True), self._audit.record_put(event)])
            await self.announce(some)

    def _revoked(
        self, user_id: UserId, ended: Sequence[Session], context: RequestContext, reason: str, actor: str | None
    ) -> AuditEvent:
        return trail.authentication(
            "session_revoked",
            user_id=user_id,
            actor=actor,
            session_id=ended[0].session_id if len(ended) == 1 else None,
            context=context,
            details={"reason": reason, "sessions": len(ended)},
        )

    def _giving_way(self, surplus: Sequence[Session], user_id: UserId, context: RequestContext) -> list[Write]:
        """Return the writes that end sessions to make room for one more, and record that."""
        if not surplus:
            return []
        event = self._revoked(user_id, surplus, context, "too_many", None)
        return [*self.ending(surplus, unconditional=True), self._audit.record_put(event)]

    async def _surplus(self, user_id: UserId) -> list[Session]:
        """Return the sessions that must give way to one more."""
        held = await self.active(user_id)
        return held[MAX_SESSIONS - 1 :][:_ENDED_AT_ONCE]

    def _grant(self, user: User, session: Session, secret: bytes) -> Grant:
        access = self._tokens.issue(user, session, auth_time=session.auth_time, amr=session.amr)
        token = RefreshToken(session.user_id, session.session_id, secret)
        return Grant(access, token.render(), session)

    def _tokens_end(self) -> int:
        """Return when the last token that a session may have been given ends, in epoch seconds."""
        return int((self._clock.now() + timedelta(seconds=self._lifetimes.access_seconds)).timestamp()) + 1

    async def _announce_ids(self, session_ids: Sequence[SessionId]) -> None:
        if session_ids:
            await self._news.announce(session_ids, expires_at=self._tokens_end())


def _invalid() -> InvalidRefreshToken:
    return InvalidRefreshToken("the refresh token is not valid any more; log in again")
