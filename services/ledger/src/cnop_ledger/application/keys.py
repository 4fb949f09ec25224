"""Where a wallet's items live: all in one partition, so that one read or one transaction finds them together."""

import base64
import hashlib
from typing import Final

from cnop_core.ids import UserId
from cnop_platform.store import Key

PREFIX: Final = "WALLET#"
ENTRIES: Final = "ENTRY#"
ANSWERS: Final = "IDEM#"
ORDERS_PREFIX: Final = "ORDERS#"
"""Where the orders are that entries name, each under its id in the partition of its owner."""
_SEQ_DIGITS: Final = 12


def partition(user_id: UserId) -> str:
    """Return the pk of everything that belongs to a wallet."""
    return PREFIX + user_id


def wallet_key(user_id: UserId) -> Key:
    """Return where the wallet is."""
    return Key(partition(user_id), "WALLET")


def entry_sk(seq: int) -> str:
    """Return the sort key of an entry; padded, so that text order is numeric order."""
    return f"{ENTRIES}{seq:0{_SEQ_DIGITS}}"


def entry_key(user_id: UserId, seq: int) -> Key:
    """Return where the entry with that `seq` is."""
    return Key(partition(user_id), entry_sk(seq))


def answer_key(user_id: UserId, ref: str) -> Key:
    """Return where the answer to an idempotent command is kept."""
    return Key(partition(user_id), ANSWERS + ref)


def idempotency_ref(operation: str, key: str) -> str:
    """Return 22 characters that stand for a client's key within one operation: 128 bits of a SHA-256."""
    digest = hashlib.sha256(f"{operation}\n{key}".encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()
