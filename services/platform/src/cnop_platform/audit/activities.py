"""The one list of what is audited: each event by its name, its OCSF class and activity, and the details it may carry.

An event that is not here, or that carries another detail, cannot be made; `docs/audit-events.md` has a row for each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

_CATEGORY_IAM: Final = 3
_CATEGORY_APPLICATION: Final = 6


class AuditClass(Enum):
    """OCSF event classes in use: (class uid, category uid)."""

    ACCOUNT_CHANGE = (3001, _CATEGORY_IAM)
    AUTHENTICATION = (3002, _CATEGORY_IAM)
    AUTHORIZE_SESSION = (3003, _CATEGORY_IAM)
    ENTITY_MANAGEMENT = (3004, _CATEGORY_IAM)
    API_ACTIVITY = (6003, _CATEGORY_APPLICATION)


class UnknownActivity(ValueError):
    """An audit event is not in the list, or carries a detail that the list does not name."""


@dataclass(frozen=True, slots=True)
class Activity:
    """What can be recorded. `activity_id` is the OCSF id within the class, 99 where OCSF has no word for it.

    `operation` is what was called, for API activity; where it is None the detail `permission` tells.
    """

    name: str
    audit_class: AuditClass
    activity_id: int
    details: tuple[str, ...] = ()
    operation: str | None = None


_OTHER: Final = 99
_LIST: Final = (
    # Signing in and out
    Activity("login", AuditClass.AUTHENTICATION, 1, ("amr",)),
    Activity("login_failed", AuditClass.AUTHENTICATION, 1, ("address_blocked", "method")),
    Activity("federated_login_failed", AuditClass.AUTHENTICATION, 1, ("aim", "provider", "reason")),
    Activity("login_factor_due", AuditClass.AUTHENTICATION, _OTHER),
    Activity("passkey_refused", AuditClass.AUTHENTICATION, 1, ("reason",)),
    Activity("logout", AuditClass.AUTHENTICATION, 2),
    Activity("credential_stuffing", AuditClass.AUTHENTICATION, _OTHER, ("source",)),
    Activity("step_up", AuditClass.AUTHENTICATION, _OTHER, ("amr",)),
    Activity("step_up_failed", AuditClass.AUTHENTICATION, _OTHER, ("address_blocked", "method")),
    Activity("session_moved", AuditClass.AUTHENTICATION, _OTHER),
    Activity("session_revoked", AuditClass.AUTHENTICATION, 2, ("reason", "sessions")),
    Activity("refresh_token_reused", AuditClass.AUTHENTICATION, _OTHER),
    # Accounts and credentials
    Activity("registration_refused", AuditClass.AUTHENTICATION, _OTHER, ("taken",)),
    Activity("account_registered", AuditClass.ACCOUNT_CHANGE, 1),
    Activity("account_suspended", AuditClass.ACCOUNT_CHANGE, 5),
    Activity("account_reinstated", AuditClass.ACCOUNT_CHANGE, 2),
    Activity("account_erased", AuditClass.ACCOUNT_CHANGE, 6),
    Activity("password_changed", AuditClass.ACCOUNT_CHANGE, 3),
    Activity("password_reset_requested", AuditClass.ACCOUNT_CHANGE, _OTHER),
    Activity("password_reset_begun", AuditClass.ACCOUNT_CHANGE, _OTHER, ("locked",)),
    Activity("password_reset", AuditClass.ACCOUNT_CHANGE, 4, ("removed",)),
    Activity("profile_changed", AuditClass.ACCOUNT_CHANGE, _OTHER, ("fields",)),
    Activity("email_verified", AuditClass.ACCOUNT_CHANGE, _OTHER),
    Activity("factor_added", AuditClass.ACCOUNT_CHANGE, 10, ("factor",)),
    Activity("passkey_sealed", AuditClass.ACCOUNT_CHANGE, _OTHER),
    Activity("factor_removed", AuditClass.ACCOUNT_CHANGE, 11, ("factor",)),
    Activity("recovery_codes_renewed", AuditClass.ACCOUNT_CHANGE, _OTHER),
    Activity("identity_linked", AuditClass.ACCOUNT_CHANGE, _OTHER, ("provider",)),
    Activity("identity_unlinked", AuditClass.ACCOUNT_CHANGE, _OTHER, ("provider",)),
    # Rights and their use
    Activity("roles_changed", AuditClass.AUTHORIZE_SESSION, 1, ("roles", "roles_before")),
    Activity("access_denied", AuditClass.API_ACTIVITY, _OTHER, ("permission", "method", "policies")),
    Activity("person_read", AuditClass.API_ACTIVITY, 2, operation="users:read"),
    Activity("records_read", AuditClass.API_ACTIVITY, 2, ("records",), operation="records:read"),
    Activity("account_exported", AuditClass.API_ACTIVITY, 2, operation="account:export"),
    Activity("audit_retired", AuditClass.API_ACTIVITY, 4, ("checkpoints", "last"), operation="audit:retire"),
    # What is traded, and at which prices
    Activity("asset_listed", AuditClass.ENTITY_MANAGEMENT, 1, ("asset_id", "fields")),
    Activity("asset_changed", AuditClass.ENTITY_MANAGEMENT, 3, ("asset_id", "fields")),
    Activity(
        "price_quarantined",
        AuditClass.API_ACTIVITY,
        _OTHER,
        ("asset_id", "price", "published_price", "source"),
        operation="prices:publish",
    ),
    Activity(
        "price_jump_confirmed",
        AuditClass.API_ACTIVITY,
        _OTHER,
        ("asset_id", "price", "published_price", "source"),
        operation="prices:publish",
    ),
)
ACTIVITIES: Final[Mapping[str, Activity]] = {each.name: each for each in _LIST}


def activity_named(name: str) -> Activity:
    """Return the activity of that name. Raises `UnknownActivity`, which says where to declare it."""
    try:
        return ACTIVITIES[name]
    except KeyError:
        raise UnknownActivity(f"no audit activity is named {name}; declare it in cnop_platform.audit") from None
