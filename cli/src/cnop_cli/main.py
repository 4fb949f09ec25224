"""The `cnop` command: finds the command that was asked for, imports only that one, and runs it."""

import argparse
import difflib
import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cnop_cli.errors import CommandError


@dataclass(frozen=True, slots=True)
class Command:
    """A command; its module in `cnop_cli.commands` has `configure(parser)` and `run(args) -> int`."""

    name: str
    does: str
    example: str

    @property
    def module(self) -> str:
        return f"cnop_cli.commands.{self.name}"


COMMANDS: Final = (
    Command("up", "start the platform and watch over it", "./cnop up --detach"),
    Command("status", "show each process, its health, memory and restarts", "./cnop status --json"),
    Command("logs", "show what the processes wrote", "./cnop logs order_service -f"),
    Command("restart", "replace a component's processes one by one", "./cnop restart order_service"),
    Command("down", "stop the platform", "./cnop down"),
    Command("demo", "fill the running platform with people, funds and trades", "./cnop demo"),
    Command("test", "run the tests", "./cnop test unit"),
    Command("check", "check format, types, import contracts and house rules", "./cnop check"),
    Command("bench", "measure the platform beside reference points", "./cnop bench smoke"),
    Command("gallery", "photograph every page of the application", "./cnop gallery --only trade"),
    Command("gateway", "print the gateway's configuration", "./cnop gateway render"),
    Command(
        "admin", "make administrators, give roles, keep people out, reset passwords", "./cnop admin grant ada support"
    ),
    Command("mail", "show the letters that a local stack would have sent", "./cnop mail show"),
    Command("keys", "exchange keys, the older ones kept while needed", "./cnop keys rotate signing"),
    Command("ledger", "verify the ledger of a stack, print statements", "./cnop ledger verify"),
    Command("audit", "verify, show, export or thin out the audit trail", "./cnop audit verify"),
    Command("security", "write down who may do what, look for weaknesses", "./cnop security matrix"),
    Command("store", "create, migrate, back up or restore a store", "./cnop store backup cnop-copy.db"),
    Command("secrets", "make the secrets of a deployment in containers", "./cnop secrets make var/docker/secrets"),
    Command("lock", "resolve the locked dependencies again", "./cnop lock --check"),
)


def overview() -> str:
    """Give the text of `cnop --help`: every command with an example."""
    names = max(len(command.name) for command in COMMANDS)
    does = max(len(command.does) for command in COMMANDS)
    lines = [f"  {command.name:{names}}  {command.does:{does}}  {command.example}" for command in COMMANDS]
    return "\n".join(
        [
            "usage: ./cnop COMMAND [options]        (./cnop COMMAND --help tells more)",
            "",
            *lines,
            "",
            "Commands that touch a running platform take --state DIR (default: var/): several can live side by side.",
        ]
    )


def find(name: str) -> Command:
    """Give the command of this name.

    Raises:
        CommandError: there is none; the text names the nearest.
    """
    for command in COMMANDS:
        if command.name == name:
            return command
    near = difflib.get_close_matches(name, [command.name for command in COMMANDS], n=1)
    hint = f"did you mean `{near[0]}`?" if near else "`./cnop --help` lists them"
    raise CommandError(f"there is no command `{name}`; {hint}")


def execute(argv: Sequence[str]) -> int:
    """Run one command line (without the program's name) and gives its exit code."""
    if not argv or argv[0] in {"-h", "--help", "help"}:
        print(overview())
        return 0
    command = find(argv[0])
    options, further = _split(argv[1:])
    args = parser_of(command).parse_args(options, argparse.Namespace(further=further))
    return int(importlib.import_module(command.module).run(args))


def parser_of(command: Command) -> argparse.ArgumentParser:
    """Give the parser of a command's options."""
    parser = argparse.ArgumentParser(
        prog=f"./cnop {command.name}",
        description=f"{command.does[0].upper()}{command.does[1:]}.",
        epilog=f"example: {command.example}",
    )
    importlib.import_module(command.module).configure(parser)
    return parser


def _split(argv: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Part what is meant for a command from what it hands on, which stands behind `--`."""
    if "--" not in argv:
        return argv, []
    border = argv.index("--")
    return argv[:border], argv[border + 1 :]


def main() -> None:
    """Run the command line; what its user can mend is one line without a traceback."""
    try:
        code = execute(sys.argv[1:])
        sys.stdout.flush()
    except CommandError as error:
        print(f"cnop: {error}", file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        print("cnop: interrupted", file=sys.stderr)
        code = 130
    except BrokenPipeError:
        # The reader of a pipe (`| head`) left: nothing to say, and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)
