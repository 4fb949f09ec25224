"""`cnop gateway`: prints the gateway's configuration."""

import argparse

from cnop_cli.commands.options import add_state
from cnop_cli.stack import descriptions, envoy, plan
from cnop_cli.stack.plan import Options
from cnop_cli.stack.ports import Ports
from cnop_cli.stack.secretstore import SecretStore

HIDDEN = "0" * 43


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    render = actions.add_parser("render", help="print the configuration, validated by Envoy, with the secret blanked")
    add_state(render)
    render.add_argument("--port-offset", type=int, default=0, metavar="N", help="add N to every port")
    render.add_argument("--profile", choices=("local", "production"), default="local", help="how strict the limits are")
    render.add_argument("--with-secret", action="store_true", help="print the secret too, for a gateway run elsewhere")


def run(args: argparse.Namespace) -> int:
    """Print the configuration as YAML."""
    options = Options(state=args.state, ports=Ports.shifted(args.port_offset), profile=args.profile)
    secret = SecretStore(args.state.secrets).value("cnop_gateway_secret") if args.with_secret else HIDDEN
    settings = plan.gateway_settings(options, gateway_secret=secret)
    print(envoy.render(settings, descriptions.load()).configuration, end="")
    return 0
