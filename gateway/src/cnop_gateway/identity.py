"""Token verification and roles, as Envoy filters that deny unless a route says otherwise."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from cnop_gateway.clusters import key_cluster
from cnop_gateway.limits import JWT_FILTER, JWT_PAYLOAD
from cnop_gateway.protobuf import Json, duration, extension, typed
from cnop_gateway.settings import GatewaySettings

RBAC_FILTER = "envoy.filters.http.rbac"
_PROVIDER = "access_token"
_CLOCK_SKEW_SECONDS = 5
_CACHED_TOKENS = 5_000
_CACHED_TOKEN_BYTES = 2_048
_JWT = "envoy.extensions.filters.http.jwt_authn.v3"
_RBAC = "envoy.extensions.filters.http.rbac.v3"


def token_filter(settings: GatewaySettings) -> Json:
    """Return the filter that verifies access tokens (RFC 9068) wherever a route does not switch it off.

    The keys decide the algorithm: the set holds P-256 keys only, so `none` and HMAC tokens find no key. The token goes
    on to the service, which verifies it again; what it says goes nowhere else but into this request's metadata.
    """
    provider: Json = {
        "issuer": settings.issuer,
        "audiences": [settings.audience],
        "require_expiration": True,
        "clock_skew_seconds": _CLOCK_SKEW_SECONDS,
        "forward": True,
        "from_headers": [{"name": "authorization", "value_prefix": "Bearer "}],
        "payload_in_metadata": JWT_PAYLOAD,
        # Checking a signature costs more than all else we do, so a verified token is remembered until it expires, even
        # when its key is withdrawn meanwhile. The service, which verifies it again and knows revocations, decides.
        "jwt_cache_config": {"jwt_cache_size": _CACHED_TOKENS, "jwt_max_token_size": _CACHED_TOKEN_BYTES},
        **_keys(settings),
    }
    return extension(
        JWT_FILTER,
        f"{_JWT}.JwtAuthentication",
        providers={_PROVIDER: provider},
        rules=[{"match": {"prefix": "/"}, "requires": {"provider_name": _PROVIDER}}],
    )


def role_filter() -> Json:
    """Return the filter that admits nobody, until a route names its roles or lifts it."""
    return extension(RBAC_FILTER, f"{_RBAC}.RBAC", rules={"action": "ALLOW", "policies": {}})


def anyone() -> Json:
    """Return the route overrides of an operation that needs no token."""
    return {
        JWT_FILTER: typed(f"{_JWT}.PerRouteConfig", disabled=True),
        RBAC_FILTER: typed(f"{_RBAC}.RBACPerRoute"),
    }


def only(roles: Iterable[str]) -> Json:
    """Return the route override that admits verified tokens with at least one of `roles`."""
    policy = {"permissions": [{"any": True}], "principals": [_has_role(role) for role in sorted(roles)]}
    rules = {"action": "ALLOW", "policies": {"roles": policy}}
    return {RBAC_FILTER: typed(f"{_RBAC}.RBACPerRoute", rbac={"rules": rules})}


def _has_role(role: str) -> Json:
    matcher = {
        "filter": JWT_FILTER,
        "path": [{"key": JWT_PAYLOAD}, {"key": "roles"}],
        "value": {"list_match": {"one_of": {"string_match": {"exact": role}}}},
    }
    return {"sourced_metadata": {"metadata_matcher": matcher, "metadata_source": "DYNAMIC"}}


def _keys(settings: GatewaySettings) -> Json:
    if settings.jwks_uri is None:
        return {"local_jwks": {"inline_string": settings.jwks_inline}}
    return {
        "remote_jwks": {
            "http_uri": {
                "uri": settings.jwks_uri,
                "cluster": key_cluster(settings, urlsplit(settings.jwks_uri)),
                "timeout": duration(2),
            },
            "cache_duration": duration(settings.jwks_refresh_seconds),
            # Fetched in the background, without keeping the listener shut; tried again each second until it succeeds.
            "async_fetch": {"fast_listener": True, "failed_refetch_duration": duration(1)},
        }
    }
