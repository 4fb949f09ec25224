"""Ports: which ones a stack uses, whether they are free, and who holds one that is not."""

import random
import socket
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import psutil

from cnop_cli.errors import CommandError

HOST: Final = "127.0.0.1"
_FROM_GATEWAY_TO_PROMETHEUS: Final = 9090 - 8080
_TO_OPS: Final = 5


_BETWEEN_REPLICAS: Final = 200
SERVERS: Final = ("user_service", "inventory_service", "order_service", "web")


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one stack, all on the loopback interface."""

    gateway: int = 8080
    page: int = 3000
    user_service: int = 8000
    inventory_service: int = 8001
    order_service: int = 8002
    price_feed: int = 8003
    order_engine: int = 8004
    web: int = 3001
    valkey: int = 6379
    envoy_admin: int = 9901

    @classmethod
    def shifted(cls, offset: int) -> "Ports":
        """Give the ports of a stack that lives beside the default one.

        Raises:
            CommandError: a port would leave the range 1-65535.
        """
        moved = {field.name: int(str(field.default)) + offset for field in fields(cls)}
        if min(moved.values()) < 1 or max(moved.values()) > 65535:
            raise CommandError(f"--port-offset {offset} leads outside the ports 1-65535; take one from 0 to 55000")
        return cls(**moved)

    @property
    def prometheus(self) -> int:
        """The port of Prometheus, which is needed only where it is started."""
        return self.gateway + _FROM_GATEWAY_TO_PROMETHEUS

    @property
    def ops(self) -> dict[str, int]:
        """The ports on which services show health and metrics where their own want certificates."""
        return {name: getattr(self, name) + _TO_OPS for name in SERVERS}

    def replica(self, number: int) -> "Ports":
        """Give the ports of which the process of that number of a service, counted from 1, takes the service's."""
        moved = {name: port + _BETWEEN_REPLICAS * (number - 1) for name, port in self.by_name().items()}
        return Ports(**moved)

    def by_name(self) -> dict[str, int]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


def is_free(port: int) -> bool:
    """Tells whether a server could listen on this port of the loopback interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections of an ended server that still linger do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    # Elsewhere than on Linux one may bind next to a server that listens on all addresses.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) != 0


def owner(port: int) -> str:
    """Says who listens on a port, as far as this user may see it."""
    try:
        connections = psutil.net_connections(kind="tcp")
        holders = [psutil.Process(each.pid) for each in connections if each.pid and _listens(each, port)]
    except psutil.AccessDenied:
        # macOS shows the whole table to root only, but to everyone what their own processes do.
        holders = [process for process in psutil.process_iter() if _holds(process, port)]
    except psutil.NoSuchProcess:
        holders = []
    for process in holders:
        try:
            return f"{process.name()} (process {process.pid}, user {process.username()})"
        except psutil.Error:
            continue
    return "a process that belongs to another user"


def _holds(process: psutil.Process, port: int) -> bool:
    try:
        return any(_listens(each, port) for each in process.net_connections(kind="tcp"))
    except psutil.Error:
        return False


def _listens(connection: Any, port: int) -> bool:
    address = connection.laddr
    return connection.status == psutil.CONN_LISTEN and bool(address) and address.port == port


def require_free(ports: Mapping[str, int]) -> None:
    """Make sure that nothing holds one of the ports, each named by whose it is.

    Raises:
        CommandError: one is taken; the text names the port and who holds it.
    """
    for name, port in ports.items():
        if not is_free(port):
            raise CommandError(
                f"port {port} ({name}) is taken by {owner(port)}; stop it, or start elsewhere with --port-offset 100"
            )


def free_offset() -> int:
    """Find an offset at which every port is free.

    Raises:
        CommandError: none was found in many tries.
    """
    for _ in range(200):
        # All below 32768, where systems begin to take ports for outgoing connections.
        offset = random.randrange(100, 22_000, 10)  # noqa: S311 - spreads parallel stacks, guards nothing
        ports = Ports.shifted(offset)
        if all(is_free(port) for port in (*ports.by_name().values(), *ports.ops.values())):
            return offset
    raise CommandError("found no free ports for another stack; stop one that runs")
