"""Settings that every service shares: `CNOP_*` variables, or files of that name in `CNOP_SECRETS_DIR`."""

import base64
import binascii
import os
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, SecretBytes, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from cnop_platform.allowances import LOCAL, PRODUCTION, Allowance, Allowances, LimitGroup
from cnop_platform.mutual_tls import TransportSettings
from cnop_platform.permissions import STAFF, Role

_PLACEHOLDERS = ("changeme", "change-me", "secret", "password", "example", "placeholder", "your-")
_KEY_BYTES = 32
# TLS, or a socket that the operating system guards.
_GUARDED = ("valkeys", "unix")


class Environment(StrEnum):
    """Where the platform runs; production refuses what is only good on one's own machine."""

    LOCAL = "local"
    PRODUCTION = "production"


def decode_key(text: str) -> bytes:
    """Return the key that base64url text stands for. Raises `ValueError` unless it is 32 bytes."""
    try:
        key = base64.urlsafe_b64decode(text.strip() + "=" * (-len(text.strip()) % 4))
    except (binascii.Error, ValueError):
        raise ValueError("expected base64url text") from None
    if len(key) != _KEY_BYTES:
        raise ValueError(f"expected {_KEY_BYTES} bytes in base64url")
    return key


def _decoded(value: object) -> object:
    return decode_key(value) if isinstance(value, str) else value


SecretKey = Annotated[SecretBytes, BeforeValidator(_decoded)]
"""A symmetric key: 32 bytes, given as base64url text."""


class CommonSettings(BaseSettings):
    """What any process of the platform needs to know. Secrets have no defaults."""

    model_config = SettingsConfigDict(env_prefix="CNOP_", extra="ignore", frozen=True)

    environment: Environment
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    metrics_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Where a worker serves its metrics; services do so on their own port. 0: nowhere."""
    store: str
    valkey_url: SecretStr
    log_level: str = "INFO"
    policies: str | None = None

    @model_validator(mode="after")
    def _refuse_plain_valkey(self) -> Self:
        scheme = self.valkey_url.get_secret_value().partition(":")[0]
        if self.environment is Environment.PRODUCTION and scheme not in _GUARDED:
            raise ValueError("valkey_url must begin with valkeys:// in production")
        return self

    def __init__(self, **values: Any) -> None:
        super().__init__(_secrets_dir=os.environ.get("CNOP_SECRETS_DIR"), **values)

    @model_validator(mode="after")
    def _refuse_placeholders(self) -> Self:
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, SecretStr) and _looks_like_placeholder(value.get_secret_value()):
                raise ValueError(f"{name} holds a placeholder; give it a real secret")
        return self


class ServiceSettings(TransportSettings, CommonSettings):
    """What every HTTP service needs on top: how to recognise tokens and the gateway, how to seal audit records."""

    token_issuer: str
    token_audience: str
    jwks_url: str | None = None
    jwks_holder: str = "user-service"
    """Whose certificate must be shown at `jwks_url`, with mutual TLS."""
    gateway_secret: Annotated[SecretStr, Field(min_length=32)]
    audit_key: SecretKey
    profile: Environment | None = None
    """Which defaults apply where limits differ; the environment's unless set."""
    second_factor_roles: str | None = None
    """Whose tokens are good for little unless a second factor was shown, separated by commas; staff in production."""
    shared_limits: dict[LimitGroup, Allowance] = Field(default_factory=dict)
    """A JSON object: limits across replicas other than the profile's (see `allowances`)."""

    @model_validator(mode="after")
    def _refuse_unknown_roles(self) -> Self:
        _ = self.factor_roles
        return self

    @property
    def factor_roles(self) -> frozenset[Role]:
        """The roles that want a second factor. Raises `ValueError` for one that there is not."""
        if self.second_factor_roles is None:
            return STAFF if self.limits_profile is Environment.PRODUCTION else frozenset()
        return frozenset(Role(name.strip()) for name in self.second_factor_roles.split(",") if name.strip())

    @property
    def limits_profile(self) -> Environment:
        """The profile whose defaults apply."""
        return self.profile or self.environment

    @property
    def allowances(self) -> Allowances:
        """How often one client may do what is limited across replicas."""
        defaults = PRODUCTION if self.limits_profile is Environment.PRODUCTION else LOCAL
        return {**defaults, **self.shared_limits}


def _looks_like_placeholder(secret: str) -> bool:
    return any(word in secret.lower() for word in _PLACEHOLDERS)
