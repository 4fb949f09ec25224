"""What is known of a request wherever it is handled: its id, its trusted source address, its user agent."""

import hmac
import re
from dataclasses import dataclass
from uuid import uuid4

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import Scope

GATEWAY_HEADER = "x-cnop-gateway"
GATEWAY_NAME = "gateway"
"""What the gateway's client certificate calls it."""
CLIENT_ADDRESS_HEADER = "x-forwarded-for"
REQUEST_ID_HEADER = "x-request-id"
TRACE_HEADER = "traceparent"
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}", re.ASCII)
# W3C Trace Context: version, trace id, parent id, flags.
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)
_USER_AGENT_LENGTH = 200


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Facts about one request that logs, audit records and ledger entries carry."""

    request_id: str
    client_address: str
    user_agent: str
    via_gateway: bool
    trace_id: str | None = None
    """The trace that the gateway says the request is part of."""


def build_context(scope: Scope, *, gateway_secret: str) -> RequestContext:
    """Read the context from a request; forwarding headers count only with the gateway's certificate or secret."""
    headers = Headers(scope=scope)
    trusted = scope.get("state", {}).get("caller") == GATEWAY_NAME or (
        bool(gateway_secret) and hmac.compare_digest(headers.get(GATEWAY_HEADER, "").encode(), gateway_secret.encode())
    )
    peer = scope["client"][0] if scope.get("client") else "unknown"
    offered_id = headers.get(REQUEST_ID_HEADER, "")
    return RequestContext(
        request_id=offered_id if trusted and _REQUEST_ID.fullmatch(offered_id) else str(uuid4()),
        client_address=headers.get(CLIENT_ADDRESS_HEADER, peer) if trusted else peer,
        user_agent=headers.get("user-agent", "")[:_USER_AGENT_LENGTH],
        via_gateway=trusted,
        trace_id=_trace_id(headers.get(TRACE_HEADER)) if trusted else None,
    )


def _trace_id(traceparent: str | None) -> str | None:
    found = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    return found[1] if found else None


async def request_context(connection: HTTPConnection) -> RequestContext:
    """Give a handler the context of its request (use with `Depends`)."""
    context: RequestContext = connection.state.context
    return context
