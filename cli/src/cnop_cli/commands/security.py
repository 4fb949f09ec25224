"""`cnop security`: writes down who may do what, and looks for weaknesses."""

import argparse

from cnop_cli import access_matrix
from cnop_cli.errors import CommandError
from cnop_cli.stack import descriptions


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    matrix = actions.add_parser("matrix", help="write docs/access-matrix.md from the endpoints' declarations")
    matrix.add_argument("--check", action="store_true", help="only tell whether it is current")
    matrix.set_defaults(act=write_matrix)


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
