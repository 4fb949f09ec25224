"""Route table compiled into Envoy configuration."""

from cnop_gateway.bootstrap import render, to_yaml
from cnop_gateway.certificates import watched
from cnop_gateway.envoy import EnvoyNotFound, InvalidConfiguration, find_envoy, validate
from cnop_gateway.operations import (
    Operation,
    OperationError,
    RouteCollision,
    UndeclaredAccess,
    UnknownService,
    operations_from_openapi,
)
from cnop_gateway.rates import Bucket, RateClass
from cnop_gateway.settings import EdgeLimits, GatewaySettings, Listener, ListenerTls, Tracing, Upstream, UpstreamTls

__all__ = [
    "Bucket",
    "EdgeLimits",
    "EnvoyNotFound",
    "GatewaySettings",
    "InvalidConfiguration",
    "Listener",
    "ListenerTls",
    "Operation",
    "OperationError",
    "RateClass",
    "RouteCollision",
    "Tracing",
    "UndeclaredAccess",
    "UnknownService",
    "Upstream",
    "UpstreamTls",
    "find_envoy",
    "operations_from_openapi",
    "render",
    "to_yaml",
    "validate",
    "watched",
]
