"""The whole configuration of one Envoy process."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from cnop_gateway.clusters import WEB, clusters
from cnop_gateway.figures import admin_cluster, figures_listener
from cnop_gateway.listeners import listener
from cnop_gateway.operations import Operation, arrange
from cnop_gateway.protobuf import Json, extension
from cnop_gateway.routes import gateway_routes, page_routes, route_configuration, web_operations
from cnop_gateway.settings import GatewaySettings
from cnop_gateway.tracing import trace_clusters

_MEGABYTE = 1_048_576
# Shorter parts are easier to read in place than behind a reference.
_WORTH_SHARING = 60


def render(settings: GatewaySettings, operations: Iterable[Operation]) -> Json:
    """Return Envoy's bootstrap configuration.

    With `gateway_secret` it holds the gateway's secret: store it unreadable for others. With
    `gateway_secret_variable` it holds none.

    Raises `RouteCollision` and `UnknownService`.
    """
    table = arrange((*operations, *web_operations()), (*settings.upstreams, WEB))
    doors = (
        ("gateway", settings.gateway, gateway_routes(settings, table)),
        ("page", settings.page, page_routes(settings, table)),
    )
    return {
        "node": {"id": "gateway", "cluster": "cnop"},
        "admin": _admin(settings),
        "static_resources": {
            "listeners": [
                listener(settings, name, where, route_configuration(settings, name, routes))
                for name, where, routes in doors
            ]
            + ([figures_listener(settings.metrics)] if settings.metrics else []),
            "clusters": [
                *clusters(settings),
                *([admin_cluster(settings.admin_port)] if settings.metrics else []),
                *trace_clusters(settings),
            ],
        },
        "overload_manager": _overload_manager(settings),
    }


def to_yaml(config: Json) -> str:
    """Return the configuration as YAML; what repeats is written once and referred to (a quarter of the size)."""
    return yaml.safe_dump(_shared(config, {}), sort_keys=False, width=120)


def _shared(value: Any, known: dict[str, Any]) -> Any:
    """Return `value` with equal parts being one object, which YAML's dumper writes once."""
    if isinstance(value, Mapping):
        value = {key: _shared(each, known) for key, each in value.items()}
    elif isinstance(value, list):
        value = [_shared(each, known) for each in value]
    else:
        return value
    text = json.dumps(value)
    return known.setdefault(text, value) if len(text) > _WORTH_SHARING else value


def _admin(settings: GatewaySettings) -> Json:
    # Readiness and figures only: a dump of the configuration would show the secret, and anybody here could stop Envoy.
    drain = [{"prefix": "/drain_listeners"}] if settings.admin_drain else []
    return {
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": settings.admin_port}},
        "allow_paths": [{"exact": "/ready"}, {"prefix": "/stats"}, {"exact": "/server_info"}, *drain],
        "ignore_global_conn_limit": True,
    }


def _overload_manager(settings: GatewaySettings) -> Json:
    bounds = settings.limits
    heap = "envoy.resource_monitors.fixed_heap"
    return {
        "refresh_interval": "0.250s",
        "resource_monitors": [
            extension(
                heap,
                "envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
                max_heap_size_bytes=bounds.heap_megabytes * _MEGABYTE,
            ),
            extension(
                "envoy.resource_monitors.global_downstream_max_connections",
                "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                max_active_downstream_connections=bounds.connections,
            ),
        ],
        "actions": [
            _heap_action(heap, "envoy.overload_actions.shrink_heap", 0.9),
            _heap_action(heap, "envoy.overload_actions.stop_accepting_requests", 0.95),
        ],
    }


def _heap_action(monitor: str, action: str, share: float) -> Json:
    return {"name": action, "triggers": [{"name": monitor, "threshold": {"value": share}}]}
