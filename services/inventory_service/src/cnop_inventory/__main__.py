"""Starts the service, or with `feed` as the argument the worker that publishes prices."""

import importlib
import sys


def main(arguments: list[str]) -> None:
    """Run what the arguments ask for, and import no more than that needs."""
    match arguments:
        case []:
            importlib.import_module("cnop_inventory.bootstrap").main()
        case ["feed"]:
            importlib.import_module("cnop_inventory.feed_worker").main()
        case _:
            sys.exit("usage: python -m cnop_inventory [feed]")


if __name__ == "__main__":
    main(sys.argv[1:])
