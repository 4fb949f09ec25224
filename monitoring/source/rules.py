"""Recording rules and alerts, as data. Every alert has a page in docs/runbooks with its name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

RUNBOOKS: Final = "https://github.com/yifeng2019uwb/cloud-native-order-processor/blob/main/docs/runbooks"
DOORS: Final = 'envoy_http_conn_manager_prefix=~"gateway|page"'
PLACED: Final = 'method="POST",route="/orders",status=~"2.."'
WINDOWS: Final = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
_FAILED_JOB: Final = 'kube_job_status_failed{namespace="order-processor"'
_VERIFICATION: Final = "(ledger|audit)-verify-.*"
ORDER_SECONDS: Final = "0.25"


@dataclass(frozen=True)
class Objective:
    """A promise: the share of events, over 30 days, that may be bad, and how bad ones are counted."""

    name: str
    record: str
    budget: str
    bad: str
    what: str


OBJECTIVES: Final = (
    Objective(
        name="Availability",
        record="slo:unavailability:ratio_rate",
        budget="0.001",
        bad=(
            f'sum(rate(envoy_http_downstream_rq_xx{{{DOORS},envoy_response_code_class="5"}}[WINDOW])) '
            f"/ sum(rate(envoy_http_downstream_rq_xx{{{DOORS}}}[WINDOW]))"
        ),
        what="requests answered with a 5xx at the gateway",
    ),
    Objective(
        name="OrderLatency",
        record="slo:slow_orders:ratio_rate",
        budget="0.01",
        bad=(
            f'1 - sum(rate(cnop_http_request_duration_seconds_bucket{{{PLACED},le="{ORDER_SECONDS}"}}[WINDOW])) '
            f"/ sum(rate(cnop_http_request_duration_seconds_count{{{PLACED}}}[WINDOW]))"
        ),
        what=f"placed orders that took longer than {ORDER_SECONDS} s",
    ),
)

# How fast the budget of 30 days burns: 14.4 spends 2 % of it in an hour, 6 spends 5 % in six, 3 spends 10 % in a day,
# 1 all of it in time. The short window makes the alert end soon after the fault does.
_BURNS: Final = (
    ("page", (("14.4", "1h", "5m"), ("6", "6h", "30m"))),
    ("ticket", (("3", "1d", "2h"), ("1", "3d", "6h"))),
)


def recording_groups() -> list[dict[str, Any]]:
    """Give the groups of recording rules."""
    objectives = [
        {"record": f"{each.record}{window}", "expr": each.bad.replace("WINDOW", window)}
        for each in OBJECTIVES
        for window in WINDOWS
    ]
    services = [
        {
            "record": "job:http_requests:rate5m",
            "expr": "sum by (job, method, route, status) (rate(cnop_http_request_duration_seconds_count[5m]))",
        },
        {
            "record": "job:http_request_duration_seconds:p99_5m",
            "expr": (
                "histogram_quantile(0.99, sum by (job, le) "
                '(rate(cnop_http_request_duration_seconds_bucket{route!~"/health.*|/metrics"}[5m])))'
            ),
        },
        {
            "record": "job:store_call_duration_seconds:p99_5m",
            "expr": (
                "histogram_quantile(0.99, sum by (job, call, le) (rate(cnop_store_call_duration_seconds_bucket[5m])))"
            ),
        },
    ]
    return [
        {"name": "objectives", "interval": "30s", "rules": objectives},
        {"name": "services", "interval": "30s", "rules": services},
    ]


def objective_alerts() -> list[dict[str, Any]]:
    """Give the multi-window burn-rate alerts of every objective."""
    return [
        _alert(
            f"{each.name}BudgetBurn",
            " or ".join(
                f"({each.record}{long} > {factor} * {each.budget} and {each.record}{short} > {factor} * {each.budget})"
                for factor, long, short in burns
            ),
            severity=severity,
            hold="2m" if severity == "page" else "15m",
            summary=f"Too many {each.what}: the error budget of 30 days burns too fast",
            labels={"objective": each.name},
        )
        for each in OBJECTIVES
        for severity, burns in _BURNS
    ]


def security_alerts() -> list[dict[str, Any]]:
    """Give the alerts that say that somebody attacks, or that evidence is in danger."""
    failed = 'sum(increase(cnop_audit_events_total{event="login_failed"}[5m]))'
    logins = 'sum(increase(cnop_audit_events_total{event=~"login|login_failed"}[5m]))'
    sources = 'sum(increase(cnop_audit_events_total{event="credential_stuffing"}[10m]))'
    return [
        _alert(
            "CredentialStuffing",
            f"({failed} > 100 and {failed} / {logins} > 0.8) or {sources} > 2",
            severity="page",
            hold="1m",
            summary="Many sign-ins fail and few succeed, or several sources try many names: somebody tries passwords",
        ),
        _alert(
            "RefreshTokenReused",
            _risen("refresh_token_reused", "10m"),
            severity="page",
            summary="A refresh token was used twice: it may have been stolen; the session was ended",
        ),
        _alert(
            "PrivilegeChanged",
            _risen("roles_changed", "10m"),
            severity="ticket",
            summary="Somebody's roles were changed; make sure that it was meant",
        ),
        _alert(
            "AccessDeniedSpike",
            'sum(increase(cnop_audit_events_total{event="access_denied"}[10m])) > 50',
            severity="ticket",
            summary="Signed-in people ask for much that they may not do",
        ),
        _alert(
            "PriceQuarantined",
            _risen("price_quarantined", "10m"),
            severity="ticket",
            summary="A price jumped further than is believed at once, and is held back",
        ),
        _alert(
            "AuditChainBroken",
            "sum(increase(cnop_audit_chain_faults_total[15m])) > 0",
            severity="page",
            summary="A checkpoint of the audit trail is missing, forged or out of line",
        ),
        _alert(
            "AuditRecordsDropped",
            "sum by (job) (increase(cnop_audit_dropped_total[15m])) > 0",
            severity="page",
            summary="{{ $labels.job }} lost audit records, as more came than it could write",
        ),
        _alert(
            "AuditNotSealed",
            # Each process by itself: one that seals does not hide one that cannot. 0 is one that has only begun.
            "time() - (cnop_audit_sealed_timestamp_seconds > 0) > 300",
            severity="page",
            hold="1m",
            summary="{{ $labels.job }} at {{ $labels.instance }} has not known the audit trail sealed for five minutes",
        ),
        _alert(
            "VerificationFailed",
            f'{_FAILED_JOB},job_name=~"{_VERIFICATION}"}} > 0',
            severity="page",
            summary="{{ $labels.job_name }} failed: the ledger or the audit trail may not be whole",
        ),
        _alert(
            "JobFailed",
            f'{_FAILED_JOB},job_name!~"{_VERIFICATION}"}} > 0',
            severity="ticket",
            summary="{{ $labels.job_name }} failed: what it keeps up is not done until it is run again",
        ),
    ]


def platform_alerts() -> list[dict[str, Any]]:
    """Give the alerts about parts that do not work, whether or not anybody noticed."""
    calls = "sum by (job) (rate(cnop_store_call_duration_seconds_count"
    return [
        _alert(
            "TargetDown",
            "up == 0",
            severity="page",
            hold="1m",
            summary="{{ $labels.job }} at {{ $labels.instance }} does not answer",
        ),
        _alert(
            "PricesStale",
            "max by (job) (cnop_price_age_seconds) > 15",
            severity="page",
            hold="1m",
            summary="{{ $labels.job }} has had no new price for over 15 s, so market orders are refused",
        ),
        _alert(
            "EngineStalled",
            "time() - max(cnop_engine_pass_timestamp_seconds) > 60",
            severity="page",
            hold="1m",
            summary="The order engine has finished no pass for a minute: limit orders neither fill nor expire",
        ),
        _alert(
            "StoreFailing",
            f'{calls}{{outcome="failed"}}[5m])) / {calls}[5m])) > 0.01',
            severity="page",
            hold="2m",
            summary="{{ $labels.job }}: more than 1 % of calls to the store fail",
        ),
        _alert(
            "StoreSlow",
            'job:store_call_duration_seconds:p99_5m{call="transact"} > 0.25',
            severity="ticket",
            hold="10m",
            summary="{{ $labels.job }}: one transaction in a hundred takes longer than 0.25 s",
        ),
        _alert(
            "GatewayRefusesLoad",
            "sum by (envoy_cluster_name) (increase(envoy_cluster_upstream_rq_pending_overflow[5m])) > 0",
            severity="page",
            hold="1m",
            summary="{{ $labels.envoy_cluster_name }} has more requests under way than it is given",
        ),
        _alert(
            "TokenKeysUnavailable",
            "sum(increase(envoy_http_jwt_authn_jwks_fetch_failed[5m])) > 0",
            severity="ticket",
            hold="5m",
            summary="The gateway cannot fetch the keys that verify tokens; it goes on with those it has",
        ),
        _alert(
            "Watchdog",
            "vector(1)",
            severity="none",
            summary="Always fires: when it does not arrive, alerting itself is broken",
        ),
    ]


def groups_by_file() -> Mapping[str, list[dict[str, Any]]]:
    """Give the rule groups of each file under prometheus/rules."""
    return {
        "recording": recording_groups(),
        "objectives": [{"name": "objectives-alerts", "rules": objective_alerts()}],
        "security": [{"name": "security-alerts", "rules": security_alerts()}],
        "platform": [{"name": "platform-alerts", "rules": platform_alerts()}],
    }


def _risen(event: str, window: str) -> str:
    return f'sum(increase(cnop_audit_events_total{{event="{event}"}}[{window}])) > 0'


def _alert(
    name: str, expr: str, *, severity: str, summary: str, hold: str | None = None, labels: dict[str, str] | None = None
) -> dict[str, Any]:
    return {
        "alert": name,
        "expr": expr,
        **({"for": hold} if hold else {}),
        "labels": {"severity": severity, **(labels or {})},
        "annotations": {"summary": summary, "runbook_url": f"{RUNBOOKS}/{name}.md"},
    }
