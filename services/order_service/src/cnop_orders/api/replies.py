"""How answers leave, and the identity of whoever asked, as the use cases need it."""

from collections.abc import Callable
from typing import Any

from starlette.responses import JSONResponse, Response

from cnop_core.errors import InvalidInput
from cnop_ledger import Origin, Outcome
from cnop_orders.application.people import Person
from cnop_orders.application.requests import Sent
from cnop_orders.application.trading import Caller, Promise
from cnop_platform.access import Principal
from cnop_platform.request_context import RequestContext

CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {
        "description": "Problem: the order is closed, the price moved, or the key was used for another request",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
UNKNOWN_PERSON: dict[int | str, dict[str, Any]] = {
    404: {
        "description": "Problem: there is nobody of this name whose orders the caller may read",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}


def caller(principal: Principal, context: RequestContext) -> Caller:
    """Return who asks, as the ledger will record it."""
    return Caller(principal.user_id, Origin(principal.user_id, principal.session_id, context.request_id))


def person(principal: Principal) -> Person:
    """Return the caller by id and name."""
    return Person(principal.user_id, principal.username)


def promise(sent: Callable[[], Sent], *, header: str | None, client_order_id: str | None = None) -> Promise | None:
    """Return the idempotency promise of a request, if it makes one. Two different keys raise `InvalidInput`."""
    if header is not None and client_order_id is not None and header != client_order_id:
        raise InvalidInput("Idempotency-Key and client_order_id differ; send one of them, or the same in both")
    key = header if header is not None else client_order_id
    return Promise(key, sent()) if key is not None else None


def reply(outcome: Outcome) -> Response:
    """Return what the ledger answered; a repetition is byte for byte the first answer, and says so."""
    headers = {"Idempotency-Replayed": "true"} if outcome.replayed else None
    return Response(outcome.response.body, outcome.response.status, headers, media_type="application/json")


def page(data: list[dict[str, object]], next_cursor: str | None) -> Response:
    """Return one page of a list."""
    return JSONResponse({"data": data, "has_more": next_cursor is not None, "next_cursor": next_cursor})
