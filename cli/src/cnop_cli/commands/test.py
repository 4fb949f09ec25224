"""`cnop test`: runs the tests, stage by stage."""

import argparse
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from cnop_cli import chromium, page
from cnop_cli.commands.options import add_state, note
from cnop_cli.errors import CommandError
from cnop_cli.proof.campaign import DEFAULT_MINUTES, campaign
from cnop_cli.stack import processes, record
from cnop_cli.stack.plan import SERVICES
from cnop_cli.stack.state import StateDir
from cnop_cli.stages import Skip, Stage, run_all, run_tool
from cnop_cli.trial import addresses, trial
from cnop_cli.workspace import ROOT

# Two workers fill a small machine and leave a large one responsive.
WORKERS: Final = "2"
BLACK_BOX: Final = ROOT / "integration_tests"
DEPLOYMENT: Final = ROOT / "deploy_tests"
INFRASTRUCTURE: Final = ROOT / "infra_tests"
# What takes its time, or needs a running stack, tools from elsewhere or a container engine, is run when asked for.
ASKED_FOR: Final = frozenset({"security", "running", "deploy", "infra", "containers"})
_FOUND_NO_TESTS: Final = 5
LEAD_SECONDS: Final = "45"
"""For how long a stack under attack publishes a signing key before it signs: more than the gateway's 30 s."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was asked for beyond the stages: which tests, arguments for pytest, the stack that `running` is about."""

    names: str | None
    pytest: Sequence[str]
    state: StateDir
    minutes: float | None = None
    """How long the chaos shall last; None for a short one."""
    seed: int | None = None
    stages: Collection[str] = ()
    """All the stages that run."""

    def arguments(self, *, names: str | None = None, marker: str | None = None) -> list[str]:
        """Give the arguments for pytest, with a condition on the tests' names added to the one asked for, and marks."""
        conditions = [f"({condition})" for condition in (self.names, names) if condition]
        chosen = ["-k", " and ".join(conditions)] if conditions else []
        return [*chosen, *(["-m", marker] if marker else []), *self.pytest]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    names = f"all, {', '.join(STAGES)} (default: all, which leaves {', '.join(sorted(ASKED_FOR))} out)"
    parser.usage = "./cnop test [STAGE ...] [-k EXPRESSION] [--minutes N] [--state DIR] [-- PYTEST-ARGUMENT ...]"
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=names)
    parser.add_argument("-k", metavar="EXPRESSION", help="only tests whose names match, as pytest reads it")
    parser.add_argument(
        "--minutes", type=float, metavar="N", help="how long `chaos` lasts (default: 2; short in `all`)"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="repeats the draws of an earlier `chaos`")
    add_state(parser)


def run(args: argparse.Namespace) -> int:
    """Run the stages and sum them up."""
    chosen = chosen_stages(args.stages)
    if unknown := [name for name in chosen if name not in STAGES]:
        raise CommandError(f"there is no stage `{unknown[0]}`; there is: all, {', '.join(STAGES)}")
    minutes = DEFAULT_MINUTES if args.minutes is None and "chaos" in args.stages else args.minutes
    choice = Choice(names=args.k, pytest=args.further, state=args.state, minutes=minutes, seed=args.seed, stages=chosen)
    return run_all([Stage(name, partial(STAGES[name], choice)) for name in chosen])


def chosen_stages(asked: Sequence[str]) -> list[str]:
    """Give the stages to run, each once: those asked for, with all that `all` means in its place."""
    everything = [name for name in STAGES if name not in ASKED_FOR]
    named = [each for name in asked or ["all"] for each in (everything if name == "all" else [name])]
    return list(dict.fromkeys(named))


def unit(choice: Choice) -> None:
    """Run the tests that lie beside the sources."""
    beside_sources(choice.arguments(names="not dynamodb"))


def dynamodb(choice: Choice) -> None:
    """Run those tests that need DynamoDB Local, and so Java; where it cannot run, they say so and are skipped."""
    beside_sources(choice.arguments(names="dynamodb"))


def beside_sources(arguments: list[str], *, fine: Collection[int] = (0,)) -> None:
    """Run pytest over the packages with a few workers."""
    run_tool([sys.executable, "-m", "pytest", "-q", "-n", WORKERS, "--dist", "worksteal", *arguments], fine=fine)


def frontend(_choice: Choice) -> None:
    """Test the page's parts, and what its build came to."""
    if not page.exists():
        raise Skip("there is no page")
    with page.only_one():
        node = page.find_node(report=note)
        page.install_packages(node, report=note)
    page.run_npm(node, ["run", "--silent", "test"])
    page.build(report=note)
    page.run_npm(node, ["run", "--silent", "check:dist"])


def integration(choice: Choice) -> None:
    """Run the black-box tests against a stack of their own, and then verify the ledger that they left behind."""
    chromium.require(report=note)
    issuer = f"http://127.0.0.1:{free_port()}"
    described = {"issuer": issuer, "client_id": "cnop", "client_secret": secrets.token_urlsafe(24)}
    known = {**os.environ, "CNOP_OIDC_PROVIDERS": json.dumps({"mock": described})}
    with trial(environment=known) as stack:
        black_box(choice, {**stack.environment(), "CNOP_OIDC_ISSUER": issuer}, marker="not security")
        stack.cnop("ledger", "verify")


