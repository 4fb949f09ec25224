"""Starts the service, or with `engine` as the argument the worker that fills and ends resting orders."""

import sys

from cnop_orders.bootstrap import ENGINE_NAME, NAME, build, engine, stream_bounds
from cnop_orders.settings import EngineSettings, OrderSettings
from cnop_platform.log import configure_logging
from cnop_platform.serve import read_settings, run_worker, serve


def main(arguments: list[str]) -> None:
    """Run what the arguments ask for."""
    match arguments:
        case []:
            settings = read_settings(OrderSettings)
            configure_logging(service=NAME, level=settings.log_level)
            streams = stream_bounds(settings)
            serve(build(settings, streams=streams), host=settings.host, port=settings.port, on_stop=streams.stop)
        case ["engine"]:
            engine_settings = read_settings(EngineSettings)
            configure_logging(service=ENGINE_NAME, level=engine_settings.log_level)
            run_worker(lambda: engine(engine_settings))
        case _:
            sys.exit("usage: python -m cnop_orders [engine]")


if __name__ == "__main__":
    main(sys.argv[1:])
