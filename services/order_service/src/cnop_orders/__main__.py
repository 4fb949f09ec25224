"""Starts the service, or with `engine` as the argument the worker that fills and ends resting orders."""

import sys

from cnop_orders.bootstrap import NAME, build
from cnop_orders.settings import OrderSettings
from cnop_platform.log import configure_logging
from cnop_platform.serve import read_settings, serve


def main() -> None:
    """Run what the arguments ask for."""
    if sys.argv[1:]:
        sys.exit("usage: python -m cnop_orders")
    settings = read_settings(OrderSettings)
    configure_logging(service=NAME, level=settings.log_level)
    serve(build(settings), host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
