"""The audit trail: records, the checkpoints that seal them, and their verification."""

from cnop_platform.audit.activities import ACTIVITIES, Activity, AuditClass, UnknownActivity
from cnop_platform.audit.event import AuditEvent, Severity
from cnop_platform.audit.trail import AuditTrail, seal

__all__ = ["ACTIVITIES", "Activity", "AuditClass", "AuditEvent", "AuditTrail", "Severity", "UnknownActivity", "seal"]
