"""A stack for a test run: on free ports, with temporary state, stopped and removed afterwards."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cnop_cli.errors import CommandError
from cnop_cli.stack import record
from cnop_cli.stack.certificates import Certificates
from cnop_cli.stack.ports import free_offset
from cnop_cli.stack.record import StackRecord
from cnop_cli.stack.state import StateDir
from cnop_cli.workspace import ROOT


@dataclass(frozen=True, slots=True)
class Trial:
    """A running stack; `known` is its record from the time it got healthy."""

    state: StateDir
    known: StackRecord

    def environment(self) -> dict[str, str]:
        """Give the variables by which tests find the stack."""
        return addresses(self.known, state=self.state)

    def cnop(self, *arguments: str) -> None:
        """Run a `cnop` command on this stack.

        Raises:
            CommandError: it failed.
        """
        cnop(*arguments, "--state", str(self.state.root))


def addresses(known: StackRecord, *, state: StateDir) -> dict[str, str]:
    """Give the variables by which tests find a stack."""
    services = known.settings["services"]
    shown = Certificates(state.tls)
    trust = {
        # The doors are trusted by whatever the tests are written with; to the services they speak as the gateway does.
        "SSL_CERT_FILE": str(shown.ca),
        "CNOP_INSIDE_CA": str(shown.inside_ca),
        "CNOP_CALLER_CERTIFICATE": str(shown.of("gateway")),
    }
    return {
        **(trust if known.settings.get("ca") else {}),
        "CNOP_BASE_URL": known.settings["gateway_url"],
        "CNOP_PAGE_URL": known.settings["page_url"],
        "CNOP_USER_URL": services["user_service"],
        "CNOP_INVENTORY_URL": services["inventory_service"],
        "CNOP_ORDER_URL": services["order_service"],
        "CNOP_STATE": str(state.root),
    }


def cnop(*arguments: str, environment: Mapping[str, str] | None = None) -> None:
    """Run a `cnop` command in a process of its own.

    Raises:
        CommandError: it failed.
    """
    argv = [sys.executable, "-m", "cnop_cli", *arguments]
    if subprocess.run(argv, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, check=False).returncode:
        raise CommandError(f"`cnop {' '.join(arguments[:2])}` failed; the lines above say why")


@contextmanager
def trial(*options: str, environment: Mapping[str, str] | None = None) -> Iterator[Trial]:
    """Start a stack with further options of `up` and other variables; after a failure its folder stays, and is named.

    Raises:
        CommandError: it did not start.
    """
    state = StateDir.at(Path(tempfile.mkdtemp(prefix="cnop-trial-")))
    where = ("--state", str(state.root))
    try:
        cnop("up", "--detach", "--port-offset", str(free_offset()), *where, *options, environment=environment)
        known = record.load(state.record)
        if known is None:
            raise CommandError(f"the stack in {state.root} left no record")
        yield Trial(state=state, known=known)
    except BaseException:
        cnop("down", *where)
        print(f"the stack's logs stay in {state.logs}", file=sys.stderr)
        raise
    cnop("down", *where)
    shutil.rmtree(state.root)
