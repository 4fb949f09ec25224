"""How metrics leave a process: on a service's own port, or for a worker on a small server of its own."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import structlog
from prometheus_client import REGISTRY, CollectorRegistry, start_http_server
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

_log = structlog.get_logger()


class CountersOf(Collector):
    """Counters that an object keeps without knowing of metrics, read when they are asked for."""

    def __init__(self, prefix: str, read: Callable[[], Mapping[str, int]]) -> None:
        self._prefix = prefix
        self._read = read

    def collect(self) -> Iterator[Metric]:
        """Return each count as a counter called `<prefix>_<name>_total`."""
        for name, value in self._read().items():
            yield CounterMetricFamily(f"{self._prefix}_{name}", f"{name} since the process started", value=value)


@contextmanager
def published_counters(
    prefix: str, read: Callable[[], Mapping[str, int]], *, registry: CollectorRegistry = REGISTRY
) -> Iterator[None]:
    """Publish what `read` returns for as long as the context lasts."""
    collector = CountersOf(prefix, read)
    registry.register(collector)
    try:
        yield
    finally:
        registry.unregister(collector)


def serve_metrics(*, host: str, port: int) -> Callable[[], None]:
    """Serve this process's metrics on every path until the result is called; port 0 serves none.

    A port that is taken costs the metrics, never the work.
    """
    if port == 0:
        return lambda: None
    try:
        server, thread = start_http_server(port, addr=host)
    except OSError as error:
        _log.error("metrics_not_served", port=port, reason=error.strerror)
        return lambda: None

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop
