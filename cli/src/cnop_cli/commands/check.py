"""`cnop check`: everything that can be told about the code without running it."""

import argparse
import importlib.metadata
import json
import sys
from pathlib import Path

from cnop_cli import houserules, page
from cnop_cli.commands import lock
from cnop_cli.commands.options import note
from cnop_cli.errors import CommandError
from cnop_cli.stack import descriptions
from cnop_cli.stack.state import write_private
from cnop_cli.stages import Skip, Stage, run_all, run_tool
from cnop_cli.workspace import CACHE, ROOT, packages
from cnop_web.merging import TITLE, merge

PROGRAMS = Path(sys.executable).parent


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("only", nargs="*", metavar="STAGE", help=f"only these: {', '.join(stages())} (default: all)")
    parser.add_argument("--fix", action="store_true", help="first let ruff mend what it can")


def stages() -> dict[str, Stage]:
    """Give the stages by name, in the order of their run."""
    found = (
        Stage("format", lambda: run_tool([str(PROGRAMS / "ruff"), "format", "--check", "."])),
        Stage("lint", lambda: run_tool([str(PROGRAMS / "ruff"), "check", "."])),
        Stage("types", check_types),
        Stage("imports", lambda: run_tool([str(PROGRAMS / "lint-imports"), "--no-logo"])),
        Stage("house-rules", check_house_rules),
        Stage("locks", lambda: _only_success(lock.check())),
        Stage("page", check_page),
    )
    return {stage.name: stage for stage in found}


def run(args: argparse.Namespace) -> int:
    """Run the stages and sum them up."""
    known = stages()
    if unknown := [name for name in args.only if name not in known]:
        raise CommandError(f"there is no stage `{unknown[0]}`; there is: {', '.join(known)}")
    if args.fix:
        run_tool([str(PROGRAMS / "ruff"), "check", "--fix", "--exit-zero", "--quiet", "."])
        run_tool([str(PROGRAMS / "ruff"), "format", "--quiet", "."])
    return run_all([known[name] for name in args.only or known])


def _only_success(code: int) -> None:
    if code:
        raise CommandError(f"ended with exit code {code}")


def check_types() -> None:
    """Run mypy over every package at once."""
    sources = [str(package.source.relative_to(ROOT)) for package in packages()]
    run_tool([str(PROGRAMS / "mypy"), *sources, "benchmarks"])


def check_house_rules() -> None:
    """Apply the house rules to every tracked file."""
    violations = houserules.check(houserules.tracked_sources(ROOT))
    for violation in violations:
        print(violation)
    if violations:
        raise CommandError(f"{len(violations)} places break a house rule")
    print(f"{len(houserules.RULES)} rules hold")


def check_page() -> None:
    """Lint and type-check the page's sources, and compare its API client with what the services say of themselves."""
    if not page.exists():
        raise Skip("there is no page")
    with page.only_one():
        node = page.find_node(report=note)
        page.install_packages(node, report=note)
    for script in (["lint"], ["typecheck"], ["check:api", "--", str(write_description())]):
        page.run_npm(node, ["run", "--silent", *script])


def write_description(folder: Path | None = None) -> Path:
    """Write the merged description, as a running stack serves it, and return where it is.

    Raises:
        CommandError: a service cannot describe itself.
    """
    merged = merge(descriptions.load(), title=TITLE, version=importlib.metadata.version("cnop-web"))
    path = (folder or CACHE) / "merged-openapi.json"
    write_private(path, json.dumps(merged, indent=1, ensure_ascii=False) + "\n")
    return path
