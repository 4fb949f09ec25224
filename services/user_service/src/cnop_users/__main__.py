"""Run the user service: `python -m cnop_users`."""

import sys

from pydantic import ValidationError
from pydantic_settings import SettingsError

from cnop_platform.log import configure_logging
from cnop_platform.process import explain_settings
from cnop_platform.serve import serve
from cnop_platform.tracing import start_tracing
from cnop_users.bootstrap import NAME, build
from cnop_users.settings import UsersSettings


def main() -> None:
    """Read the settings and serve until told to stop."""
    try:
        settings = UsersSettings()  # type: ignore[call-arg]  # the values come from the environment
    except ValidationError as error:
        explain_settings(error)
    except SettingsError as error:
        sys.exit(f"settings: {error}")
    configure_logging(service=NAME, level=settings.log_level)
    start_tracing(service=NAME)
    tls = settings.mutual_tls()
    serve(build(settings), host=settings.host, port=settings.port, tls=tls, ops_port=settings.ops_port)


if __name__ == "__main__":
    main()