def free_port() -> int:
    """Find a port that nothing listens on; a provider that the tests start will."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def security(choice: Choice) -> None:
    """Attack: forged tokens, stolen sessions, guesses, races; the units, unless `unit` runs, then a stack."""
    # Where a name was asked for, one half may have no test of it.
    fine = (0, _FOUND_NO_TESTS) if choice.names else (0,)
    if "unit" not in choice.stages:
        beside_sources(choice.arguments(names="not dynamodb", marker="security"), fine=fine)
    # A new signing key shall sign within the time of a test, not five minutes later.
    with trial(environment={**os.environ, "CNOP_JWKS_CACHE_SECONDS": LEAD_SECONDS}) as stack:
        black_box(choice, stack.environment(), marker="security", fine=fine)
        stack.cnop("audit", "verify")
        stack.cnop("ledger", "verify")


def transport(choice: Choice) -> None:
    """Run those black-box tests that TLS could change against a stack with TLS, and verify its ledger."""
    with trial("--tls") as stack:
        black_box(
            choice, stack.environment(), marker="not security and (transport or smoke or user or order or gateway)"
        )
        stack.cnop("ledger", "verify")


def chaos(choice: Choice) -> None:
    """Kill and pause processes under load, and judge what the clients saw."""
    if choice.names is not None:
        raise Skip("it is one experiment, without tests to choose from by name")
    campaign(minutes=choice.minutes, seed=choice.seed, report=note)


def upgrade(choice: Choice) -> None:
    """Replace every service's processes one by one under load, and count the requests that failed: none may."""
    if choice.names is not None:
        raise Skip("it is one experiment, without tests to choose from by name")
    from cnop_cli.proof.upgrade import replace_under_load  # noqa: PLC0415 - only this stage needs it

    options = [part for service in SERVICES for part in ("--replicas", f"{service}=2")]
    with trial(*options) as stack:
        note(replace_under_load(stack))
        stack.cnop("ledger", "verify")


def running(choice: Choice) -> None:
    """Run the black-box tests against a platform that runs already: the local one, or the one that variables name."""
    known = record.load(choice.state.record)
    local = known is not None and processes.is_running(known.supervisor)
    if known is not None and local and "CNOP_BASE_URL" not in os.environ:
        black_box(choice, addresses(known, state=choice.state))
    else:
        black_box(choice, {})


def black_box(
    choice: Choice, variables: dict[str, str], *, marker: str | None = None, fine: Collection[int] = (0,)
) -> None:
    """Run the black-box tests; they import nothing of ours and know the platform by its addresses only."""
    browser = chromium.find()
    environment = {**os.environ, **variables, **({"CNOP_CHROMIUM": browser} if browser else {})}
    argv = [sys.executable, "-m", "pytest", "-q", "-c", str(BLACK_BOX / "pytest.ini"), "--rootdir", str(BLACK_BOX)]
    run_tool([*argv, str(BLACK_BOX), *choice.arguments(marker=marker)], environment=environment, fine=fine)


def deploy(choice: Choice) -> None:
    """Check manifests, images, scripts, Terraform, rules and workflows without starting anything."""
    marked_tests(DEPLOYMENT, choice, marker="not containers")
    marked_tests(INFRASTRUCTURE, choice, marker="not stack")


def infra(choice: Choice) -> None:
    """Watch a platform by what watches it in production: Prometheus, Alertmanager, a collector of traces."""
    marked_tests(INFRASTRUCTURE, choice, marker="stack")


def containers(choice: Choice) -> None:
    """Build every image, run the platform from them, test it from outside, and hurt it."""
    if "CNOP_CONTAINER_PREPARE" not in os.environ and not engine_answers():
        reason = "no container engine answers, and CNOP_CONTAINER_PREPARE names no program that starts one"
        # The project's own pipeline runs where there is one; that it vanished must not look like success.
        raise CommandError(reason) if os.environ.get("GITHUB_ACTIONS") else Skip(reason)
    marked_tests(DEPLOYMENT, choice, marker="containers")


def engine_answers() -> bool:
    """Tell whether a container engine can be used."""
    docker = shutil.which("docker")
    return docker is not None and subprocess.run([docker, "info"], capture_output=True, check=False).returncode == 0


def marked_tests(folder: Path, choice: Choice, *, marker: str) -> None:
    """Run those tests of a folder that a condition on markers chooses; none by that name is no failure."""
    argv = [sys.executable, "-m", "pytest", "-q", "-c", str(folder / "pytest.ini"), "--rootdir", str(folder)]
    run_tool([*argv, "-m", marker, str(folder), *choice.arguments()], fine=(0, _FOUND_NO_TESTS))


STAGES: Final[dict[str, Callable[[Choice], None]]] = {
    "unit": unit,
    "dynamodb": dynamodb,
    "frontend": frontend,
    "integration": integration,
    "security": security,
    "transport": transport,
    "chaos": chaos,
    "upgrade": upgrade,
    "running": running,
    "deploy": deploy,
    "infra": infra,
    "containers": containers,
}
