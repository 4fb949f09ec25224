"""Price ticks as server-sent events."""

import re
from collections.abc import Iterable
from typing import Annotated, Final

from fastapi import Depends, Header, Response

from cnop_inventory.api.models import problem
from cnop_inventory.api.rendering import render_tick
from cnop_inventory.application.price_tape import PriceTape
from cnop_platform.access import RateClass, public
from cnop_platform.app import provided, service_router
from cnop_platform.permissions import Permission
from cnop_platform.prices import Quote
from cnop_platform.request_context import RequestContext, request_context
from cnop_platform.shared_limits import source_of
from cnop_platform.streams import EventStream, Streams, encode_event

router = service_router(tags=["inventory"])

_EVENT_ID: Final = re.compile(r"[0-9]{1,15}", re.ASCII)
_EXAMPLE: Final = (
    'id: 1769860800000\nevent: prices\ndata: {"prices":[{"asset_id":"BTC","price_usd":43210.5,'
    '"last_updated":"2026-01-31T12:00:00.000Z"}]}\n\n'
)


@router.get(
    "/inventory/stream",
    response_class=Response,
    summary="Follow live prices",
    responses={
        200: {"description": "Price ticks", "content": {"text/event-stream": {"example": _EXAMPLE}}},
        429: problem("Too many streams are open"),
    },
)
async def stream_prices(
    _: Annotated[None, public(Permission.STREAM_PRICES, rate=RateClass.STREAM, stream=True)],
    tape: Annotated[PriceTape, provided(PriceTape)],
    streams: Annotated[Streams, provided(Streams)],
    context: Annotated[RequestContext, Depends(request_context)],
    last_event_id: Annotated[str | None, Header(max_length=100)] = None,
) -> Response:
    """Send all prices, then each change: one `prices` event a second, a comment every 15 seconds without one.

    `Last-Event-ID` resumes after that event where its successors are still known, and else begins with all prices.
    An id that is not one of ours counts as none.
    """
    known = last_event_id is not None and _EVENT_ID.fullmatch(last_event_id) is not None
    reader = tape.reader(last_event_id=int(last_event_id) if known and last_event_id else None)
    return EventStream(reader, slot=streams.open(source_of(context.client_address)))


def encode_tick(event_id: int, quotes: Iterable[Quote]) -> bytes:
    """Render a tick as an event."""
    return encode_event(event_id=str(event_id), event="prices", data=render_tick(quotes))
