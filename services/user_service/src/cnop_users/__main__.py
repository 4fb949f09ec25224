"""Run the user service: `python -m cnop_users`; with arguments, an operator's command on its store."""

import asyncio
import sys

from pydantic import ValidationError
from pydantic_settings import SettingsError

from cnop_platform.log import configure_logging
from cnop_platform.process import explain_settings
from cnop_platform.serve import serve
from cnop_platform.tracing import start_tracing
from cnop_users.bootstrap import NAME, build
from cnop_users.bootstrap.commands import carry_out
from cnop_users.settings import UsersSettings


def main(arguments: list[str]) -> None:
    """Read the settings and serve until told to stop, or carry out what the arguments ask for."""
    try:
        settings = UsersSettings()  # type: ignore[call-arg]  # the values come from the environment
    except ValidationError as error:
        explain_settings(error)
    except SettingsError as error:
        sys.exit(f"settings: {error}")
    if arguments:
        print(asyncio.run(carry_out(arguments, settings)))  # noqa: T201 - a command's output
        return
    configure_logging(service=NAME, level=settings.log_level)
    start_tracing(service=NAME)
    tls = settings.mutual_tls()
    serve(build(settings), host=settings.host, port=settings.port, tls=tls, ops_port=settings.ops_port)


if __name__ == "__main__":
    main(sys.argv[1:])
