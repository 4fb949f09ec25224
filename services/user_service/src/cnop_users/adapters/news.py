"""Spreads the news of ended sessions: to this process at once, to all others over Valkey."""

from collections.abc import Sequence

from cnop_core.ids import SessionId, TokenId
from cnop_platform.revocations import RevocationPublisher, RevocationView


class RevocationNews:
    """Tells the own view first: a client that logs out here must be out here, whatever Valkey does."""

    def __init__(self, *, view: RevocationView, publisher: RevocationPublisher) -> None:
        self._view = view
        self._publisher = publisher

    async def announce(self, sessions: Sequence[SessionId | TokenId], *, expires_at: int) -> None:
        """See `EndedSessionNews.announce`."""
        for session_id in sessions:
            self._view.add(session_id, expires_at=expires_at)
        await self._publisher.announce(sessions, expires_at=expires_at)
