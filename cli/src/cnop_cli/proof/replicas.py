"""Second processes of the services, beside those of a stack, on the same store and the same Valkey."""

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from cnop_cli.errors import CommandError
from cnop_cli.stack import health, plan, processes
from cnop_cli.stack.plan import Options, Prepared
from cnop_cli.stack.ports import HOST, Ports, free_offset
from cnop_cli.stack.record import Identity
from cnop_cli.stack.secretstore import SecretStore
from cnop_cli.stack.state import StateDir
from cnop_cli.stack.supervisor import Component
from cnop_cli.workspace import ROOT

DOUBLED: Final = ("user_service", "order_service", "order_engine")
_START_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.1


@dataclass(slots=True)
class Replica:
    """One more process of a component, started again whenever it has ended."""

    component: Component
    state: StateDir
    child: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0

    @property
    def name(self) -> str:
        return self.component.name

    def revive(self) -> None:
        """Start the process unless it runs."""
        if self.child is not None and self.child.poll() is None:
            return
        log = self.state.log_of(self.name)
        self.child = processes.spawn(self.component.argv, environment=self.component.environment, folder=ROOT, log=log)
        self.started_at = time.monotonic()

    def identity(self) -> Identity | None:
        """Give the process, if it runs."""
        running = self.child is not None and self.child.poll() is None
        return processes.identify(self.child.pid) if self.child is not None and running else None

    def is_healthy(self) -> bool:
        """Ask its probe."""
        uptime_seconds = time.monotonic() - self.started_at
        return self.identity() is not None and health.passes(self.component.probe, uptime_seconds=uptime_seconds)

    def end(self) -> None:
        """End the process for certain."""
        if self.child is not None:
            processes.kill_group(self.child.pid)
            self.child.wait()


@dataclass(slots=True)
class Replicas:
    """The second processes of a stack."""

    all: Sequence[Replica]
    urls: Mapping[str, str] = field(default_factory=dict)
    """Where the second process of each service answers."""

    async def keep_alive(self) -> None:
        """Start again whatever ends, until cancelled."""
        while True:
            for replica in self.all:
                replica.revive()
            await asyncio.sleep(_POLL_SECONDS)

    async def wait_until_healthy(self) -> None:
        """Return when all answer.

        Raises:
            CommandError: they do not within a minute.
        """
        deadline = time.monotonic() + _START_SECONDS
        while not all([await asyncio.to_thread(replica.is_healthy) for replica in self.all]):
            if time.monotonic() > deadline:
                raise CommandError("a second process of a service did not become healthy; see its log")
            await asyncio.sleep(_POLL_SECONDS)


@contextmanager
def replicas(options: Options, *, settings: Mapping[str, str]) -> Iterator[Replicas]:
    """Make second processes for the running stack that was started with these options; they end with the context."""
    ports = Ports.shifted(free_offset())
    made = plan.components(
        options,
        prepared=Prepared(page=None, valkey=(), gateway=()),
        secrets=SecretStore(options.state.secrets),
        environ={**os.environ, **settings},
    )
    chosen = [Replica(_moved(component, ports), options.state) for component in made if component.name in DOUBLED]
    urls = {name: f"http://{HOST}:{ports.by_name()[name]}" for name in options.service_urls()}
    try:
        for replica in chosen:
            replica.revive()
        yield Replicas(chosen, urls)
    finally:
        for replica in chosen:
            replica.end()


def _moved(component: Component, ports: Ports) -> Component:
    """Give the component a name of its own, and another port where it has one."""
    name = f"{component.name}_2"
    if component.url is None:
        return replace(component, name=name)
    url = f"http://{HOST}:{ports.by_name()[component.name]}"
    return replace(
        component,
        name=name,
        probe=component.probe.replace(component.url, url),
        environment={**component.environment, "CNOP_PORT": url.rpartition(":")[2]},
    )
