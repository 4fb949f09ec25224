"""The state directory of a stack: its data, secrets, logs and what is known about its running processes."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from cnop_cli.errors import CommandError
from cnop_cli.workspace import ROOT

DEFAULT = ROOT / "var"


@dataclass(frozen=True, slots=True)
class StateDir:
    """Everything a stack keeps lives under one folder, readable by its owner only."""

    root: Path

    @classmethod
    def at(cls, path: str | Path) -> "StateDir":
        return cls(Path(path).expanduser().absolute())

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def database(self) -> Path:
        return self.data / "cnop.db"

    @property
    def erasures(self) -> Path:
        """The register of who was erased: beside the database, and in none of its backups."""
        return self.data / "erasures.db"

    @property
    def tls(self) -> Path:
        return self.root / "tls"

    @property
    def mail(self) -> Path:
        return self.root / "mail"

    @property
    def record(self) -> Path:
        return self.run / "stack.json"

    def log_of(self, component: str) -> Path:
        return self.logs / f"{component}.log"

    def prepare(self) -> None:
        """Make the folders.

        Raises:
            CommandError: the folder cannot be made or written.
        """
        try:
            for folder in (self.root, self.run, self.logs, self.secrets, self.data):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise CommandError(
                f"cannot keep state in {self.root}: {error.strerror}; give another folder with --state"
            ) from error

    def try_lock(self) -> int | None:
        """Take the lock that only one supervisor of this folder can hold; gives its descriptor, or None when taken.

        The lock ends with the last process that holds the descriptor, so that no crash can leave it behind.
        """
        descriptor = os.open(self.run / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor


def write_private(path: Path, content: str | bytes) -> None:
    """Write a file that only its owner can read, so that readers see the old or the new content, never half of it."""
    data = content.encode() if isinstance(content, str) else content
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    draft.replace(path)
