"""The route table: one Envoy route for each operation, then a 405 for each known path, then 404."""

from collections.abc import Iterable

from cnop_gateway import identity
from cnop_gateway.clusters import STREAM_PRIORITY, WEB
from cnop_gateway.headers import Content, response_mutation, security_headers
from cnop_gateway.limits import METADATA, rate_class_metadata
from cnop_gateway.operations import Access, Operation, methods_by_path
from cnop_gateway.protobuf import Json, duration, extension, header, literal, typed
from cnop_gateway.rates import RateClass
from cnop_gateway.replies import TIMESTAMP
from cnop_gateway.settings import GatewaySettings, Listener
from cnop_gateway.templates import PathTemplate, parse
from cnop_gateway.tracing import untraced

API_PREFIX = "/api/v1"
GATEWAY_HEADER = "x-cnop-gateway"
HEADER_FILTER = "envoy.filters.http.header_mutation"
BUFFER_FILTER = "envoy.filters.http.buffer"
CORS_FILTER = "envoy.filters.http.cors"
SMALLEST_BODY_BYTES = 1_024

_DOCS = ("/docs", "/docs/{asset}")
_READS = ("GET", "HEAD")
_WEB_SECONDS = 10


def web_operations() -> tuple[Operation, ...]:
    """Return what the page process answers under the prefix, which it sees unchanged."""
    paths = {"/openapi.json": RateClass.READ, "/health": RateClass.PROBE, **dict.fromkeys(_DOCS, RateClass.READ)}
    return tuple(
        Operation(
            service=WEB,
            method=method,
            path=parse(path),
            access=Access(permission=None, roles=frozenset({"public"}), rate_class=rate),
        )
        for path, rate in paths.items()
        for method in _READS
    )


def gateway_routes(settings: GatewaySettings, operations: tuple[Operation, ...]) -> list[Json]:
    """Return the routes of the gateway's listener: its own health, the API, and nothing else."""
    return [
        _two_hosts(),
        _health(settings),
        _method_not_allowed({"safe_regex": _regex("^/health/?$")}, "/health", _READS),
        *_api_routes(settings, settings.gateway, operations),
        _not_found({"prefix": "/"}),
    ]


def page_routes(settings: GatewaySettings, operations: tuple[Operation, ...]) -> list[Json]:
    """Return the routes of the page's listener: the API, and everything else from the page process."""
    return [
        _two_hosts(),
        *_api_routes(settings, settings.page, operations),
        _page_route(settings, settings.page),
        _method_not_allowed({"prefix": "/"}, "page", _READS),
    ]


