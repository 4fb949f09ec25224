"""Errors as RFC 9457 problem documents; the one table that maps kinds of failure to HTTP statuses."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from cnop_core import errors
from cnop_core.clock import to_rfc3339
from cnop_platform.system import SystemClock

STATUS_OF: Mapping[type[errors.CnopError], int] = {
    errors.InvalidInput: 422,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.RateLimited: 429,
    errors.Unavailable: 503,
}
_CODE_OF_STATUS = {
    400: "BAD_REQUEST",
    401: "AUTH_003",
    403: "PERM_001",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    409: "CONFLICT",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    422: "VALIDATION_ERROR",
    429: "RATE_001",
    503: "SVC_001",
    504: "SVC_002",
}
PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "message", "error", "timestamp", "request_id"],
    "properties": {
        **{name: {"type": "string"} for name in ("type", "title", "detail", "code", "message", "error", "timestamp")},
        "status": {"type": "integer"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


def status_of(error: errors.CnopError) -> int:
    """Return the HTTP status for a failure: that of its nearest ancestor in the table, else 500."""
    return next((STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF), 500)


def problem_response(
    request: Request,
    *,
    status: int,
    message: str,
    code: str | None = None,
    errors: Sequence[errors.FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Render one problem document with the members that every error of the platform carries."""
    title = HTTPStatus(status).phrase
    context = getattr(request.state, "context", None)
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": message,
        "code": code or _CODE_OF_STATUS.get(status, "INTERNAL_ERROR"),
        "message": message,
        "error": title,
        "timestamp": to_rfc3339(SystemClock().now()),
        "request_id": context.request_id if context else "",
    }
    if errors:
        document["errors"] = [{"field": each.field, "message": each.message} for each in errors]
    return JSONResponse(document, status, headers=dict(headers or {}), media_type="application/problem+json")
