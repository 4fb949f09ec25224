"""The two doors as Envoy listeners: protocol limits, the filters in their order, the access log."""

from cnop_gateway import headers, identity, limits
from cnop_gateway.certificates import shown
from cnop_gateway.limits import METADATA
from cnop_gateway.protobuf import Json, duration, extension, typed
from cnop_gateway.replies import REQUEST_ID, TIMESTAMP, local_reply_config
from cnop_gateway.routes import BUFFER_FILTER, CORS_FILTER, GATEWAY_HEADER, HEADER_FILTER, SMALLEST_BODY_BYTES
from cnop_gateway.settings import GatewaySettings, Listener, ListenerTls
from cnop_gateway.tracing import connection_tracing

_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_BUFFER_BYTES = 65_536


def listener(settings: GatewaySettings, name: str, where: Listener, route_config: Json) -> Json:
    """Return one listener that serves `route_config`."""
    chain: Json = {"filters": [_connection_manager(settings, name, where, route_config)]}
    if where.tls:
        chain["transport_socket"] = _tls(settings, name, where.tls)
    return {
        "name": name,
        "address": {"socket_address": {"address": where.host, "port_value": where.port}},
        "per_connection_buffer_limit_bytes": _BUFFER_BYTES,
        "filter_chains": [chain],
    }


def _connection_manager(settings: GatewaySettings, name: str, where: Listener, route_config: Json) -> Json:
    bounds = settings.limits
    secured = headers.security_headers(headers.Content.API, hsts_seconds=settings.hsts(where))
    return extension(
        "envoy.filters.network.http_connection_manager",
        _MANAGER,
        stat_prefix=name,
        codec_type="AUTO",
        route_config=route_config,
        http_filters=_filters(settings, secured),
        local_reply_config=local_reply_config(secured),
        access_log=_access_logs(settings, name),
        early_header_mutation_extensions=[headers.request_cleaning()],
        # Whose request it is: the peer's address, or the one that `trusted_hops` proxies before us vouch for.
        use_remote_address=True,
        xff_num_trusted_hops=settings.trusted_hops,
        skip_xff_append=True,
        internal_address_config={},
        generate_request_id=True,
        preserve_external_request_id=True,
        always_set_request_id_in_response=True,
        request_id_extension={
            "typed_config": typed(
                "envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig",
                pack_trace_reason=False,
                # What makes the share of requests, and the routes left out, count.
                use_request_id_for_trace_sampling=settings.tracing is not None,
            )
        },
        # One path, one reading: dot segments and doubled slashes are resolved, an escaped slash is refused.
        normalize_path=True,
        merge_slashes=True,
        path_with_escaped_slashes_action="REJECT_REQUEST",
        server_header_transformation="PASS_THROUGH",
        max_request_headers_kb=bounds.header_kilobytes,
        request_headers_timeout=duration(bounds.headers_timeout_seconds),
        request_timeout=duration(bounds.request_timeout_seconds),
        stream_idle_timeout=duration(bounds.stream_idle_seconds),
        delayed_close_timeout=duration(1),
        common_http_protocol_options={
            "idle_timeout": duration(bounds.connection_idle_seconds),
            "max_headers_count": bounds.header_count,
            # `x_user_id` reads as `x-user-id` to some servers.
            "headers_with_underscores_action": "DROP_HEADER",
        },
        http2_protocol_options={
            "max_concurrent_streams": bounds.http2_streams,
            "initial_stream_window_size": _BUFFER_BYTES,
            "initial_connection_window_size": 1_048_576,
        },
        **connection_tracing(settings),
    )


