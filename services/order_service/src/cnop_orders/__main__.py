"""Starts the service, or with `engine` as the argument the worker that fills and ends resting orders."""

import importlib
import sys


def main(arguments: list[str]) -> None:
    """Run what the arguments ask for, and import no more than that needs."""
    match arguments:
        case []:
            importlib.import_module("cnop_orders.bootstrap").main()
        case ["engine"]:
            importlib.import_module("cnop_orders.engine_worker").main()
        case _:
            sys.exit("usage: python -m cnop_orders [engine]")


if __name__ == "__main__":
    main(sys.argv[1:])
