"""`cnop gateway`: prints the gateway's configuration."""

import argparse
import json
from pathlib import Path
from typing import Any

import yaml

from cnop_cli.commands.options import add_state
from cnop_cli.errors import CommandError
from cnop_cli.stack import descriptions, envoy, plan
from cnop_cli.stack.plan import Options
from cnop_cli.stack.ports import Ports
from cnop_cli.stack.secretstore import SecretStore
from cnop_gateway import to_yaml

HIDDEN = "0" * 43


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    render = actions.add_parser("render", help="print the configuration, validated by Envoy, with the secret blanked")
    add_state(render)
    render.add_argument("--port-offset", type=int, default=0, metavar="N", help="add N to every port")
    render.add_argument("--profile", choices=("local", "production"), default="local", help="how strict the limits are")
    render.add_argument("--with-secret", action="store_true", help="print the secret too, for a gateway run elsewhere")
    render.add_argument(
        "--settings", type=Path, metavar="FILE", help="a gateway somewhere else, as this YAML file describes it"
    )
    render.add_argument(
        "--into", type=Path, metavar="DIR", help="write envoy.yaml, and the files that it names, into a folder instead"
    )


def run(args: argparse.Namespace) -> int:
    """Print the configuration as YAML, or write it.

    Raises:
        CommandError: the settings make no valid configuration, or the folder cannot be written to.
    """
    settings = read_settings(args.settings) if args.settings else local_settings(args)
    rendered = envoy.render(settings, descriptions.load(), elsewhere=args.settings is not None)
    configuration = to_yaml(json.loads(rendered.configuration))
    if args.into is None:
        print(configuration, end="")
        return 0
    try:
        for name, text in {"envoy.yaml": configuration, **rendered.beside}.items():
            (args.into / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{args.into} cannot be written to: {error.strerror}") from None
    return 0


def local_settings(args: argparse.Namespace) -> dict[str, Any]:
    """Give the settings of this machine's gateway."""
    options = Options(state=args.state, ports=Ports.shifted(args.port_offset), profile=args.profile)
    secret = SecretStore(args.state.secrets).value("cnop_gateway_secret") if args.with_secret else HIDDEN
    return plan.gateway_settings(options, gateway_secret=secret)


def read_settings(path: Path) -> dict[str, Any]:
    """Read `cnop_gateway.GatewaySettings` from a file.

    Raises:
        CommandError: it cannot be read.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise CommandError(f"{path} cannot be read as YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(found, dict):
        raise CommandError(f"{path} must be a mapping of settings, such as docker/gateway/settings.yaml")
    return found
