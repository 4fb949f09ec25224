"""One's own order and balance changes as server-sent events."""

import re
from typing import Annotated, Any, Final

from fastapi import Header
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from cnop_orders.application.wallet_feed import Subscriber, WalletFeed, WalletFeeds
from cnop_platform.access import Principal, RateClass, requires
from cnop_platform.app import provided, service_router
from cnop_platform.permissions import Permission
from cnop_platform.streams import EventStream, Streams, StreamSlot

router = service_router(tags=["orders"])

_SEQ: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_DESCRIPTION: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Events: `ready` (or `reset`: read the lists anew), then `change` for each, and `end`",
        "content": {
            "text/event-stream": {
                "example": 'id: 42\nevent: change\ndata: {"seq":42,"kind":"buy","transaction_id":"txn_…",'
                '"timestamp":"2026-01-31T12:00:00.000Z","order":{},"balances":[]}\n\n'
            }
        },
    }
}


class WalletEventStream(EventStream):
    """The response that carries a wallet's feed, which listens for as long as the response lasts."""

    def __init__(self, feed: WalletFeed, *, slot: StreamSlot) -> None:
        super().__init__(feed, slot=slot)
        self._feed = feed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the session ends, the reader leaves or lags, or the process stops."""
        with self._feed:
            await super().__call__(scope, receive, send)


@router.get("/orders/stream", response_class=Response, responses=_DESCRIPTION)
async def stream_changes(
    principal: Annotated[Principal, requires(Permission.STREAM_ORDERS, rate=RateClass.STREAM, stream=True)],
    feeds: Annotated[WalletFeeds, provided(WalletFeeds)],
    streams: Annotated[Streams, provided(Streams)],
    last_event_id: Annotated[str | None, Header(max_length=100)] = None,
) -> Response:
    """Follow one's own order and balance changes; `Last-Event-ID` resumes without a gap.

    An event's id is the `seq` of the ledger entry behind it. An id that is not one counts as none.
    The stream ends with the token, or at once when the session ends.
    """
    known = last_event_id is not None and _SEQ.fullmatch(last_event_id) is not None
    subscriber = Subscriber(principal.user_id, principal.session_id, principal.expires_at)
    feed = feeds.open(subscriber, after_seq=int(last_event_id) if known and last_event_id else None)
    return WalletEventStream(feed, slot=streams.open(principal.user_id))
