"""`cnop demo`: fills a running platform through its public API."""

import argparse
import random

from cnop_cli import demo
from cnop_cli.commands.options import add_state, running


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_state(parser)
    parser.add_argument("--seed", type=int, metavar="N", help="choose the same amounts and assets as another run")


def run(args: argparse.Namespace) -> int:
    """Register people, let them trade, and print how to log in as one of them."""
    settings = running(args.state).settings
    print(f"{'username':20}  {'password':20}  {'cash':>12}  {'all together':>12}")
    chance = random.Random(args.seed)  # noqa: S311 - picks demonstration trades; passwords come from elsewhere
    for account in demo.fill(settings["gateway_url"], chance=chance, ca=settings.get("ca")):
        print(f"{account.username:20}  {account.password:20}  {account.cash:>12}  {account.portfolio:>12}", flush=True)
    print(f"\nLog in as one of them at {settings['page_url']}")
    return 0
