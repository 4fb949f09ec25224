"""Rate limits as Envoy filters.

Two limiters: one before the token is verified, a bucket for each address; one after it, a bucket for each rate class
and user, or address where no token is needed. A descriptor that names only its key gets a bucket for each value.
"""

from cnop_gateway.headers import response_mutation
from cnop_gateway.protobuf import Json, duration, extension, header, typed
from cnop_gateway.rates import Bucket, RateClass
from cnop_gateway.settings import GatewaySettings

METADATA = "cnop"
USER_CLASS = "user_class"
ADDRESS_CLASS = "address_class"
JWT_FILTER = "envoy.filters.http.jwt_authn"
JWT_PAYLOAD = "payload"
_CLASS = "rate_class"
_POLICY = "rate_policy"
HEADERS_FILTER = "cnop.rate_limit_headers"

# Envoy keeps the last 20 buckets unless told otherwise, and an evicted bucket is full again.
_BUCKETS = 100_000
# A subscriber of IPv6 commands a whole /64, so that is what counts as one address; services count the same way.
_ADDRESS_KEY = "masked_remote_address"
_ADDRESS: Json = {"masked_remote_address": {"v4_prefix_mask_len": 32, "v6_prefix_mask_len": 64}}
_MESSAGE = "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"
_QUOTA_HEADERS = {"x_ratelimit_option": "DRAFT_VERSION_03"}
_ALWAYS = {"numerator": 100, "denominator": "HUNDRED"}


def address_limit(settings: GatewaySettings) -> Json:
    """Return the filter that bounds everything one address sends."""
    return _limiter(
        "cnop.per_address",
        descriptors=[_descriptor([{"key": _ADDRESS_KEY}], settings.per_address)],
        rate_limits=[{"actions": [_ADDRESS]}],
    )


def client_limit(settings: GatewaySettings) -> Json:
    """Return the filter that bounds each user, or address, in each rate class."""
    user = {
        "metadata": {
            "descriptor_key": "user",
            "source": "DYNAMIC",
            "metadata_key": {"key": JWT_FILTER, "path": [{"key": JWT_PAYLOAD}, {"key": "sub"}]},
        }
    }
    descriptors = [
        _descriptor([{"key": key, "value": rate_class.value}, {"key": client}], bucket)
        for rate_class, bucket in settings.per_class.items()
        for key, client in ((USER_CLASS, "user"), (ADDRESS_CLASS, _ADDRESS_KEY))
    ]
    return _limiter(
        "cnop.per_client",
        descriptors=descriptors,
        rate_limits=[
            {"actions": [_route_class(USER_CLASS), user], **_QUOTA_HEADERS},
            {"actions": [_route_class(ADDRESS_CLASS), _ADDRESS], **_QUOTA_HEADERS},
        ],
    )


def quota_headers_filter() -> Json:
    """Return the filter that says in `RateLimit` what the limiter behind it says in `X-RateLimit-*`.

    It is skipped where the limiter has not spoken (draft-ietf-httpapi-ratelimit-headers).
    """
    remaining = f'"{_from_route(_CLASS)}";r=%RESP(X-RATELIMIT-REMAINING)%;t=%RESP(X-RATELIMIT-RESET)%'
    spoken = {
        "single_predicate": {
            "input": {
                "name": "remaining",
                "typed_config": typed(
                    "envoy.type.matcher.v3.HttpResponseHeaderMatchInput", header_name="x-ratelimit-remaining"
                ),
            },
            "value_match": {"safe_regex": {"google_re2": {}, "regex": "[0-9]+"}},
        }
    }
    skip = {"name": "skip", "typed_config": typed("envoy.extensions.filters.common.matcher.action.v3.SkipFilter")}
    return extension(
        HEADERS_FILTER,
        "envoy.extensions.common.matching.v3.ExtensionWithMatcher",
        xds_matcher={
            "matcher_list": {"matchers": [{"predicate": {"not_matcher": spoken}, "on_match": {"action": skip}}]}
        },
        extension_config=extension(
            "envoy.filters.http.header_mutation",
            "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
            # A service that refuses by a limit of its own has said so already; both are lists.
            **response_mutation(
                [
                    header("ratelimit", remaining, action="APPEND_IF_EXISTS_OR_ADD"),
                    header("ratelimit-policy", _from_route(_POLICY), action="APPEND_IF_EXISTS_OR_ADD"),
                ]
            ),
        ),
    )


def rate_class_metadata(settings: GatewaySettings, rate_class: RateClass, *, public: bool) -> Json:
    """Return the route metadata by which the limiter finds an operation's class, and clients learn of its policy."""
    bucket = settings.per_class[rate_class]
    window_seconds = max(1, round(bucket.burst * bucket.interval_seconds / bucket.requests))
    return {
        ADDRESS_CLASS if public else USER_CLASS: rate_class.value,
        _CLASS: rate_class.value,
        _POLICY: f'"{rate_class.value}";q={bucket.burst};w={window_seconds}',
    }


def _limiter(stat_prefix: str, *, descriptors: list[Json], rate_limits: list[Json]) -> Json:
    return extension(
        "envoy.filters.http.local_ratelimit",
        _MESSAGE,
        stat_prefix=stat_prefix,
        # Only requests without any descriptor would draw from this one; there are none, so it must not be what limits.
        token_bucket=_token_bucket(Bucket(burst=1_000_000, requests=1_000_000)),
        always_consume_default_token_bucket=False,
        max_dynamic_descriptors=_BUCKETS,
        filter_enabled={"runtime_key": f"{stat_prefix}.enabled", "default_value": _ALWAYS},
        filter_enforced={"runtime_key": f"{stat_prefix}.enforced", "default_value": _ALWAYS},
        descriptors=descriptors,
        rate_limits=rate_limits,
        enable_retry_after_header=True,
    )


def _descriptor(entries: list[Json], bucket: Bucket) -> Json:
    return {"entries": entries, "token_bucket": _token_bucket(bucket)}


def _token_bucket(bucket: Bucket) -> Json:
    return {
        "max_tokens": bucket.burst,
        "tokens_per_fill": bucket.requests,
        "fill_interval": duration(bucket.interval_seconds),
    }


def _from_route(key: str) -> str:
    return f"%METADATA(ROUTE:{METADATA}:{key})%"


def _route_class(key: str) -> Json:
    return {
        "metadata": {
            "descriptor_key": key,
            "source": "ROUTE_ENTRY",
            "metadata_key": {"key": METADATA, "path": [{"key": key}]},
        }
    }
