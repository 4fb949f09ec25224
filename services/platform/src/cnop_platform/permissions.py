"""Permissions, roles, and the Cedar policies (`policies/roles.cedar`) from which it follows who holds what."""

import json
import os
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

import cedarpy


class Role(StrEnum):
    """Who someone is to the platform. `public` is everyone, with or without a token."""

    PUBLIC = "public"
    CUSTOMER = "customer"
    SUPPORT = "support"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Permission(StrEnum):
    """What an endpoint lets its caller do; each is an action in the Cedar schema."""

    REGISTER = "auth:register"
    LOGIN = "auth:login"
    REFRESH = "auth:refresh"
    RECOVER = "auth:recover"
    READ_KEYS = "keys:read"
    READ_ASSETS = "assets:read"
    STREAM_PRICES = "prices:stream"
    READ_PROFILE = "profile:read"
    UPDATE_PROFILE = "profile:update"
    LOGOUT = "session:logout"
    MANAGE_SESSIONS = "sessions:manage"
    MANAGE_CREDENTIALS = "credentials:manage"
    EXPORT_ACCOUNT = "account:export"
    DELETE_ACCOUNT = "account:delete"
    READ_EVENTS = "events:read"
    READ_BALANCE = "balance:read"
    DEPOSIT = "balance:deposit"
    WITHDRAW = "balance:withdraw"
    PLACE_ORDER = "orders:place"
    PREVIEW_ORDER = "orders:preview"
    READ_ORDERS = "orders:read"
    CANCEL_ORDER = "orders:cancel"
    REPLACE_ORDER = "orders:replace"
    STREAM_ORDERS = "orders:stream"
    READ_PORTFOLIO = "portfolio:read"
    READ_PORTFOLIO_HISTORY = "portfolio:history"
    READ_HOLDINGS = "holdings:read"
    MANAGE_ASSETS = "assets:manage"
    READ_USERS = "users:read"
    MANAGE_USERS = "users:manage"
    READ_AUDIT = "audit:read"


RoleMatrix = Mapping[Permission, frozenset[Role]]

_MEMBERS: Final = frozenset(Role) - {Role.PUBLIC}
_RESOURCE: Final = 'Platform::"cnop"'


class InvalidPolicies(Exception):
    """The policies do not fit their schema; nothing may start on them."""


def policies_folder(configured: str | None = None) -> Path:
    """Return the folder of the Cedar policies: the configured one, `CNOP_POLICIES`, or the checkout's own."""
    chosen = configured or os.environ.get("CNOP_POLICIES")
    return Path(chosen) if chosen else Path(__file__).resolve().parents[4] / "policies"


@cache
def load_role_matrix(folder: Path) -> RoleMatrix:
    """Compute which roles hold each permission. Raises `InvalidPolicies`; what nothing permits, nobody holds."""
    text = (folder / "roles.cedar").read_text(encoding="utf-8")
    schema = (folder / "schema.cedarschema").read_text(encoding="utf-8")
    checked = cedarpy.validate_policies(text, schema)
    if not checked.validation_passed:
        raise InvalidPolicies("; ".join(str(each) for each in checked.errors))
    policies = cedarpy.PolicySet.from_str(text)
    entities = cedarpy.Entities.from_json_str(json.dumps(_role_entities()))
    return {
        permission: frozenset(role for role in Role if _permits(role, permission, policies, entities))
        for permission in Permission
    }


def _role_entities() -> list[dict[str, object]]:
    def entity(name: str, parents: list[str]) -> dict[str, object]:
        links = [{"type": "Role", "id": parent} for parent in parents]
        return {"uid": {"type": "Role", "id": name}, "attrs": {}, "parents": links}

    roles = [entity(role.value, ["member"] if role in _MEMBERS else []) for role in Role]
    return [*roles, entity("member", []), {"uid": {"type": "Platform", "id": "cnop"}, "attrs": {}, "parents": []}]


def _permits(role: Role, permission: Permission, policies: cedarpy.PolicySet, entities: cedarpy.Entities) -> bool:
    request = {
        "principal": f'Role::"{role.value}"',
        "action": f'Action::"{permission.value}"',
        "resource": _RESOURCE,
        "context": {},
    }
    return bool(cedarpy.is_authorized(request, policies, entities).allowed)
