"""Metrics of the audit trail: what happened, how often, and whether the chain that seals it is whole.

What alerts watch exists from the start with the value 0, so that the very first occurrence is a rise.
"""

from typing import Final

from prometheus_client import Counter, Gauge

_WATCHED: Final = (
    ("access_denied", "failure"),
    ("credential_stuffing", "failure"),
    ("login", "success"),
    ("login_failed", "failure"),
    ("price_quarantined", "failure"),
    ("refresh_token_reused", "failure"),
    ("roles_changed", "success"),
)

_events = Counter(
    "cnop_audit_events_total",
    "Audit events by their name and outcome; one in a transaction that is tried again counts again",
    ["event", "outcome"],
)
dropped = Counter("cnop_audit_dropped_total", "Audit records lost: the queue was full, or the store away at a stop")
waiting = Gauge("cnop_audit_queue_records", "Audit records that wait to be written")
faults = Counter(
    "cnop_audit_chain_faults_total",
    "Checkpoints found missing, malformed, unsigned or out of line, heads and records not as written",
)
sealed_at = Gauge("cnop_audit_sealed_timestamp_seconds", "When this process last knew everything to be sealed")

for _event, _outcome in _WATCHED:
    _events.labels(_event, _outcome)


def count(event: str, *, succeeded: bool) -> None:
    """Count one event."""
    _events.labels(event, "success" if succeeded else "failure").inc()
