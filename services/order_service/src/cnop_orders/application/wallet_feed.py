"""What changes in one user's wallet, as events: each ledger entry is one, and its `seq` is the event's id.

Nothing is buffered. What a reader has not taken yet is read from the ledger when it is ready for more, so a stream
resumes anywhere and a slow reader costs nothing but its place.
"""

import asyncio
import json
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Protocol, Self

from cnop_core.clock import Clock, to_rfc3339
from cnop_core.ids import AssetId, SessionId, UserId
from cnop_core.money import format_units
from cnop_ledger import Entry, LedgerReader, Wallet
from cnop_orders.application.queries import OrderReader
from cnop_orders.application.render import Document, order_document
from cnop_platform.authentication import EndedSessions
from cnop_platform.streams import encode_event

MAX_REPLAY: Final = 1_000
"""Whoever missed more than so many entries is told to read the lists anew."""
_CHUNK: Final = 50
_LOOK_SECONDS: Final = 1.0
"""How often the session is looked at, and, while no wake-ups arrive, the wallet."""
_LOOK_ANYWAY_SECONDS: Final = 5.0
"""How often the wallet is looked at while wake-ups arrive: one may be lost."""

_encoder: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class WakeUps(Protocol):
    """Tells when a user's wallet may have changed."""

    @property
    def connected(self) -> bool:
        """Whether wake-ups arrive now."""
        ...

    def listening(self, user_id: UserId) -> AbstractContextManager[asyncio.Event]:
        """Give an event that is set at each wake-up."""
        ...


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Whose wallet is followed, in which session, and until when at the latest (epoch seconds)."""

    user_id: UserId
    session_id: SessionId
    expires_at: int


class WalletFeeds:
    """Opens feeds."""

    def __init__(
        self,
        *,
        reader: LedgerReader,
        orders: OrderReader,
        wake_ups: WakeUps,
        sessions: EndedSessions,
        clock: Clock,
    ) -> None:
        self.reader = reader
        self.orders = orders
        self.wake_ups = wake_ups
        self.sessions = sessions
        self.clock = clock

    def open(self, subscriber: Subscriber, *, after_seq: int | None) -> "WalletFeed":
        """Return what happens after entry `after_seq`, or, when that is None, from now on."""
        return WalletFeed(self, subscriber, after_seq)


class WalletFeed:
    """The events of one stream, while its context is open: first `ready` or `reset`, then `change`, at last `end`."""

    def __init__(self, feeds: WalletFeeds, subscriber: Subscriber, after_seq: int | None) -> None:
        self._feeds = feeds
        self._subscriber = subscriber
        self._seq = after_seq
        self._started = self._ended = False
        self._listening = feeds.wake_ups.listening(subscriber.user_id)
        self._woken = asyncio.Event()
        self._look_at = 0.0

    def __enter__(self) -> Self:
        self._woken = self._listening.__enter__()
        return self

    def __exit__(self, *exit_info: object) -> None:
        self._listening.__exit__(None, None, None)

    async def next(self) -> bytes | None:
        """Wait for the next events, and return them encoded; None after the last. Nothing is lost by cancelling it."""
        if self._ended:
            return None
        if not self._started:
            return await self._first()
        while True:
            reason = await self._reason_to_end()
            if reason is not None:
                self._ended = True
                return f'event: end\ndata: {{"reason":"{reason}"}}\n\n'.encode()
            if self._is_time_to_look():
                events, seq = await self._changes()
                if events:
                    self._seq = seq
                    return events
                connected = self._feeds.wake_ups.connected
                self._look_at = self._now() + (_LOOK_ANYWAY_SECONDS if connected else _LOOK_SECONDS)
            await self._pause()

    async def _first(self) -> bytes:
        """Tell where the stream begins; that place is an id to resume from, too."""
        current = (await self._feeds.reader.wallet(self._subscriber.user_id)).seq
        wanted = current if self._seq is None else self._seq
        resumes = max(0, current - MAX_REPLAY) <= wanted <= current
        self._seq = wanted if resumes else current
        self._started = True
        name = "ready" if resumes else "reset"
        return encode_event(event_id=str(self._seq), event=name, data=_encoder.encode({"seq": self._seq}))

    async def _reason_to_end(self) -> str | None:
        if self._feeds.clock.now().timestamp() >= self._subscriber.expires_at:
            return "token_expired"
        if await self._feeds.sessions.is_ended(self._subscriber.session_id):
            return "session_ended"
        return None

    def _is_time_to_look(self) -> bool:
        # A wake-up becomes a time that is past, so that it outlives a look that is cancelled.
        if self._woken.is_set():
            self._woken.clear()
            self._look_at = 0.0
        return self._now() >= self._look_at

    async def _changes(self) -> tuple[bytes, int]:
        """Return the next entries as events, and the `seq` of the last of them."""
        user_id, seq = self._subscriber.user_id, self._seq or 0
        wallet = await self._feeds.reader.wallet(user_id)
        events: list[bytes] = []
        if wallet.seq > seq:
            async for entry in self._feeds.reader.entries(user_id, after_seq=seq):
                document = await self._document(entry, wallet)
                events.append(encode_event(event_id=str(entry.seq), event="change", data=_encoder.encode(document)))
                seq = entry.seq
                if len(events) == _CHUNK:
                    break
        return b"".join(events), seq

    async def _document(self, entry: Entry, wallet: Wallet) -> Document:
        order = await self._feeds.orders.find(entry.user_id, entry.order_id) if entry.order_id else None
        return {
            "seq": entry.seq,
            "kind": entry.kind.value,
            "transaction_id": entry.transaction_id,
            "timestamp": to_rfc3339(entry.created_at),
            "order": order_document(order) if order else None,
            "balances": [_balance(asset_id, *balance, wallet) for asset_id, balance in entry.after.items()],
        }

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._woken.wait()
        except TimeoutError:
            return

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _balance(asset_id: AssetId, posted: int, held: int, wallet: Wallet) -> Document:
    scale = wallet.holding(asset_id).scale
    return {
        "asset_id": asset_id,
        "quantity": format_units(posted, scale=scale),
        "available": format_units(posted - held, scale=scale),
        "held": format_units(held, scale=scale),
    }
