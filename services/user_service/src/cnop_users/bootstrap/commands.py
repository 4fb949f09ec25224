"""What operators run beside a deployed service, with that service's own settings: `python -m cnop_users …`."""

import sys
from typing import Final

import structlog

from cnop_core.errors import CnopError, InvalidInput
from cnop_platform.permissions import Role
from cnop_users.bootstrap.operations import operations
from cnop_users.settings import UsersSettings

ROLES: Final = tuple(role.value for role in Role if role is not Role.PUBLIC)
USAGE: Final = (
    "usage: python -m cnop_users [rewrap | grant USER ROLE | revoke USER ROLE | seal-passkeys]  "
    f"(roles: {', '.join(ROLES)})"
)


async def carry_out(arguments: list[str], settings: UsersSettings) -> str:
    """Do what the arguments say and return the line that tells its result; what is refused ends the process."""
    # What the service would log is not this command's output; what went wrong still is worth a line.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("error"),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        return await _act(arguments, settings)
    except InvalidInput as error:
        sys.exit("; ".join(f"{each.field}: {each.message}" for each in error.errors) or str(error))
    except CnopError as error:
        sys.exit(str(error))


async def _act(arguments: list[str], settings: UsersSettings) -> str:
    match arguments:
        case ["rewrap"]:
            async with operations(settings) as operator:
                wrapped, indexed = await operator.rewrap_data_keys(), await operator.reindex_emails()
            return f"{wrapped} data keys and {indexed} email look-ups moved to the newest keys"
        case ["seal-passkeys"]:
            async with operations(settings) as operator:
                return f"{await operator.seal_passkeys()} passkeys sealed"
        case ["grant" | "revoke" as act, user, role] if role in ROLES:
            async with operations(settings) as operator:
                change = operator.grant if act == "grant" else operator.revoke
                roles = await change(user, Role(role))
            return f"{user} is now: {', '.join(sorted(roles))}"
        case _:
            sys.exit(USAGE)
