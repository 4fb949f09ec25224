"""`cnop security`: writes down who may do what, and looks for weaknesses."""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cnop_cli import access_matrix, asvs
from cnop_cli.asvs_evidence import judged, run_tests
from cnop_cli.commands.options import note
from cnop_cli.errors import CommandError
from cnop_cli.houserules import tracked_sources
from cnop_cli.scan import sbom, scanners, toolbox
from cnop_cli.scan.findings import Answer, judge, read_answers
from cnop_cli.stack import descriptions
from cnop_cli.workspace import ROOT


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    matrix = actions.add_parser("matrix", help="write docs/access-matrix.md from the endpoints' declarations")
    matrix.add_argument("--check", action="store_true", help="only tell whether it is current")
    matrix.set_defaults(act=write_matrix)
    scan = actions.add_parser("scan", help="run bandit, detect-secrets, semgrep, and write bills of materials")
    scan.add_argument("tools", nargs="*", metavar="TOOL", help=f"only these: {', '.join(STAGES)} (default: all)")
    scan.set_defaults(act=run_scan)
    board = actions.add_parser("asvs", help="print how the platform stands against OWASP ASVS 5.0, and render it")
    board.add_argument("--run", action="store_true", help="run the mapped tests first; what has one that fails is open")
    board.set_defaults(act=show_asvs)


ANSWERS: Final = ROOT / "docs/security/findings.toml"
STAGES: Final = (*scanners.SCANNERS, "sbom")


def run(args: argparse.Namespace) -> int:
    """Run one action."""
    return int(args.act(args))


def write_matrix(args: argparse.Namespace) -> int:
    """Write the access matrix, or with `--check` fail when it is not current.

    Raises:
        CommandError: it is not current.
    """
    documents = descriptions.load()
    if not args.check:
        access_matrix.PATH.write_text(access_matrix.render(documents), encoding="utf-8")
    elif not access_matrix.is_current(documents):
        raise CommandError("docs/access-matrix.md is not current; run `./cnop security matrix` and read what changed")
    return 0


def show_asvs(args: argparse.Namespace) -> int:
    """Print the figures and render docs/security/asvs.md.

    Raises:
        CommandError: the statements are malformed, evidence is missing, or a mapped test failed.
    """
    try:
        standard, statements = asvs.read_standard(), asvs.read_statements()
    except ValueError as error:
        raise CommandError(f"{asvs.STATEMENTS.name}: {error}") from error
    missing = [piece for statement in statements.values() for piece in asvs.missing_evidence(statement)]
    if missing:
        raise CommandError(f"evidence that does not exist: {', '.join(sorted(set(missing)))}")
    shown = judged(statements, run_tests(statements, report=note)) if args.run else statements
    asvs.PAGE.write_text(asvs.render(standard, shown), encoding="utf-8")
    print("\n".join(asvs.figures(standard, shown)))
    opened = [number for number, statement in shown.items() if statement != statements[number]]
    if opened:
        raise CommandError(f"open, since a test did not pass: {', '.join(opened)}; {asvs.PAGE.name} tells which")
    return 0


def run_scan(args: argparse.Namespace) -> int:
    """Run the scanners, a line each; every finding needs its answer in docs/security/findings.toml.

    Raises:
        CommandError: a tool is unknown or failed, a finding has no answer, or an answer has no finding.
    """
    if unknown := [name for name in args.tools if name not in STAGES]:
        raise CommandError(f"there is no scanner `{unknown[0]}`; there is: {', '.join(STAGES)}")
    programs = toolbox.programs(report=note)
    files = [source.path for source in tracked_sources(ROOT)]
    answers = read_answers(ANSWERS)
    failed = [name for name in args.tools or STAGES if not _scan_one(name, programs, files, answers)]
    if failed:
        raise CommandError(f"{', '.join(failed)}: mend what was found, or answer it in {ANSWERS.relative_to(ROOT)}")
    return 0


def _scan_one(name: str, programs: Path, files: Sequence[str], answers: Sequence[Answer]) -> bool:
    began = time.monotonic()
    if name == "sbom":
        counts = (sbom.write_python(programs), sbom.write_npm())
        said = f"{counts[0]} Python and {counts[1]} npm packages in {sbom.FOLDER.relative_to(ROOT)}"
        clean = True
    else:
        found = scanners.SCANNERS[name](programs, ROOT, files)
        verdict = judge(found, [answer for answer in answers if answer.tool == name])
        for finding in verdict.unanswered:
            print(finding)
        for answer in verdict.stale:
            print(f"{ANSWERS.name}: the answer to {answer} answers nothing; remove it")
        said = f"{len(verdict.unanswered)} findings without an answer, {verdict.answered} with one"
        clean = verdict.clean
    print(f"{name:14} {'clean' if clean else 'FAILED':6} {time.monotonic() - began:5.1f} s  {said}", flush=True)
    return clean
