"""The user service's operator functions, on the store of a stack, whether it runs or not."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from pydantic import ValidationError

from cnop_cli.commands.ledger import store_of
from cnop_cli.errors import CommandError
from cnop_cli.stack import plan, record
from cnop_cli.stack.secretstore import SecretStore
from cnop_cli.stack.state import StateDir
from cnop_core.errors import CnopError, InvalidInput
from cnop_platform.settings import Environment
from cnop_platform.store.open import sqlite_url
from cnop_users.bootstrap.operations import Operations, operations
from cnop_users.settings import UsersSettings


@asynccontextmanager
async def administration(state: StateDir) -> AsyncIterator[Operations]:
    """Connect to a stack's store and Valkey; what the rules of the user service refuse becomes one line.

    Raises:
        CommandError: there is no such stack, or it was refused.
    """
    # What the service would log is not this command's output; what went wrong still is worth a line.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("error"),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        async with operations(settings_of(state)) as operator:
            yield operator
    except InvalidInput as error:
        found = "; ".join(f"{each.field}: {each.message}" for each in error.errors)
        raise CommandError(found or str(error)) from error
    except (CnopError, ValueError) as error:
        raise CommandError(str(error)) from error


def settings_of(state: StateDir) -> UsersSettings:
    """Give the settings that the stack's own user service has.

    Raises:
        CommandError: the stack was never started.
    """
    store = store_of(state)
    secrets = SecretStore(state.secrets)
    shares = sorted(secrets.folder("user_service").glob("cnop_*"))
    values: dict[str, Any] = {path.name.removeprefix("cnop_"): path.read_text(encoding="ascii") for path in shares}
    known = record.load(state.record)
    started = known.settings if known else {}
    try:
        return UsersSettings(
            **values,
            environment=Environment.LOCAL,
            profile=Environment(started.get("profile", "local")),
            store=store,
            token_issuer=plan.ISSUER,
            token_audience=plan.AUDIENCE,
            signing_keys=secrets.signing_keys,
            mail_dir=state.mail,
            erasure_register=sqlite_url(state.erasures),
            page_url=started.get("page_url"),
            policies=str(plan.POLICIES),
        )
    except ValidationError as error:
        lacking = ", ".join(str(each["loc"][0]) for each in error.errors())
        raise CommandError(f"{state.root} lacks what the user service needs ({lacking}); start it once") from None
