"""Reads the letters that a local stack sends: they lie in its folder `mail`, one file each."""

import email
import email.policy
import time
from pathlib import Path

from stack_control import STATE

_DELIVERY_SECONDS = 30
RESET, VERIFY = "/reset-password#token=", "/verify-email#token="


def tokens(address: str, link: str) -> set[str]:
    """Return the tokens behind this link in all letters to an address."""
    found = set()
    for path in Path(str(STATE), "mail", "new").glob("*"):
        letter = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        text = letter.get_content()
        if letter["To"] == address and link in text:
            found.add(text.partition(link)[2].split()[0])
    return found


def new_token(address: str, link: str, *, besides: frozenset[str] = frozenset()) -> str:
    """Wait for a letter with this link to the address, other than those known before, and return its token."""
    deadline = time.monotonic() + _DELIVERY_SECONDS
    while not (fresh := tokens(address, link) - besides):
        assert time.monotonic() < deadline, "no letter came"
        time.sleep(0.2)
    return fresh.pop()