def route_configuration(settings: GatewaySettings, name: str, routes: list[Json]) -> Json:
    """Return the route configuration of a listener, with what holds for all requests to services."""
    return {
        "name": name,
        "virtual_hosts": [
            {
                "name": name,
                "domains": ["*"],
                "routes": routes,
                "typed_per_filter_config": {CORS_FILTER: _cors(settings)},
            }
        ],
        "request_headers_to_add": [
            header(GATEWAY_HEADER, _secret(settings)),
            header("x-forwarded-for", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"),
        ],
        "request_headers_to_remove": ["x-envoy-internal", "x-envoy-external-address"],
        "response_headers_to_remove": ["server", "x-powered-by", "x-envoy-upstream-service-time"],
    }


def _secret(settings: GatewaySettings) -> str:
    if settings.gateway_secret is not None:
        return literal(settings.gateway_secret.get_secret_value())
    return f"%ENVIRONMENT({settings.gateway_secret_variable})%"


def _api_routes(settings: GatewaySettings, door: Listener, operations: tuple[Operation, ...]) -> list[Json]:
    return [
        _preflight(),
        *(_operation_route(settings, door, operation) for operation in operations),
        *(_wrong_method(path, methods) for path, methods in methods_by_path(operations).items()),
        _not_found({"path_separated_prefix": API_PREFIX}),
    ]


def _operation_route(settings: GatewaySettings, door: Listener, operation: Operation) -> Json:
    access = operation.access
    path = operation.path
    filters = identity.anyone() if access.public else identity.only(access.roles)
    if operation.service == WEB and path.text in _DOCS:
        filters |= _rendered(settings, Content.DOCS, door)
    removed = [] if access.cookie else ["cookie"]
    rate = rate_class_metadata(settings, access.rate_class, public=access.public)
    return {
        "name": operation.name,
        "match": _match(path, operation.method),
        "route": _action(operation),
        "metadata": _metadata(operation.name, API_PREFIX + path.text, rate),
        "request_headers_to_remove": [*removed, "authorization"] if access.public else removed,
        "response_headers_to_remove": [] if access.cookie else ["set-cookie"],
        "typed_per_filter_config": {**filters, BUFFER_FILTER: _body_limit(access.body_limit_bytes)},
    }


def _action(operation: Operation) -> Json:
    access = operation.access
    action: Json = {
        "cluster": operation.service,
        "host_rewrite_literal": operation.service,
        "timeout": duration(0 if access.stream else access.timeout_seconds),
    }
    if operation.service != WEB:
        action["regex_rewrite"] = {"pattern": _regex(f"^{API_PREFIX}(/.*?)/?$"), "substitution": r"\1"}
    if access.stream:
        action["priority"] = STREAM_PRIORITY
    else:
        action["retry_policy"] = _retry_reads() if operation.method in _READS else _retry_unsent()
    return action


def _page_route(settings: GatewaySettings, door: Listener) -> Json:
    filters = identity.anyone() | _rendered(settings, Content.PAGE, door)
    return {
        "name": "page",
        "match": {"prefix": "/", "headers": [_reads()]},
        "route": {
            "cluster": WEB,
            "host_rewrite_literal": WEB,
            "timeout": duration(_WEB_SECONDS),
            "retry_policy": _retry_reads(),
        },
        "metadata": {"filter_metadata": {METADATA: {"operation": "page", "route": "page"}}},
        "request_headers_to_remove": ["cookie", "authorization"],
        "response_headers_to_remove": ["set-cookie"],
        "typed_per_filter_config": filters,
    }


def _rendered(settings: GatewaySettings, content: Content, door: Listener) -> Json:
    secured = security_headers(content, hsts_seconds=settings.hsts(door))
    message = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute"
    return {HEADER_FILTER: typed(message, **response_mutation(secured))}


def _health(settings: GatewaySettings) -> Json:
    body = {
        "status": "healthy",
        "service": "gateway",
        "version": literal(settings.version),
        "timestamp": TIMESTAMP,
        "environment": literal(settings.environment),
        "checks": {},
    }
    return {
        "name": "gateway health",
        "match": {"safe_regex": _regex("^/health/?$"), "headers": [_reads()]},
        "direct_response": {
            "status": 200,
            "body_format": {"content_type": "application/json", "json_format": body},
        },
        "metadata": _metadata("gateway health", "/health", rate_class_metadata(settings, RateClass.PROBE, public=True)),
        "typed_per_filter_config": identity.anyone(),
        **untraced(settings),
    }


def _wrong_method(path: PathTemplate, methods: Iterable[str]) -> Json:
    return _method_not_allowed({"safe_regex": _regex(path.regex(API_PREFIX))}, API_PREFIX + path.text, methods)


def _method_not_allowed(match: Json, path: str, methods: Iterable[str]) -> Json:
    return {
        "name": f"method not allowed {path}",
        "match": match,
        "direct_response": {"status": 405},
        "metadata": _metadata("method not allowed", path, {}),
        "response_headers_to_add": [header("allow", ", ".join(methods))],
        "typed_per_filter_config": identity.anyone(),
    }


def _not_found(match: Json) -> Json:
    return {
        "name": "not found",
        "match": match,
        "direct_response": {"status": 404},
        "metadata": {"filter_metadata": {METADATA: {"operation": "not found", "route": "unmatched"}}},
        "typed_per_filter_config": identity.anyone(),
    }


def _two_hosts() -> Json:
    # Envoy joins repeated Host headers by a comma; RFC 9112, section 3.2, has such a request refused.
    return {
        "name": "two hosts",
        "match": {"prefix": "/", "headers": [{"name": ":authority", "string_match": {"contains": ","}}]},
        "direct_response": {"status": 400},
        "metadata": {"filter_metadata": {METADATA: {"operation": "two hosts", "route": "unmatched"}}},
        "typed_per_filter_config": identity.anyone(),
    }


def _match(path: PathTemplate, method: str) -> Json:
    is_method = {"name": ":method", "string_match": {"exact": method}}
    return {"safe_regex": _regex(path.regex(API_PREFIX)), "headers": [is_method]}


def _reads() -> Json:
    return {"name": ":method", "string_match": {"safe_regex": _regex("GET|HEAD")}}


def _regex(pattern: str) -> Json:
    return {"regex": pattern}


def _metadata(operation: str, path: str, rate: Json) -> Json:
    return {"filter_metadata": {METADATA: {"operation": operation, "route": path, **rate}}}


def _retry_reads() -> Json:
    return _retry("connect-failure,refused-stream,reset-before-request")


def _retry_unsent() -> Json:
    # Whatever changes something is sent at most once: only where no connection came to be, another replica is tried.
    return _retry("connect-failure")


def _retry(conditions: str) -> Json:
    return {
        "retry_on": conditions,
        "num_retries": 2,
        "retry_host_predicate": [
            extension(
                "envoy.retry_host_predicates.previous_hosts",
                "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
            )
        ],
        "host_selection_retry_max_attempts": 3,
        "retry_back_off": {"base_interval": duration(0.025), "max_interval": duration(0.25)},
    }


def _body_limit(limit_bytes: int) -> Json:
    return typed("envoy.extensions.filters.http.buffer.v3.BufferPerRoute", buffer={"max_request_bytes": limit_bytes})


def _preflight() -> Json:
    # The CORS filter answers these itself, but only on a route that leads somewhere; this one demands a token.
    asked = [{"name": name, "present_match": True} for name in ("origin", "access-control-request-method")]
    return {
        "name": "preflight",
        "match": {
            "path_separated_prefix": API_PREFIX,
            "headers": [{"name": ":method", "string_match": {"exact": "OPTIONS"}}, *asked],
        },
        "route": {"cluster": WEB},
        "metadata": {"filter_metadata": {METADATA: {"operation": "preflight", "route": "preflight"}}},
    }


def _cors(settings: GatewaySettings) -> Json:
    return typed(
        "envoy.extensions.filters.http.cors.v3.CorsPolicy",
        allow_origin_string_match=[{"exact": origin} for origin in settings.cors_origins],
        allow_methods="GET, POST, PUT, PATCH, DELETE",
        allow_headers="authorization, content-type, idempotency-key, last-event-id, traceparent, x-request-id",
        expose_headers=(
            "idempotency-replayed, ratelimit, ratelimit-policy, retry-after, www-authenticate, x-ratelimit-limit, "
            "x-ratelimit-remaining, x-ratelimit-reset, x-request-id"
        ),
        max_age="600",
        # A bearer token is all that another origin may use; cookies belong to the page's own origin.
        allow_credentials=False,
        forward_not_matching_preflights=False,
    )
