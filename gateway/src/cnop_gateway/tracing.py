"""Traces (OpenTelemetry): one span for each request, sent to a collector over OTLP/HTTP, and W3C context passed on."""

from pathlib import Path
from urllib.parse import urlsplit

from cnop_gateway.certificates import TRACES, trusted
from cnop_gateway.limits import METADATA
from cnop_gateway.protobuf import Json, duration, extension
from cnop_gateway.settings import GatewaySettings, Tracing

_EXPORT_SECONDS = 2
_TRACES_PATH = "/v1/traces"


def connection_tracing(settings: GatewaySettings) -> Json:
    """Return what a connection manager is told of tracing: nothing at all where it is off."""
    wanted = settings.tracing
    if wanted is None:
        return {}
    uri = f"{wanted.endpoint.rstrip('/')}{_TRACES_PATH}"
    return {
        "tracing": {
            "provider": extension(
                "envoy.tracers.opentelemetry",
                "envoy.config.trace.v3.OpenTelemetryConfig",
                service_name="gateway",
                http_service={
                    "http_uri": {"uri": uri, "cluster": TRACES, "timeout": duration(_EXPORT_SECONDS)},
                    "request_headers_to_add": [
                        {"header": {"key": name, "value": value.get_secret_value()}}
                        for name, value in wanted.headers.items()
                    ],
                },
            ),
            "random_sampling": {"value": wanted.sample_percent},
            "operation": f"%REQ(:METHOD)% %METADATA(ROUTE:{METADATA}:route)%",
            # A path holds names and a query holds more; the route, which is in the span's name, tells enough.
            "max_path_tag_length": 0,
            "custom_tags": [{"tag": "request_id", "request_header": {"name": "x-request-id"}}],
        }
    }


def untraced(settings: GatewaySettings) -> Json:
    """Return what keeps a route, such as that of probes, out of the traces."""
    if settings.tracing is None:
        return {}
    nothing = {"numerator": 0}
    return {"tracing": {"client_sampling": nothing, "random_sampling": nothing, "overall_sampling": nothing}}


def trace_clusters(settings: GatewaySettings) -> list[Json]:
    """Return the cluster of the collector, if there is one."""
    return [] if settings.tracing is None else [_cluster(settings, settings.tracing)]


def _cluster(settings: GatewaySettings, wanted: Tracing) -> Json:
    uri = urlsplit(wanted.endpoint)
    host, secure = uri.hostname or "", uri.scheme == "https"
    address = {"socket_address": {"address": host, "port_value": uri.port or (443 if secure else 80)}}
    cluster: Json = {
        "name": TRACES,
        "type": "STRICT_DNS",
        "dns_lookup_family": "V4_PREFERRED",
        "connect_timeout": duration(1),
        "load_assignment": {
            "cluster_name": TRACES,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
        # Traces are dropped rather than waited for.
        "circuit_breakers": {"thresholds": [{"max_connections": 4, "max_pending_requests": 16, "max_requests": 16}]},
    }
    if wanted.ca is not None:
        cluster["transport_socket"] = _tls(settings, wanted.ca, host)
    return cluster


def _tls(settings: GatewaySettings, ca: Path, host: str) -> Json:
    return extension(
        "envoy.transport_sockets.tls",
        "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        sni=host,
        common_tls_context={
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            **trusted(settings, TRACES, ca=ca, name=host),
        },
    )
