"""The audit trail: records, the checkpoints that seal them, and their verification."""

from cnop_platform.audit.trail import AuditClass, AuditEvent, AuditTrail, Severity, seal

__all__ = ["AuditClass", "AuditEvent", "AuditTrail", "Severity", "seal"]
