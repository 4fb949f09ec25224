"""Starts the service, or with `feed` as the argument the worker that publishes prices."""

import sys

from cnop_inventory.bootstrap import FEED_NAME, NAME, build, feed, stream_bounds
from cnop_inventory.settings import FeedSettings, InventorySettings
from cnop_platform.log import configure_logging
from cnop_platform.serve import read_settings, run_worker, serve


def main(arguments: list[str]) -> None:
    """Run what the arguments ask for."""
    match arguments:
        case []:
            settings = read_settings(InventorySettings)
            configure_logging(service=NAME, level=settings.log_level)
            streams = stream_bounds(settings)
            app = build(settings, streams=streams)
            serve(app, host=settings.host, port=settings.port, on_stop=streams.stop)
        case ["feed"]:
            feed_settings = read_settings(FeedSettings)
            configure_logging(service=FEED_NAME, level=feed_settings.log_level)
            run_worker(lambda: feed(feed_settings))
        case _:
            sys.exit("usage: python -m cnop_inventory [feed]")


if __name__ == "__main__":
    main(sys.argv[1:])
