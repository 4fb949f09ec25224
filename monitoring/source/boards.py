"""What the dashboards show: rows of charts, each with its expressions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

DOORS: Final = 'envoy_http_conn_manager_prefix=~"gateway|page"'
PLACED: Final = 'method="POST",route="/orders",status=~"2.."'
PROBES: Final = 'route!~"/health.*|/metrics"'


@dataclass(frozen=True)
class Chart:
    """One panel: its expressions by legend, and the unit of what they give. A single figure where `single`."""

    title: str
    unit: str
    lines: dict[str, str]
    single: bool = False


Row = tuple[str, Sequence[Chart]]


def _p(quantile: str, metric: str, by: str, labels: str = "") -> str:
    return f"histogram_quantile({quantile}, sum by ({by}, le) (rate({metric}_bucket{{{labels}}}[5m])))"


def _sum(metric: str, by: str = "", labels: str = "") -> str:
    grouped = f"sum by ({by}) " if by else "sum"
    return f"{grouped}({metric}{f'{{{labels}}}' if labels else ''})"


def _rate(metric: str, by: str = "", labels: str = "") -> str:
    grouped = f"sum by ({by}) " if by else "sum"
    return f"{grouped}(rate({metric}{f'{{{labels}}}' if labels else ''}[5m]))"


def _rise(metric: str, by: str = "") -> str:
    return _rate(metric, by).replace("(rate(", "(increase(")


def _events(event: str, outcome: str = "") -> str:
    ending = f',outcome="{outcome}"' if outcome else ""
    return f'sum(increase(cnop_audit_events_total{{event="{event}"{ending}}}[5m]))'


DURATION: Final = "cnop_http_request_duration_seconds"
ENTRIES: Final = _rate("cnop_ledger_entries_total", "job")

SERVICES: Final[Sequence[Row]] = (
    (
        "Promises",
        (
            Chart("Unavailable, 1 h", "percentunit", {"": "slo:unavailability:ratio_rate1h"}, single=True),
            Chart("Slow orders, 1 h", "percentunit", {"": "slo:slow_orders:ratio_rate1h"}, single=True),
            Chart("Components up", "short", {"": "sum(up)"}, single=True),
        ),
    ),
    (
        "Rate, errors, duration",
        (
            Chart(
                "Requests",
                "reqps",
                {"{{job}}": _rate("cnop_http_request_duration_seconds_count", "job", PROBES)},
            ),
            Chart(
                "Answers by class",
                "reqps",
                {
                    "{{class}}": (
                        "sum by (class) (label_replace(rate(cnop_http_request_duration_seconds_count[5m]), "
                        '"class", "${1}xx", "status", "(.).."))'
                    )
                },
            ),
            Chart(
                "Duration",
                "s",
                {
                    "p50 {{job}}": _p("0.5", DURATION, "job", PROBES),
                    "p99 {{job}}": "job:http_request_duration_seconds:p99_5m",
                },
            ),
            Chart(
                "Slowest routes, p99",
                "s",
                {"{{job}} {{route}}": f"topk(10, {_p('0.99', DURATION, 'job, route', PROBES)})"},
            ),
        ),
    ),
)

ORDERS: Final[Sequence[Row]] = (
    (
        "Orders",
        (
            Chart(
                "Placed",
                "reqps",
                {"": _rate("cnop_http_request_duration_seconds_count", labels=PLACED)},
            ),
            Chart(
                "Time to place",
                "s",
                {
                    "p50": _p("0.5", DURATION, "job", PLACED),
                    "p99": _p("0.99", DURATION, "job", PLACED),
                },
            ),
            Chart(
                "Answers to orders",
                "reqps",
                {
                    "{{status}}": (
                        "sum by (status) "
                        '(rate(cnop_http_request_duration_seconds_count{method="POST",route="/orders"}[5m]))'
                    )
                },
            ),
            Chart(
                "Resting orders dealt with",
                "short",
                {"{{outcome}}": _rise("cnop_engine_orders_total", "outcome")},
            ),
            Chart(
                "Passes of the engine",
                "short",
                {"{{outcome}}": _rise("cnop_engine_passes_total", "outcome")},
            ),
            Chart("Age of the newest price", "s", {"{{job}}": "max by (job) (cnop_price_age_seconds)"}),
        ),
    ),
    (
        "Ledger",
        (
            Chart("Entries", "ops", {"{{job}}": ENTRIES}),
            Chart(
                "Commands per transaction",
                "short",
                {"{{job}}": f"{ENTRIES} / {_rate('cnop_ledger_groups_total', 'job')}"},
            ),
            Chart(
                "Tried again, replayed, refused",
                "ops",
                {
                    "conflicts {{job}}": _rate("cnop_ledger_conflicts_total", "job"),
                    "replays {{job}}": _rate("cnop_ledger_replays_total", "job"),
                    "refusals {{job}}": _rate("cnop_ledger_refusals_total", "job"),
                    "too busy {{job}}": _rate("cnop_ledger_rate_limited_total", "job"),
                },
            ),
            Chart(
                "Unknown outcomes",
                "short",
                {"{{job}}": _rise("cnop_ledger_unknown_outcomes_total", "job")},
            ),
        ),
    ),
)

GATEWAY: Final[Sequence[Row]] = (
    (
        "At the door",
        (
            Chart(
                "Requests",
                "reqps",
                {
                    "{{envoy_http_conn_manager_prefix}}": _rate(
                        "envoy_http_downstream_rq_total", "envoy_http_conn_manager_prefix", DOORS
                    )
                },
            ),
            Chart(
                "Answers by class",
                "reqps",
                {
                    "{{envoy_response_code_class}}xx": _rate(
                        "envoy_http_downstream_rq_xx", "envoy_response_code_class", DOORS
                    )
                },
            ),
            Chart(
                "Duration",
                "ms",
                {
                    "p50": _p("0.5", "envoy_http_downstream_rq_time", "envoy_http_conn_manager_prefix", DOORS),
                    "p99": _p("0.99", "envoy_http_downstream_rq_time", "envoy_http_conn_manager_prefix", DOORS),
                },
            ),
            Chart(
                "Connections",
                "short",
                {
                    "{{envoy_http_conn_manager_prefix}}": _sum(
                        "envoy_http_downstream_cx_active", "envoy_http_conn_manager_prefix", DOORS
                    )
                },
            ),
        ),
    ),
    (
        "Refused",
        (
            Chart(
                "Over the limit of an address",
                "reqps",
                {"": _rate("envoy_cnop_per_address_http_local_rate_limit_enforced")},
            ),
            Chart(
                "Over the limit of a client",
                "reqps",
                {"": _rate("envoy_cnop_per_client_http_local_rate_limit_enforced")},
            ),
            Chart("Without a valid token", "reqps", {"": _rate("envoy_http_jwt_authn_denied")}),
            Chart("Without the role", "reqps", {"": _rate("envoy_http_rbac_denied")}),
        ),
    ),
    (
        "To the services",
        (
            Chart(
                "Duration, p99",
                "ms",
                {"{{envoy_cluster_name}}": _p("0.99", "envoy_cluster_upstream_rq_time", "envoy_cluster_name")},
            ),
            Chart(
                "Under way",
                "short",
                {"{{envoy_cluster_name}}": _sum("envoy_cluster_upstream_rq_active", "envoy_cluster_name")},
            ),
            Chart(
                "Refused as too many",
                "reqps",
                {"{{envoy_cluster_name}}": _rate("envoy_cluster_upstream_rq_pending_overflow", "envoy_cluster_name")},
            ),
            Chart(
                "Left out as broken",
                "short",
                {
                    "{{envoy_cluster_name}}": _sum(
                        "envoy_cluster_outlier_detection_ejections_active", "envoy_cluster_name"
                    )
                },
            ),
        ),
    ),
)

SECURITY: Final[Sequence[Row]] = (
    (
        "People",
        (
            Chart(
                "Sign-ins, 5 min",
                "short",
                {"succeeded": _events("login", "success"), "failed": _events("login_failed", "failure")},
            ),
            Chart("Refresh tokens used twice", "short", {"": _events("refresh_token_reused")}, single=True),
            Chart("Roles changed", "short", {"": _events("roles_changed")}, single=True),
            Chart(
                "Access denied, 5 min",
                "short",
                {
                    "by a service": _events("access_denied"),
                    "by the gateway": "sum(increase(envoy_http_rbac_denied[5m]))",
                },
            ),
            Chart("Prices held back", "short", {"": _events("price_quarantined")}, single=True),
            Chart("Event streams open", "short", {"{{job}}": _sum("cnop_streams_open", "job")}),
        ),
    ),
    (
        "Audit trail",
        (
            Chart(
                "Events, 5 min",
                "short",
                {"{{event}} {{outcome}}": _rise("cnop_audit_events_total", "event, outcome")},
            ),
            Chart("Faults of the chain", "short", {"": "sum(cnop_audit_chain_faults_total)"}, single=True),
            Chart("Records lost", "short", {"": "sum(cnop_audit_dropped_total)"}, single=True),
            Chart("Unsealed for", "s", {"": "time() - max(cnop_audit_sealed_timestamp_seconds)"}, single=True),
            Chart("Records waiting", "short", {"{{job}}": _sum("cnop_audit_queue_records", "job")}),
        ),
    ),
)

INFRASTRUCTURE: Final[Sequence[Row]] = (
    (
        "Processes",
        (
            Chart("Up", "short", {"{{job}}": "min by (job) (up)"}),
            Chart("CPU", "percentunit", {"{{job}}": _rate("process_cpu_seconds_total", "job")}),
            Chart(
                "Memory",
                "bytes",
                {
                    "{{job}}": _sum("process_resident_memory_bytes", "job"),
                    "envoy": "sum(envoy_server_memory_physical_size)",
                },
            ),
            Chart("Open files", "short", {"{{job}}": "max by (job) (process_open_fds / process_max_fds)"}),
        ),
    ),
    (
        "Store",
        (
            Chart(
                "Calls",
                "ops",
                {"{{call}} {{outcome}}": _rate("cnop_store_call_duration_seconds_count", "call, outcome")},
            ),
            Chart("Duration, p99", "s", {"{{job}} {{call}}": "job:store_call_duration_seconds:p99_5m"}),
        ),
    ),
    (
        "Monitoring itself",
        (
            Chart("Samples scraped", "short", {"{{job}}": _sum("scrape_samples_scraped", "job")}),
            Chart("Scrape duration", "s", {"{{job}}": "max by (job) (scrape_duration_seconds)"}),
        ),
    ),
)

BOARDS: Final[dict[str, tuple[str, Sequence[Row]]]] = {
    "services": ("Services", SERVICES),
    "orders": ("Orders and ledger", ORDERS),
    "gateway": ("Gateway", GATEWAY),
    "security": ("Security", SECURITY),
    "infrastructure": ("Infrastructure", INFRASTRUCTURE),
}


def expressions() -> list[str]:
    """Give every expression that a dashboard asks for."""
    return [
        expr for _, rows in BOARDS.values() for _, charts in rows for chart in charts for expr in chart.lines.values()
    ]
