"""`cnop mail`: shows the letters that a local stack would have sent."""

import argparse
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Final

from cnop_cli.commands.options import add_state
from cnop_cli.errors import CommandError
from cnop_cli.stack.state import StateDir
from cnop_users.adapters.mailers import open_maildir

_EARLIEST: Final = 0.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.usage = "./cnop mail [list | show] [--to ADDRESS] [--state DIR]"
    parser.add_argument(
        "action",
        nargs="?",
        choices=("list", "show"),
        default="list",
        help="one line a letter, the newest last (list, the default), or the whole of the newest (show)",
    )
    parser.add_argument("--to", metavar="ADDRESS", help="only letters to this address")
    add_state(parser)


def run(args: argparse.Namespace) -> int:
    """Run one action.

    Raises:
        CommandError: there is no letter to show.
    """
    letters = read(args.state, to=args.to)
    if args.action == "list":
        for letter in letters:
            print(f"{letter['Date']}  {letter['To']}  {subject(letter)}")
        return 0
    if not letters:
        raise CommandError("there is no letter" + (f" to {args.to}" if args.to else ""))
    newest = letters[-1]
    body = newest.get_payload(decode=True)
    text = body.decode() if isinstance(body, bytes) else ""
    print(f"To: {newest['To']}\nSubject: {subject(newest)}\nDate: {newest['Date']}\n\n{text}", end="")
    return 0


def read(state: StateDir, *, to: str | None) -> list[Message]:
    """Give the letters of a stack, the newest last."""
    if not state.mail.is_dir():
        return []
    box = open_maildir(state.mail)
    # Files of a Maildir are named by time, process and counter, which also orders letters of one second.
    keyed = sorted((_time(letter), key, letter) for key, letter in box.iteritems())
    return [letter for _, _, letter in keyed if to is None or (letter["To"] or "").lower() == to.lower()]


def _time(letter: Message) -> float:
    return parsedate_to_datetime(letter["Date"]).timestamp() if letter["Date"] else _EARLIEST


def subject(letter: Message) -> str:
    """Give the subject as text."""
    return str(make_header(decode_header(letter["Subject"] or "")))
