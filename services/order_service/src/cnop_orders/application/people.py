"""Whose objects a request is about: the caller's own, or, for staff, those of a user they name."""

from dataclasses import dataclass

from cnop_core.errors import NotFound
from cnop_core.ids import UserId
from cnop_platform.audit import AuditEvent, AuditTrail, Severity
from cnop_platform.directory import Directory
from cnop_platform.request_context import RequestContext


class UnknownUser(NotFound):
    """There is no such user, or it is not the caller's to know of."""

    def __init__(self) -> None:
        super().__init__("there is no such user")


@dataclass(frozen=True, slots=True)
class Person:
    """A user, by id and by name."""

    user_id: UserId
    username: str


class People:
    """Finds whom a request is about. That staff look at somebody else's records is recorded."""

    def __init__(self, *, directory: Directory, audit: AuditTrail) -> None:
        self._directory = directory
        self._audit = audit

    async def whose(
        self, caller: Person, *, is_staff: bool, username: str | None, records: str, context: RequestContext
    ) -> Person:
        """Return the person that a request is about; naming oneself is fine. Raises `UnknownUser`."""
        if username is None or username.casefold() == caller.username.casefold():
            return caller
        found = await self._directory.find(username) if is_staff else None
        if found is None:
            raise UnknownUser
        self._audit.emit(
            AuditEvent(
                activity="records_read",
                succeeded=True,
                actor=caller.user_id,
                subject=found,
                severity=Severity.MEDIUM,
                context=context,
                details={"records": records},
            )
        )
        return Person(found, username.casefold())
