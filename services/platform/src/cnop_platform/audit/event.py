"""One thing worth remembering."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from cnop_platform.audit.activities import Activity, UnknownActivity, activity_named
from cnop_platform.request_context import RequestContext


class Severity(Enum):
    """OCSF severity ids."""

    INFORMATIONAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """An occurrence of a listed activity; ids only, never names.

    `actor` did it, `subject` is whom it concerns. Raises `UnknownActivity` for what the list does not have.
    """

    activity: str
    succeeded: bool
    actor: str | None
    context: RequestContext
    subject: str | None = None
    session_id: str | None = None
    severity: Severity = Severity.INFORMATIONAL
    details: Mapping[str, str | int | bool | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what is not listed."""
        if surplus := self.details.keys() - set(self.kind.details):
            raise UnknownActivity(f"{self.activity} has no detail {', '.join(sorted(surplus))}")

    @property
    def kind(self) -> Activity:
        """The listed activity."""
        return activity_named(self.activity)
