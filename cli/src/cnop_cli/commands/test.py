"""`cnop test`: runs the tests, stage by stage."""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from typing import Final

from cnop_cli import chromium, page
from cnop_cli.commands.options import note
from cnop_cli.errors import CommandError
from cnop_cli.stages import Skip, Stage, run_all, run_tool
from cnop_cli.trial import trial
from cnop_cli.workspace import ROOT

# Two workers fill a small machine and leave a large one responsive.
WORKERS: Final = "2"
_NO_TESTS: Final = "there are no tests yet"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=f"all, or: {', '.join(STAGES)} (default: all)")
    parser.add_argument("-k", metavar="EXPRESSION", help="only tests whose names match, as pytest reads it")


def run(args: argparse.Namespace) -> int:
    """Run the stages and sum them up."""
    chosen = [name for name in args.stages if name != "all"] or list(STAGES)
    if unknown := [name for name in chosen if name not in STAGES]:
        raise CommandError(f"there is no stage `{unknown[0]}`; there is: all, {', '.join(STAGES)}")
    selection = ["-k", args.k] if args.k else []
    return run_all([Stage(name, partial(STAGES[name], selection)) for name in chosen])


def pytest(*arguments: str, environment: dict[str, str] | None = None) -> None:
    """Run pytest with its output shown.

    Raises:
        CommandError: a test failed, or there was none.
    """
    run_tool([sys.executable, "-m", "pytest", "-q", *arguments], environment=environment)


def unit(selection: list[str]) -> None:
    """Run the tests that lie beside the sources."""
    pytest("-n", WORKERS, "--dist", "worksteal", *selection)


def frontend(_selection: list[str]) -> None:
    """Lint, type-check and test the page."""
    if not page.exists():
        raise Skip("there is no page yet")
    with page.only_one():
        node = page.find_node(report=note)
        page.install_packages(node, report=note)
    for script in ("lint", "typecheck", "test"):
        page.run_npm(node, ["run", "--silent", script])


def integration(selection: list[str]) -> None:
    """Run the black-box tests against a stack of their own, and then verify the ledger that they left behind."""
    folder = ROOT / "integration_tests"
    if not list(folder.rglob("test_*.py")):
        raise Skip(_NO_TESTS)
    browser = chromium.require(report=note)
    with trial() as stack:
        environment = {**stack.environment(), **({"CNOP_CHROMIUM": browser} if browser else {})}
        pytest(str(folder), "--force-enable-socket", "-p", "no:cacheprovider", *selection, environment=environment)
        stack.cnop("ledger", "verify")


STAGES: Final[dict[str, Callable[[list[str]], None]]] = {
    "unit": unit,
    "frontend": frontend,
    "integration": integration,
}