def _filters(settings: GatewaySettings, secured: list[Json]) -> list[Json]:
    """Return the filters in the order of requests; responses pass in reverse, so the first have the last word."""
    return [
        extension(CORS_FILTER, "envoy.extensions.filters.http.cors.v3.Cors"),
        extension(
            HEADER_FILTER,
            "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
            most_specific_header_mutations_wins=True,
            **headers.response_mutation(secured),
        ),
        limits.quota_headers_filter(),
        limits.address_limit(settings),
        identity.token_filter(settings),
        identity.role_filter(),
        limits.client_limit(settings),
        # A service is handed whole requests only, so that a slow sender occupies us and not a service.
        extension(
            BUFFER_FILTER, "envoy.extensions.filters.http.buffer.v3.Buffer", max_request_bytes=SMALLEST_BODY_BYTES
        ),
        extension(
            "envoy.filters.http.router",
            "envoy.extensions.filters.http.router.v3.Router",
            suppress_envoy_headers=True,
        ),
    ]


def _access_logs(settings: GatewaySettings, listener_name: str) -> list[Json]:
    """One line for each request. A known path is logged as its template: names in paths are nobody's business.

    The raw path, without its query, appears only where nothing matched and no service was asked. Probes of the
    gateway's own health would drown the rest and are left out.
    """
    probe = {"header_filter": {"header": {"name": ":path", "string_match": {"exact": "/health"}, "invert_match": True}}}
    forwarded = {"header_filter": {"header": {"name": GATEWAY_HEADER, "present_match": True}}}
    unrouted = {"header_filter": {"header": {"name": GATEWAY_HEADER, "present_match": True, "invert_match": True}}}
    not_found = _status("EQ", 404)
    path = settings.log_path
    traced = {"trace_id": "%TRACE_ID%", "span_id": "%SPAN_ID%"} if settings.tracing else {}
    fields = {**_log_fields(listener_name), **traced}
    return [
        _log(
            path,
            {"and_filter": {"filters": [probe, {"or_filter": {"filters": [forwarded, _status("NE", 404)]}}]}},
            fields,
        ),
        _log(path, {"and_filter": {"filters": [not_found, unrouted]}}, {**fields, "path": "%PATH(NQ:PATH):256%"}),
    ]


def _status(operator: str, status: int) -> Json:
    value = {"default_value": status, "runtime_key": f"cnop.log.{operator.lower()}.{status}"}
    return {"status_code_filter": {"comparison": {"op": operator, "value": value}}}


def _log(path: str | None, condition: Json, fields: Json) -> Json:
    log_format = {"json_format": fields, "omit_empty_values": True}
    if path is None:
        message = "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog"
        sink = extension("envoy.access_loggers.stdout", message, log_format=log_format)
    else:
        message = "envoy.extensions.access_loggers.file.v3.FileAccessLog"
        sink = extension("envoy.access_loggers.file", message, path=path, log_format=log_format)
    return {**sink, "filter": condition}


def _log_fields(listener_name: str) -> Json:
    return {
        "timestamp": TIMESTAMP,
        "level": "info",
        "event": "http.request",
        "service": "gateway",
        "listener": listener_name,
        "request_id": REQUEST_ID,
        "traceparent": "%REQ(TRACEPARENT)%",
        "method": "%REQ(:METHOD)%",
        "operation": f"%METADATA(ROUTE:{METADATA}:operation)%",
        "route": f"%METADATA(ROUTE:{METADATA}:route)%",
        "protocol": "%PROTOCOL%",
        "status": "%RESPONSE_CODE%",
        "details": "%RESPONSE_CODE_DETAILS%",
        "flags": "%RESPONSE_FLAGS%",
        "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
        "user_id": f"%DYNAMIC_METADATA({limits.JWT_FILTER}:{limits.JWT_PAYLOAD}:sub)%",
        "upstream": "%UPSTREAM_CLUSTER%",
        "bytes_in": "%BYTES_RECEIVED%",
        "bytes_out": "%BYTES_SENT%",
        "duration_ms": "%DURATION%",
        "upstream_ms": "%RESPONSE_DURATION%",
    }


def _tls(settings: GatewaySettings, name: str, tls: ListenerTls) -> Json:
    return extension(
        "envoy.transport_sockets.tls",
        "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        common_tls_context={
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "alpn_protocols": ["h2", "http/1.1"],
            **shown(settings, name, tls),
        },
    )
