"""The processes behind the gateway as Envoy clusters: connections, circuit breakers, outlier detection, TLS."""

from urllib.parse import SplitResult, urlsplit

from cnop_gateway.certificates import shown, trusted, upstream_name
from cnop_gateway.protobuf import Json, duration, extension, typed
from cnop_gateway.settings import GatewaySettings, Upstream, UpstreamTls

WEB = "web"
_KEYS = "keys"
# Streams go through a pool of their own, so that they can neither starve nor be starved by short requests.
STREAM_PRIORITY = "HIGH"
# Shorter than the 75 s after which a service closes an idle connection, so that we never write into a closing one.
_IDLE_SECONDS = 60
_CONNECT_SECONDS = 1
_EJECTION_SECONDS = 5
_READINESS_SECONDS = 0.5


def clusters(settings: GatewaySettings) -> list[Json]:
    """Return one cluster for each service, the page process, and the key server where it is none of these."""
    known = {**settings.upstreams, WEB: settings.web}
    listed = [_cluster(name, upstream, settings) for name, upstream in known.items()]
    if settings.jwks_uri is not None:
        uri = urlsplit(settings.jwks_uri)
        if key_cluster(settings, uri) == _KEYS:
            listed.append(_key_cluster(uri, settings))
    return listed


def key_cluster(settings: GatewaySettings, uri: SplitResult) -> str:
    """Return the cluster that serves `uri`: a service's own, and so with its TLS, where the address is one."""
    for name, upstream in settings.upstreams.items():
        if (upstream.host, upstream.port) == (uri.hostname, _port(uri)):
            return name
    return _KEYS


def _port(uri: SplitResult) -> int:
    return uri.port or (443 if uri.scheme == "https" else 80)


def _key_cluster(uri: SplitResult, settings: GatewaySettings) -> Json:
    return _cluster(_KEYS, Upstream(host=uri.hostname or "", port=_port(uri)), settings)


def _cluster(name: str, upstream: Upstream, settings: GatewaySettings) -> Json:
    cluster: Json = {
        "name": name,
        "type": "STATIC" if upstream.is_address else "STRICT_DNS",
        "dns_lookup_family": "V4_PREFERRED",
        "connect_timeout": duration(_CONNECT_SECONDS),
        "per_connection_buffer_limit_bytes": 65_536,
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": _endpoints(upstream)}],
        },
        "circuit_breakers": _circuit_breakers(settings),
        "outlier_detection": _outlier_detection(),
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                common_http_protocol_options={"idle_timeout": duration(_IDLE_SECONDS)},
                explicit_http_config={"http_protocol_options": {}},
            )
        },
    }
    if upstream.ready_path:
        cluster["health_checks"] = [_readiness(name, upstream.ready_path)]
    if upstream.tls:
        cluster["transport_socket"] = _mutual_tls(settings, name, upstream.tls)
    return cluster


def _endpoints(upstream: Upstream) -> list[Json]:
    return [
        {"endpoint": {"address": {"socket_address": {"address": upstream.host, "port_value": port}}}}
        for port in (upstream.port, *upstream.replica_ports)
    ]


def _circuit_breakers(settings: GatewaySettings) -> Json:
    limits = settings.limits
    return {
        "thresholds": [
            _threshold("DEFAULT", limits.upstream_requests),
            _threshold(STREAM_PRIORITY, limits.upstream_streams),
        ]
    }


def _threshold(priority: str, requests: int) -> Json:
    return {
        "priority": priority,
        # The bound on requests is the one to be reached: it refuses at once, a bound on connections would queue.
        "max_connections": 2 * requests,
        "max_requests": requests,
        "max_pending_requests": requests,
        "max_retries": 16,
    }


def _outlier_detection() -> Json:
    # A replica that cannot be reached is left out for a few seconds. The only replica is never left out for good:
    # with none left, Envoy tries all of them again (its panic threshold).
    return {
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": 5,
        "consecutive_gateway_failure": 10,
        "enforcing_consecutive_gateway_failure": 100,
        "enforcing_consecutive_5xx": 0,
        "enforcing_success_rate": 0,
        "enforcing_local_origin_success_rate": 0,
        "interval": duration(1),
        "base_ejection_time": duration(_EJECTION_SECONDS),
        "max_ejection_time": duration(_EJECTION_SECONDS * 6),
        "max_ejection_percent": 50,
    }


def _readiness(name: str, path: str) -> Json:
    # It also brings a replica back that was left out for its failures and has started again meanwhile.
    return {
        "timeout": duration(1),
        "interval": duration(_READINESS_SECONDS),
        "no_traffic_interval": duration(_READINESS_SECONDS),
        "unhealthy_threshold": 2,
        "healthy_threshold": 1,
        "http_health_check": {"host": name, "path": path},
    }


def _mutual_tls(settings: GatewaySettings, cluster: str, tls: UpstreamTls) -> Json:
    return extension(
        "envoy.transport_sockets.tls",
        "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        sni=tls.server_name,
        common_tls_context={
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            **shown(settings, upstream_name(cluster), tls),
            **trusted(settings, cluster, ca=tls.ca, name=tls.server_name),
        },
    )
