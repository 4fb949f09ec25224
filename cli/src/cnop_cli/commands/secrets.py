"""`cnop secrets`: makes the secrets of a deployment in containers."""

import argparse
from pathlib import Path

from cnop_cli.errors import CommandError
from cnop_cli.stack import deployment


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    make = actions.add_parser("make", help="make what is missing; what is there already is kept")
    make.add_argument("folder", type=Path, help="where the secrets live, readable by their owner only")
    make.add_argument(
        "--valkey", default="valkey:6379", metavar="HOST:PORT", help="where Valkey will answer (default: valkey:6379)"
    )
    make.add_argument("--valkey-tls", action="store_true", help="Valkey speaks TLS, as ElastiCache does")


def run(args: argparse.Namespace) -> int:
    """Make the secrets."""
    host, _, port = args.valkey.rpartition(":")
    if not host or not port.isdigit():
        raise CommandError(f"--valkey takes HOST:PORT, such as valkey:6379, not {args.valkey!r}")
    try:
        args.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        deployment.prepare(args.folder, valkey_host=host, valkey_port=int(port), valkey_tls=args.valkey_tls)
    except OSError as error:
        raise CommandError(f"cannot keep secrets in {args.folder}: {error.strerror}") from error
    print(f"secrets are in {args.folder}")
    return 0
