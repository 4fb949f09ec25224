"""The certificates of a stack with TLS: an authority for its doors, which people may trust, and another for the inside.

Each is a file that holds certificate and key, readable by its owner only, and is exchanged by renaming: whoever
watches it reads the old pair or the new one. They are made in a process of their own (`cnop_cli.stack.issue`), so that
the supervisor carries no cryptography library.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cnop_cli.errors import CommandError

DOOR_NAMES: Final = ("localhost", "127.0.0.1", "::1")
CALLERS: Final = {
    "user-service": ("gateway", "web", "inventory-service", "order-service"),
    "inventory-service": ("gateway", "web"),
    "order-service": ("gateway", "web"),
    "web": ("gateway",),
}
"""Whom each process serves, by the names in their certificates."""
HOLDERS: Final = ("gateway", *CALLERS)


def holder(component: str) -> str:
    """Give the name that a component's certificate carries: that of its Kubernetes service."""
    return component.replace("_", "-")


@dataclass(frozen=True, slots=True)
class Certificates:
    """The certificates under one folder."""

    folder: Path

    @property
    def ca(self) -> Path:
        """What a browser or client needs to trust the doors."""
        return self.folder / "ca.pem"

    @property
    def door(self) -> Path:
        """What the doors show."""
        return self.folder / "door.pem"

    @property
    def inside(self) -> Path:
        """Where the certificates lie by which the processes know each other."""
        return self.folder / "inside"

    @property
    def inside_ca(self) -> Path:
        """What the processes trust."""
        return self.inside / "ca.pem"

    def of(self, component: str) -> Path:
        """Give what a component shows to the others."""
        return self.inside / f"{holder(component)}.pem"

    def prepare(self) -> None:
        """Make what is missing, and anew what expires within a month.

        Raises:
            CommandError: it cannot be made.
        """
        self._issue()

    def rotate(self) -> None:
        """Make every certificate anew, under the same authorities.

        Raises:
            CommandError: there are none yet, or they cannot be made.
        """
        if not self.ca.is_file():
            raise CommandError(f"there are no certificates in {self.folder}; start with `./cnop up --tls` once")
        self._issue("--anew")

    def _issue(self, *options: str) -> None:
        argv = [sys.executable, "-m", "cnop_cli.stack.issue", str(self.folder), *options]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise CommandError(f"the certificates in {self.folder} cannot be made: {last}")
