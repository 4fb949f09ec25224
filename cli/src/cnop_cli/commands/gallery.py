"""`cnop gallery`: photographs every page of the application, of a stack filled for it."""

import argparse
from pathlib import Path
from typing import Final

from cnop_cli import chromium
from cnop_cli.commands.options import note
from cnop_cli.errors import CommandError
from cnop_cli.gallery import album, camera, cast
from cnop_cli.trial import trial
from cnop_cli.workspace import ROOT

FOLDER: Final = ROOT / "docs/screenshots"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--folder", type=Path, default=FOLDER, metavar="DIR", help="default: docs/screenshots")
    parser.add_argument("--format", choices=("webp", "png"), default="webp", help="of the pictures (default: webp)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only scenes whose name contains it")


def run(args: argparse.Namespace) -> int:
    """Start a stack of its own, fill it, take the pictures and write their index.

    Raises:
        CommandError: there is no Chromium, or the stack did not start.
    """
    browser = chromium.require(report=note)
    if browser is None:
        raise CommandError("pictures need Chromium; install it and try again")
    args.folder.mkdir(parents=True, exist_ok=True)
    with trial() as stack:
        people = cast.engage(stack.known.settings["gateway_url"], stack.state)
        assignment = camera.Assignment(
            stack.known.settings["page_url"], people, args.folder, kind=args.format, only=args.only
        )
        pictures = camera.shoot(assignment, chromium=browser, report=note)
    if args.folder == FOLDER and not args.only:
        album.bind(FOLDER, pictures)
    print(f"{len(pictures)} pictures, {sum(file.stat().st_size for file in pictures) // 1024} KiB, in {args.folder}")
    return 0
