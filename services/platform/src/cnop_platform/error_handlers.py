"""Turns expected failures into problem documents; what nobody expected is answered by the edge."""

from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from cnop_core.errors import CnopError, FieldError, RateLimited, Unauthenticated, Unavailable
from cnop_platform.problem import problem_response, status_of
from cnop_platform.shared_limits import SharedLimitReached

_log = structlog.get_logger()
_LOCATIONS = ("body", "query", "path", "header", "cookie")


def install_error_handlers(app: FastAPI) -> None:
    """Make every expected error of the app a problem document."""
    app.add_exception_handler(CnopError, _expected)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def _expected(request: Request, error: Exception) -> Response:
    if not isinstance(error, CnopError):
        raise error
    status = status_of(error)
    if status >= 500:
        _log.warning("request_failed", code=error.stable_code, reason=error.message)
    headers: dict[str, str] = {}
    if isinstance(error, RateLimited | Unavailable):
        headers["Retry-After"] = str(error.retry_after_seconds)
        if isinstance(error, SharedLimitReached):
            headers |= error.headers
    elif isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="cnop"'
    elif status == 503:
        headers["Retry-After"] = "1"
    message = error.message if status != 500 else "an unexpected error occurred"
    return problem_response(
        request, status=status, message=message, code=error.stable_code, errors=error.errors, headers=headers
    )


async def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    found = tuple(_field_error(each) for each in error.errors())
    return problem_response(
        request, status=422, message="the request is not valid; see errors", code="VALIDATION_ERROR", errors=found
    )


def _field_error(error: Mapping[str, Any]) -> FieldError:
    if error["type"] == "json_invalid":
        return FieldError("body", str(error["ctx"]["error"]))
    return FieldError(_field_path(error["loc"]), _plain(error))


def _field_path(location: tuple[int | str, ...]) -> str:
    parts = location[1:] if location and location[0] in _LOCATIONS else location
    return ".".join(str(part) for part in parts) or "body"


def _plain(error: Mapping[str, Any]) -> str:
    message = str(error["msg"]).removeprefix("Value error, ")
    return "this field is not known" if error["type"] == "extra_forbidden" else message


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return problem_response(
        request, status=error.status_code, message=_sentence(error.status_code, error.detail), headers=error.headers
    )


def _sentence(status: int, detail: str) -> str:
    return {404: "there is nothing at this path", 405: "this path does not support the method"}.get(status, detail)
