"""Audit events as records of the Open Cybersecurity Schema Framework, version 1.6.0 (https://schema.ocsf.io/1.6.0).

`services/platform/tests/test_ocsf.py` validates every activity's record against the published schema.
"""

import ipaddress
from collections.abc import Mapping
from typing import Any, Final

from cnop_platform.audit.activities import AuditClass
from cnop_platform.audit.event import AuditEvent

VERSION: Final = "1.6.0"
VENDOR: Final = "cloud-native-order-processor"
_SUCCESS: Final = 1
_FAILURE: Final = 2
_OTHER_TYPE: Final = 99
_NOBODY: Final[Mapping[str, Any]] = {"type_id": 0, "name": "unknown"}
"""OCSF wants a user where somebody signs in; a name that nobody has gets this one."""


def render(event: AuditEvent, *, uid: str, time_ms: int, service: str) -> dict[str, Any]:
    """Return the record of an event that happened at `time_ms` (milliseconds since 1970) in a service."""
    activity = event.kind
    class_uid, category_uid = activity.audit_class.value
    return {
        "activity_id": activity.activity_id,
        "activity_name": activity.name,
        "category_uid": category_uid,
        "class_uid": class_uid,
        "type_uid": class_uid * 100 + activity.activity_id,
        "severity_id": event.severity.value,
        "status_id": _SUCCESS if event.succeeded else _FAILURE,
        "time": time_ms,
        "message": activity.name,
        "metadata": metadata(uid=uid, request_id=event.context.request_id, name=activity.name, service=service),
        "src_endpoint": source(event.context.client_address, service=service),
        "unmapped": dict(event.details),
        **_actor(event, service=service),
        **_of_class(event, service=service),
    }


def metadata(*, uid: str, request_id: str, name: str, service: str) -> dict[str, Any]:
    """Return what every record says of itself; `correlation_uid` is the id of the request that caused it."""
    return {
        "uid": uid,
        "version": VERSION,
        "correlation_uid": request_id,
        "event_code": name,
        "product": {"name": service, "vendor_name": VENDOR},
    }


def source(address: str, *, service: str) -> dict[str, Any]:
    """Return where an event came from: the client's address, or the service itself where no client was involved."""
    try:
        return {"ip": str(ipaddress.ip_address(address))}
    except ValueError:
        return {"svc_name": service}


def _actor(event: AuditEvent, *, service: str) -> dict[str, Any]:
    actor: dict[str, Any] = {"user": {"uid": event.actor}} if event.actor else {"app_name": service}
    if event.session_id and event.subject in {None, event.actor}:
        # The session of whoever acted; one that was ended by somebody else is not theirs.
        actor["session"] = {"uid": event.session_id}
    return {"actor": actor}


def _of_class(event: AuditEvent, *, service: str) -> dict[str, Any]:
    """Return the members that only the event's class has, or must have."""
    match event.kind.audit_class:
        case AuditClass.AUTHENTICATION:
            session = {"session": {"uid": event.session_id}} if event.session_id else {}
            return {**_user(event), **session, "service": {"name": service}}
        case AuditClass.ACCOUNT_CHANGE:
            return _user(event)
        case AuditClass.AUTHORIZE_SESSION:
            return {**_user(event), "privileges": str(event.details.get("roles", "")).split()}
        case AuditClass.ENTITY_MANAGEMENT:
            return {"entity": {"uid": event.details.get("asset_id"), "type": "asset", "type_id": _OTHER_TYPE}}
        case AuditClass.API_ACTIVITY:
            operation = event.kind.operation or event.details.get("permission") or "undeclared"
            resources = {"resources": [{"uid": event.subject, "type": "user"}]} if event.subject else {}
            return {"api": {"operation": operation}, **resources}


def _user(event: AuditEvent) -> dict[str, Any]:
    return {"user": {"uid": event.subject} if event.subject else dict(_NOBODY)}
