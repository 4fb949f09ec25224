"""An endpoint's access rule, declared once, in its signature.

    async def place(principal: Annotated[Principal, requires(Permission.PLACE_ORDER, rate=RateClass.TRADE)], ...)

From the declaration follow the service's own check, the `x-access` member of the OpenAPI description and, through
it, the gateway's rules. A route without a declaration keeps the service from starting.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from fastapi import Depends
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request

from cnop_core.errors import Forbidden, Unauthenticated
from cnop_core.ids import SessionId, TokenId, UserId
from cnop_platform.permissions import Permission, Role, RoleMatrix


class RateClass(StrEnum):
    """Which of the gateway's limits an operation draws from."""

    READ = "read"
    WRITE = "write"
    TRADE = "trade"
    AUTH = "auth"
    STREAM = "stream"
    PROBE = "probe"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling, as proven by an access token. Times are epoch seconds."""

    user_id: UserId
    username: str
    session_id: SessionId
    token_id: TokenId
    roles: frozenset[Role]
    auth_time: int
    amr: tuple[str, ...]
    expires_at: int

    @property
    def is_staff(self) -> bool:
        """Whether the caller may name other people's objects."""
        return bool(self.roles & {Role.SUPPORT, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Access:
    """The declared rule of one endpoint. `permission` None is only for probes that carry no data."""

    permission: Permission | None
    rate: RateClass
    public: bool = False
    owner: str | None = None
    step_up: bool = False
    body_limit_bytes: int = 16_384
    timeout_seconds: int = 10
    stream: bool = False
    cookie: bool = False

    def roles(self, matrix: RoleMatrix) -> frozenset[Role]:
        """Return the roles that may pass; for a public endpoint `{public}`."""
        if self.public:
            return frozenset({Role.PUBLIC})
        return matrix[self.permission] - {Role.PUBLIC} if self.permission else frozenset()


class Authenticator(Protocol):
    """Proves who sent a request."""

    async def authenticate(self, request: Request) -> Principal:
        """Return the caller, or raise `Unauthenticated`."""
        ...


class MissingToken(Unauthenticated):
    """No bearer token was sent."""

    code = "AUTH_002"


class StepUpNeeded(Forbidden):
    """The act is sensitive: the caller must prove again who they are."""

    code = "PERM_002"


class FactorNeeded(Forbidden):
    """A role of the caller's wants a second factor, and the session began without one."""

    code = "PERM_003"


class UndeclaredAccess(Exception):
    """A route has no access declaration, or more than one."""


Admit = Callable[[Request, Access], Awaitable[Principal | None]]


class Guard:
    """The dependency that stands for a declaration; the decision was taken before the body was read."""

    def __init__(self, access: Access) -> None:
        self.access = access

    async def __call__(self, request: Request) -> Principal | None:
        principal: Principal | None = request.state.principal
        return principal


def requires(
    permission: Permission,
    *,
    rate: RateClass,
    owner: str | None = "self",
    step_up: bool = False,
    body_limit_bytes: int = 16_384,
    timeout_seconds: int = 10,
    stream: bool = False,
    cookie: bool = False,
) -> Any:
    """Declare that the endpoint needs a token whose roles hold `permission`; it gives the `Principal`."""
    return Depends(
        Guard(
            Access(
                permission=permission,
                rate=rate,
                owner=owner,
                step_up=step_up,
                body_limit_bytes=body_limit_bytes,
                timeout_seconds=timeout_seconds,
                stream=stream,
                cookie=cookie,
            )
        )
    )


def public(
    permission: Permission | None,
    *,
    rate: RateClass,
    body_limit_bytes: int = 16_384,
    timeout_seconds: int = 10,
    stream: bool = False,
    cookie: bool = False,
) -> Any:
    """Declare that anybody may call the endpoint; the policies must grant `permission` to the public role."""
    return Depends(
        Guard(
            Access(
                permission=permission,
                rate=rate,
                public=True,
                body_limit_bytes=body_limit_bytes,
                timeout_seconds=timeout_seconds,
                stream=stream,
                cookie=cookie,
            )
        )
    )


def declared_access(route: APIRoute) -> Access:
    """Return the one declaration of a route. Raises `UndeclaredAccess`, which names the route."""
    found = [call.access for call in _calls(route.dependant) if isinstance(call, Guard)]
    if len(found) != 1:
        methods = ", ".join(sorted(route.methods or ()))
        raise UndeclaredAccess(f"{methods} {route.path} declares its access {len(found)} times; it must do so once")
    return found[0]


def _calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _calls(inner)
