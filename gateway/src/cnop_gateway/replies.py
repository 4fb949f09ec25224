"""The gateway's own replies as RFC 9457 problem documents, in the shape that the services use."""

from dataclasses import dataclass

from cnop_gateway.protobuf import Json, extension, header

TIMESTAMP = "%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%"
# A request that cannot even be parsed has no headers and so no id; the client's address and port find it in the log.
REQUEST_ID = (
    '%COALESCE({"operators": [{"command": "REQ", "param": "X-REQUEST-ID"}, "DOWNSTREAM_DIRECT_REMOTE_ADDRESS"]})%'
)
_CHALLENGE = 'Bearer realm="cnop"'


@dataclass(frozen=True, slots=True)
class _Reply:
    code: str
    title: str
    message: str
    status: int | None = None
    # For what the token filter refuses: how Envoy words the reason begins with this.
    refused_for: str | None = None
    send_as: int | None = None
    challenge: str | None = None


# The first that fits is used.
_REPLIES = (
    _Reply(
        refused_for="Jwt_is_missing",
        code="AUTH_002",
        title="Unauthorized",
        message="An access token is needed: send Authorization: Bearer <token>.",
        challenge=_CHALLENGE,
    ),
    _Reply(
        refused_for="Jwks_remote_fetch_is_failed",
        code="SVC_001",
        title="Service Unavailable",
        message="The keys that tokens are verified with are not available yet. Try again shortly.",
        send_as=503,
    ),
    _Reply(
        refused_for="",
        send_as=401,
        code="AUTH_003",
        title="Unauthorized",
        message="The access token is invalid or has expired.",
        challenge=f'{_CHALLENGE}, error="invalid_token"',
    ),
    _Reply(status=400, code="BAD_REQUEST", title="Bad Request", message="The request is not well-formed HTTP."),
    _Reply(status=403, code="PERM_001", title="Forbidden", message="Your roles do not allow this operation."),
    _Reply(status=404, code="NOT_FOUND", title="Not Found", message="There is nothing at this path."),
    _Reply(
        status=405,
        code="METHOD_NOT_ALLOWED",
        title="Method Not Allowed",
        message="This path does not answer that method; the Allow header lists those it does.",
    ),
    _Reply(
        status=408, code="REQUEST_TIMEOUT", title="Request Timeout", message="The request was not received in time."
    ),
    _Reply(status=413, code="PAYLOAD_TOO_LARGE", title="Content Too Large", message="The request body is too large."),
    _Reply(
        status=426,
        code="UPGRADE_REQUIRED",
        title="Upgrade Required",
        message="HTTP/1.1 or HTTP/2 is needed.",
    ),
    _Reply(
        status=429,
        code="RATE_001",
        title="Too Many Requests",
        message="Too many requests. Wait as long as the Retry-After header says.",
    ),
    _Reply(
        status=431,
        code="HEADERS_TOO_LARGE",
        title="Request Header Fields Too Large",
        message="The request headers are too large or too many.",
    ),
    _Reply(
        status=503,
        code="SVC_001",
        title="Service Unavailable",
        message="The service behind this path is away. Try again shortly.",
    ),
    _Reply(status=504, code="SVC_002", title="Gateway Timeout", message="The service behind this path took too long."),
)


def local_reply_config(security_headers: list[Json]) -> Json:
    """Return the mapping from Envoy's own replies to problem documents.

    `security_headers` are added here too, for the replies that Envoy gives before any filter has run.
    """
    mappers = [_mapper(reply, security_headers) for reply in _REPLIES]
    mappers.append(
        {
            "filter": _status_filter("GE", 400),
            "body_format_override": _problem("INTERNAL_ERROR", "Error", "The gateway could not handle the request."),
            "headers_to_add": security_headers,
        }
    )
    return {"mappers": mappers}


def _mapper(reply: _Reply, security_headers: list[Json]) -> Json:
    added = [*security_headers]
    if reply.challenge:
        added.append(header("www-authenticate", reply.challenge))
    mapper: Json = {
        "filter": _condition(reply),
        "body_format_override": _problem(reply.code, reply.title, reply.message),
        "headers_to_add": added,
    }
    if reply.send_as:
        mapper["status_code"] = reply.send_as
    return mapper


def _problem(code: str, title: str, message: str) -> Json:
    return {
        "content_type": "application/problem+json",
        "json_format": {
            "type": "about:blank",
            "title": title,
            "status": "%RESPONSE_CODE%",
            "detail": message,
            "code": code,
            "message": message,
            "error": title,
            "timestamp": TIMESTAMP,
            "request_id": REQUEST_ID,
        },
    }


def _status_filter(operator: str, status: int) -> Json:
    value = {"default_value": status, "runtime_key": f"cnop.reply.{operator.lower()}.{status}"}
    return {"status_code_filter": {"comparison": {"op": operator, "value": value}}}


def _condition(reply: _Reply) -> Json:
    if reply.refused_for is None:
        return _status_filter("EQ", reply.status or 0)
    prefix = f"jwt_authn_access_denied{{{reply.refused_for}"
    return {
        "extension_filter": extension(
            "envoy.access_loggers.extension_filters.cel",
            "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
            expression=f"response.code_details.startsWith('{prefix}')",
        )
    }
