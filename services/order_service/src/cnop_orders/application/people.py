"""Whose objects a request is about: the caller's own, or, for staff, those of a user they name."""

from dataclasses import dataclass

from cnop_core.errors import NotFound
from cnop_core.ids import UserId
from cnop_platform.directory import Directory


class UnknownUser(NotFound):
    """There is no such user, or it is not the caller's to know of."""

    def __init__(self) -> None:
        super().__init__("there is no such user")


@dataclass(frozen=True, slots=True)
class Person:
    """A user, by id and by name."""

    user_id: UserId
    username: str


async def whose(directory: Directory, *, caller: Person, is_staff: bool, username: str | None) -> Person:
    """Return the person that a request is about; naming oneself is fine. Raises `UnknownUser`."""
    if username is None or username.casefold() == caller.username.casefold():
        return caller
    found = await directory.find(username) if is_staff else None
    if found is None:
        raise UnknownUser
    return Person(found, username.casefold())
