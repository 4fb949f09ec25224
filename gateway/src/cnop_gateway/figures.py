"""A third door for monitoring: Envoy's figures, and nothing else of its admin interface."""

from cnop_gateway.protobuf import Json, duration, extension
from cnop_gateway.settings import Listener

_ADMIN = "admin"
FIGURES_PATH = "/stats/prometheus"


def figures_listener(where: Listener) -> Json:
    """Return a listener that answers `GET /stats/prometheus` and 404 to all else."""
    manager = extension(
        "envoy.filters.network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="figures",
        codec_type="HTTP1",
        normalize_path=True,
        path_with_escaped_slashes_action="REJECT_REQUEST",
        request_headers_timeout=duration(5),
        stream_idle_timeout=duration(15),
        common_http_protocol_options={"idle_timeout": duration(60)},
        route_config={
            "name": "figures",
            "virtual_hosts": [
                {
                    "name": "figures",
                    "domains": ["*"],
                    "routes": [
                        {
                            "match": {
                                "path": FIGURES_PATH,
                                "headers": [{"name": ":method", "string_match": {"exact": "GET"}}],
                            },
                            "route": {"cluster": _ADMIN, "timeout": duration(10)},
                        }
                    ],
                }
            ],
        },
        http_filters=[
            extension("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router"),
        ],
    )
    return {
        "name": "figures",
        "address": {"socket_address": {"address": where.host, "port_value": where.port}},
        # Figures are wanted most when there are too many connections.
        "ignore_global_conn_limit": True,
        "filter_chains": [{"filters": [manager]}],
    }


def admin_cluster(port: int) -> Json:
    """Return the cluster of Envoy's own admin interface."""
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    return {
        "name": _ADMIN,
        "type": "STATIC",
        "connect_timeout": duration(1),
        "load_assignment": {
            "cluster_name": _ADMIN,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }
