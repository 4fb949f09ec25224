"""`cnop keys`: exchanges the keys of a stack, with the older ones kept for as long as something needs them."""

import argparse
import asyncio
from pathlib import Path
from typing import Final

from cnop_cli.commands.options import add_state
from cnop_cli.errors import CommandError
from cnop_cli.stack.certificates import Certificates
from cnop_cli.stack.secretstore import SecretStore
from cnop_cli.user_administration import administration, settings_of
from cnop_platform.system import SystemClock
from cnop_users.bootstrap.operations import retire_signing_keys, rotate_signing_key

_RINGS: Final = {"data": "cnop_data_key", "index": "cnop_index_key", "pepper": "cnop_pepper"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    introduce = actions.add_parser("introduce", help="first of two steps: make a new key known, and use the older one")
    promote = actions.add_parser("promote", help="second step, once every process knows the new key: use it")
    for step in (introduce, promote):
        step.add_argument("purpose", choices=tuple(_RINGS))
        step.add_argument("--secrets", type=Path, metavar="FOLDER", help="a deployment's, made by `cnop secrets make`")
    rotate = actions.add_parser("rotate", help="put a new key before the older ones")
    rotate.add_argument(
        "purpose", nargs="?", choices=("signing", *_RINGS, "certificates"), default="signing", help="default: signing"
    )
    rewrap = actions.add_parser("rewrap", help="move data keys and email look-ups to the newest keys; repeat until 0")
    seal = actions.add_parser(
        "seal-passkeys", help="seal passkeys that an earlier version enrolled; when upgrading, repeat until 0"
    )
    retire = actions.add_parser("retire", help="delete the signing keys that no living token was signed with")
    for action in (introduce, promote, rotate, rewrap, seal, retire):
        add_state(action)


def run(args: argparse.Namespace) -> int:
    """Run one action.

    Raises:
        CommandError: the stack was never started, a key was made this very second, or a step was left out.
    """
    if args.action in {"introduce", "promote"}:
        print(_take_step(args))
        return 0
    if args.action == "rotate" and args.purpose == "certificates":
        Certificates(args.state.tls).rotate()
        print("the gateway and the services show new certificates within seconds; open connections stay")
        return 0
    settings = settings_of(args.state)
    if args.action == "rewrap":
        print(asyncio.run(_rewrap(args)))
    elif args.action == "seal-passkeys":
        print(asyncio.run(_seal_passkeys(args)))
    elif args.action == "retire":
        tokens = settings.lifetimes.access_seconds
        lead = settings.jwks_cache_seconds
        retired = retire_signing_keys(
            settings.signing_keys, clock=SystemClock(), lead_seconds=lead, token_seconds=tokens
        )
        print(f"deleted: {', '.join(retired) or 'none; each may still be needed'}")
    elif args.purpose == "signing":
        try:
            key_id = rotate_signing_key(settings.signing_keys, clock=SystemClock())
        except FileExistsError:
            raise CommandError("a signing key was made this very second; there is nothing to exchange yet") from None
        print(f"{key_id} is published within seconds and signs from {settings.jwks_cache_seconds} s on")
    else:
        SecretStore(args.state.secrets).rotate(_RINGS[args.purpose])
        after = (
            "; then run `./cnop keys rewrap`" if args.purpose != "pepper" else ", for each person at their next login"
        )
        print(f"the new {args.purpose} key is used after `./cnop down` and `./cnop up`{after}")
    return 0


def _take_step(args: argparse.Namespace) -> str:
    store = SecretStore(args.secrets or args.state.secrets)
    name, purpose = _RINGS[args.purpose], args.purpose
    again = "run `cnop secrets make` and start every process anew" if args.secrets else "`./cnop down` and `./cnop up`"
    if args.action == "introduce":
        store.introduce(name)
        return f"a new {purpose} key will be known, and not used: {again}; then `./cnop keys promote {purpose}`"
    store.promote(name)
    return f"the new {purpose} key will be used: {again}"


async def _rewrap(args: argparse.Namespace) -> str:
    async with administration(args.state) as operator:
        wrapped, indexed = await operator.rewrap_data_keys(), await operator.reindex_emails()
    return f"{wrapped} data keys and {indexed} email look-ups moved to the newest keys"


async def _seal_passkeys(args: argparse.Namespace) -> str:
    async with administration(args.state) as operator:
        return f"{await operator.seal_passkeys()} passkeys sealed"
