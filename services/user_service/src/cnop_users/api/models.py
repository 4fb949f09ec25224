"""What the API takes and gives. Unknown fields are refused; texts are checked by the rules of the domain."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, StrictBool, model_validator

from cnop_core.clock import to_rfc3339
from cnop_users.domain import rules

Username = Annotated[
    str,
    AfterValidator(rules.username),
    Field(description="6 to 30 letters, digits or underscores; case makes no difference", examples=["testuser"]),
]
Email = Annotated[str, AfterValidator(rules.email), Field(examples=["test@example.com"])]
NewPassword = Annotated[
    str,
    AfterValidator(rules.password_length),
    Field(description="14 to 128 characters, none prescribed, hard to guess", examples=["SecurePass123!"]),
]
PersonName = Annotated[str, AfterValidator(rules.person_name), Field(examples=["Ada"])]
Phone = Annotated[str, AfterValidator(rules.phone), Field(examples=["15551234567"])]
GivenPassword = Annotated[str, Field(min_length=1, max_length=1024)]
"""A password to compare: whatever it is, the answer is whether it fits."""
Timestamp = Annotated[datetime, PlainSerializer(to_rfc3339, return_type=str)]


SessionDelivery: TypeAlias = Literal["body", "cookie"]

HASHING_SECONDS: Final = 25
"""For how long the gateway waits where passwords are hashed: for a turn, and for two hashes on a busy machine."""


class Incoming(BaseModel):
    """A request body."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Outgoing(BaseModel):
    """A response body."""

    model_config = ConfigDict(frozen=True)


class Message(Outgoing):
    """A sentence that says what was done."""

    message: str


Responses: TypeAlias = dict[int | str, dict[str, Any]]


def problems(descriptions: Mapping[int, str]) -> Responses:
    """Return the description of further errors that an operation answers with."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": text, "content": content} for status, text in descriptions.items()}


class RegisterBody(Incoming):
    """Who wants to register."""

    username: Username
    email: Email
    password: NewPassword
    first_name: PersonName | None = None
    last_name: PersonName | None = None
    phone: Phone | None = None
    date_of_birth: date | None = None
    marketing_emails_consent: StrictBool = False


class Registered(Outgoing):
    """The account that was made."""

    message: str = "User registered successfully"
    user_id: str
    username: str


class LoginBody(Incoming):
    """Credentials. `session` says how the refresh token shall travel: in bodies, or in a cookie for browsers."""

    username: Annotated[str, Field(min_length=1, max_length=254, description="user name or email address")]
    password: GivenPassword
    otp: Annotated[str, Field(pattern=r"^[0-9]{6}$", description="code of the authenticator app")] | None = None
    recovery_code: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    passkey: Annotated[dict[str, Any], Field(description="`PublicKeyCredential.toJSON()`")] | None = None
    session: SessionDelivery = "body"


class FactorBody(Incoming):
    """A second factor."""

    otp: Annotated[str, Field(pattern=r"^[0-9]{6}$", description="code of the authenticator app")] | None = None
    recovery_code: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    passkey: Annotated[dict[str, Any], Field(description="`PublicKeyCredential.toJSON()`")] | None = None


class RefreshBody(Incoming):
    """The refresh token; without one, the cookie is used."""

    refresh_token: Annotated[str, Field(min_length=1, max_length=256)] | None = None


class Tokens(Outgoing):
    """An access token and, unless it went into the cookie, the refresh token that gets the next one."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - a scheme's name
    expires_in: Annotated[int, Field(description="seconds")]
    refresh_token: str | None = None


class EmptyBody(Incoming):
    """An object without members."""


class ProfileBody(Incoming):
    """The fields to change; what is left out stays, and null takes an optional field away."""

    email: Email | None = None
    first_name: PersonName | None = None
    last_name: PersonName | None = None
    phone: Phone | None = None
    date_of_birth: date | None = None
    marketing_emails_consent: StrictBool | None = None

    @model_validator(mode="after")
    def _refuse_null(self) -> Self:
        for name in ("email", "marketing_emails_consent"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} cannot be taken away")
        return self


class ProfileView(Outgoing):
    """A profile as its owner sees it."""

    user_id: str
    username: str
    email: str
    first_name: str | None
    last_name: str | None
    phone: str | None
    date_of_birth: date | None
    marketing_emails_consent: bool
    roles: list[str]
    email_verified: bool
    mfa: Annotated[bool, Field(description="whether a second factor is enrolled")]
    created_at: Timestamp
    updated_at: Timestamp


class ProfileUpdated(Message):
    """The profile after a change."""

    user: ProfileView


class SessionView(Outgoing):
    """One session in the device list."""

    session_id: str
    created_at: Timestamp
    last_used_at: Timestamp
    expires_at: Timestamp
    address: str
    user_agent: str
    current: bool


class SessionList(Outgoing):
    """The device list, the session used last first."""

    data: list[SessionView]


class SessionsRevoked(Message):
    """How many sessions were ended."""

    revoked: int


class EventView(Outgoing):
    """One security event."""

    event_id: str
    type: str
    succeeded: bool
    timestamp: Timestamp
    address: str
    session_id: str | None
    details: dict[str, str | int | bool | None]


class EventList(Outgoing):
    """Security events, newest first."""

    data: list[EventView]
    has_more: bool
    next_cursor: str | None
