"""The operations that services offer, read from their OpenAPI documents, and the one table of them all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cnop_gateway.rates import RateClass
from cnop_gateway.templates import InvalidTemplate, PathTemplate, parse

METHODS = ("get", "head", "post", "put", "patch", "delete", "options", "trace")
ROLES = ("customer", "support", "auditor", "admin")
Role = Literal["public", "customer", "support", "auditor", "admin"]


class OperationError(ValueError):
    """An operation cannot be routed as it is described."""


class UndeclaredAccess(OperationError):
    """An operation says nothing, or nothing that the gateway understands, about who may call it."""


class RouteCollision(OperationError):
    """Two operations claim the same requests."""


class UnknownService(OperationError):
    """An operation belongs to a service whose address was not given."""


class Access(BaseModel):
    """The `x-access` member. Unknown members are refused: one that is not enforced must not look as if it were."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    permission: str | None
    roles: Annotated[frozenset[Role], Field(min_length=1)]
    rate_class: RateClass
    step_up: bool = False
    owner: str | None = None
    body_limit_bytes: int = Field(default=16_384, gt=0, le=1_048_576)
    timeout_seconds: float = Field(default=10, gt=0, le=300)
    stream: bool = False
    cookie: bool = False

    @property
    def public(self) -> bool:
        """Whether no token is needed."""
        return "public" in self.roles


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path of one service."""

    service: str
    method: str
    path: PathTemplate
    access: Access

    @property
    def name(self) -> str:
        """How messages, logs and metrics call it."""
        return f"{self.service} {self.method} {self.path.text}"


def operations_from_openapi(service: str, document: Mapping[str, Any]) -> tuple[Operation, ...]:
    """Return the service's routed operations, in the document's order; `x-internal` ones are left out.

    Raises `UndeclaredAccess` or `OperationError`, naming the operation.
    """
    return tuple(
        _operation(service, method, path, item[method])
        for path, item in document.get("paths", {}).items()
        for method in METHODS
        if method in item and not item[method].get("x-internal", False)
    )


def _operation(service: str, method: str, path: str, description: Mapping[str, Any]) -> Operation:
    name = f"{service} {method.upper()} {path}"
    if "x-access" not in description:
        raise UndeclaredAccess(f"{name} has no x-access; declare its access, or mark it x-internal")
    try:
        access = Access.model_validate(description["x-access"])
        template = parse(path)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "value"
        raise UndeclaredAccess(f"{name} has an x-access that is not understood: {where}: {first['msg']}") from None
    except InvalidTemplate as error:
        raise OperationError(f"{name}: {error}") from None
    if access.public and len(access.roles) > 1:
        raise UndeclaredAccess(f"{name} is both public and restricted to roles")
    return Operation(service=service, method=method.upper(), path=template, access=access)


def arrange(operations: Iterable[Operation], services: Iterable[str]) -> tuple[Operation, ...]:
    """Return the operations in matching order: those with fewer parameters first.

    Raises `RouteCollision` when two match the same request and neither is the more specific, and `UnknownService`.
    """
    known = set(services)
    listed = tuple(operations)
    for operation in listed:
        if operation.service not in known:
            raise UnknownService(f"{operation.name}: no address was given for {operation.service!r}")
    for one, other in combinations(listed, 2):
        _refuse_collision(one, other)
    return tuple(sorted(listed, key=lambda each: (each.path.parameters, each.path.text, each.method)))


def _refuse_collision(one: Operation, other: Operation) -> None:
    if one.method != other.method or not one.path.overlaps(other.path):
        return
    if one.path.within(other.path) == other.path.within(one.path):
        raise RouteCollision(f"{one.name} and {other.name} match the same requests")


def methods_by_path(operations: Iterable[Operation]) -> dict[PathTemplate, tuple[str, ...]]:
    """Return, for each distinct path, the methods that some operation answers there; specific paths first."""
    listed = tuple(operations)
    shapes = {operation.path.segments: operation.path for operation in listed}
    paths = sorted(shapes.values(), key=lambda path: (path.parameters, path.text))
    return {path: tuple(sorted({each.method for each in listed if path.within(each.path)})) for path in paths}
