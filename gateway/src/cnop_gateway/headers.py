"""What is taken from requests before anything looks at them, and what every response carries."""

from enum import StrEnum

from cnop_gateway.protobuf import Json, extension, header

_API_POLICY = "default-src 'none'; frame-ancestors 'none'"
_PAGE_POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
# The stylesheet of the documentation page has its icons inside.
_DOCS_POLICY = f"{_PAGE_POLICY}; img-src 'self' data:"

# By these a client could pass for the gateway, another user or another address; `x-envoy-` steers Envoy itself.
_FORGED_PREFIXES = ("x-user-", "x-cnop-", "x-envoy-", "x-forwarded-client-", "x-auth-", "x-jwt-")
_FORGED = (
    "forwarded",
    "proxy",
    "x-client-ip",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-server",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-host",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
    "x-role",
    "x-roles",
    "true-client-ip",
)
_UUID = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_KEPT_ID = "x-cnop-kept-request-id"


def request_cleaning() -> Json:
    """Return the step that runs before routing: forged headers go, and a request id that is not a UUID.

    Envoy makes a new id where none is left. A header cannot be removed by its value, so a good id is set aside,
    the header dropped, and the id put back.
    """
    header_value = "request.headers['x-request-id']"
    kept = f"%CEL({header_value}.matches('{_UUID}') ? {header_value} : '')%"
    mutations: list[Json] = [
        *({"remove_on_match": {"key_matcher": {"prefix": prefix}}} for prefix in _FORGED_PREFIXES),
        *({"remove": name} for name in _FORGED),
        {"append": header(_KEPT_ID, kept)},
        {"remove": "x-request-id"},
        {"append": header("x-request-id", f"%REQ({_KEPT_ID})%")},
        {"remove": _KEPT_ID},
    ]
    return extension(
        "envoy.http.early_header_mutation.header_mutation",
        "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
        mutations=mutations,
    )


class Content(StrEnum):
    """What a response is to a browser: data, the page, or the documentation page."""

    API = _API_POLICY
    PAGE = _PAGE_POLICY
    DOCS = _DOCS_POLICY


def security_headers(content: Content, *, hsts_seconds: int) -> list[Json]:
    """Return the headers that browsers are bound by; for so long they shall come back by TLS only, 0: as they like."""
    headers = [
        header("x-content-type-options", "nosniff"),
        header("x-frame-options", "DENY"),
        header("referrer-policy", "no-referrer"),
        header("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"),
        header("cross-origin-opener-policy", "same-origin"),
        header("cross-origin-resource-policy", "same-origin"),
        header("content-security-policy", content.value),
    ]
    if content is Content.API:
        headers.append(header("cache-control", "no-store", action="ADD_IF_ABSENT"))
    if hsts_seconds:
        headers.append(header("strict-transport-security", f"max-age={hsts_seconds}; includeSubDomains"))
    return headers


def response_mutation(headers: list[Json]) -> Json:
    """Return the filter (or a route's override of it) that sets `headers` on every response."""
    return {"mutations": {"response_mutations": [{"append": each} for each in headers]}}
