"""Permissions and roles, by name; the policies that connect them are in `policies/`."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """Who someone is to the platform. `public` is everyone, with or without a token."""

    PUBLIC = "public"
    CUSTOMER = "customer"
    SUPPORT = "support"
    AUDITOR = "auditor"
    ADMIN = "admin"


STAFF: Final = frozenset({Role.SUPPORT, Role.AUDITOR, Role.ADMIN})


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
    READ_PHONES = "users:read-phone"
    """Decides about a field, not an endpoint: see `cnop_platform.app.allows`."""
    MANAGE_USERS = "users:manage"
    READ_AUDIT = "audit:read"


RoleMatrix = Mapping[Permission, frozenset[Role]]
