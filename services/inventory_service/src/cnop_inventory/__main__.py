"""`python -m cnop_inventory` serves the API."""

import sys

from cnop_inventory.bootstrap import NAME, build
from cnop_inventory.settings import InventorySettings
from cnop_platform.log import configure_logging
from cnop_platform.serve import read_settings, serve


def main() -> None:
    """Run what the arguments ask for."""
    if sys.argv[1:]:
        sys.exit("usage: python -m cnop_inventory")
    settings = read_settings(InventorySettings)
    configure_logging(service=NAME, level=settings.log_level)
    serve(build(settings), host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
