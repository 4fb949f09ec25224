"""`cnop admin`: makes administrators, gives and takes roles, keeps people out, has them choose new passwords."""

import argparse
import asyncio
import getpass
import sys
from typing import Final

from cnop_cli.commands.options import add_state
from cnop_cli.errors import CommandError
from cnop_cli.user_administration import administration
from cnop_platform.permissions import Role
from cnop_users.bootstrap.operations import Operations

_ROLES: Final = tuple(role.value for role in Role if role is not Role.PUBLIC)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    create = actions.add_parser("create", help="make an administrator's account; the password is asked for")
    create.add_argument("username")
    create.add_argument("--email", required=True, metavar="ADDRESS")
    create.add_argument(
        "--password-stdin", action="store_true", help="read the password from the first line of standard input"
    )
    grant = actions.add_parser("grant", help="give somebody a role; their sessions end")
    revoke = actions.add_parser("revoke", help="take a role away; their sessions end")
    for action in (grant, revoke):
        action.add_argument("username")
        action.add_argument("role", choices=_ROLES)
    suspend = actions.add_parser("suspend", help="keep somebody out; their sessions end")
    reinstate = actions.add_parser("reinstate", help="let somebody in again")
    for action in (suspend, reinstate):
        action.add_argument("username")
    reset = actions.add_parser("reset", help="send somebody a letter with which they choose a new password")
    reset.add_argument("username")
    reset.add_argument("--lock", action="store_true", help="their present password and their sessions end now")
    for action in (create, grant, revoke, suspend, reinstate, reset):
        add_state(action)


def run(args: argparse.Namespace) -> int:
    """Run one action and say what came of it.

    Raises:
        CommandError: it was refused.
    """
    # Never an argument: those are in the shell's history, and every process of the machine can read them.
    password = read_password(from_input=args.password_stdin) if args.action == "create" else ""
    print(asyncio.run(_run(args, password)))
    return 0


async def _run(args: argparse.Namespace, password: str) -> str:
    async with administration(args.state) as operator:
        return await act(operator, args, password)


async def act(operator: Operations, args: argparse.Namespace, password: str) -> str:
    """Carry out one action; return the line that tells its result."""
    name: str = args.username
    if args.action == "create":
        return f"{name} is an administrator: {await operator.create_admin(**_account(args, password))}"
    if args.action == "suspend":
        await operator.suspend(name)
        return f"{name} is suspended"
    if args.action == "reinstate":
        await operator.reinstate(name)
        return f"{name} may log in again"
    if args.action == "reset":
        await operator.begin_reset(name, lock=args.lock)
        return f"a letter is on its way to {name}" + (", whose password and sessions have ended" if args.lock else "")
    change = operator.grant if args.action == "grant" else operator.revoke
    return f"{name} is now: {', '.join(sorted(await change(name, Role(args.role))))}"


def _account(args: argparse.Namespace, password: str) -> dict[str, str]:
    return {"username": args.username, "email": args.email, "password": password}


def read_password(*, from_input: bool) -> str:
    """Read a new password, twice from a terminal or one line of standard input.

    Raises:
        CommandError: there is none, or the two differ.
    """
    if from_input:
        password = sys.stdin.readline().rstrip("\r\n")
    elif not sys.stdin.isatty():
        raise CommandError("nobody can be asked for the password here; give it with --password-stdin")
    else:
        password = getpass.getpass("password: ")
        if getpass.getpass("again: ") != password:
            raise CommandError("the two passwords differ")
    if not password:
        raise CommandError("no password was given")
    return password
