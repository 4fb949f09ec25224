"""Checkpoints: signed links that seal what was written since the last one, each naming its predecessor.

A checkpoint lists the ids of records with a digest over their seals, and the latest entry of every changed wallet.
Whoever can write the table but lacks the key can then neither edit, delete, insert nor reorder what is sealed, nor
roll a wallet back. The end of the chain is anchored outside the store: each checkpoint's MAC is also logged.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from cnop_core.clock import from_rfc3339, to_rfc3339
from cnop_core.ids import UserId
from cnop_platform import strict_json
from cnop_platform.store import Body, Item, Key

CHAIN_PARTITION: Final = "AUDIT#CHAIN"
HEAD_KEY: Final = Key("AUDIT#CHAIN-HEAD", "HEAD")
BASE_KEY: Final = Key("AUDIT#CHAIN-BASE", "BASE")
FIRST_PREDECESSOR: Final = ""


@dataclass(frozen=True, slots=True)
class Base:
    """What the oldest checkpoint that is kept follows: the last one retired, or nothing. `signature` is its HMAC."""

    seq: int = 0
    mac: str = FIRST_PREDECESSOR
    signature: str = ""

    def signed(self, key: bytes) -> "Base":
        """Return the base with its signature."""
        text = strict_json.dumps({"base": self.seq, "mac": self.mac})
        return replace(self, signature=hmac.new(key, text.encode(), hashlib.sha256).hexdigest())

    def is_signed_with(self, key: bytes) -> bool:
        """Tell whether the signature is right."""
        return hmac.compare_digest(self.signed(key).signature.encode(), self.signature.encode())


def base_of(item: Item | None, key: bytes) -> Base | None:
    """Return the stored base, the beginning of all things when there is none, None when it is not ours."""
    if item is None:
        return Base()
    try:
        base = Base(int(str(item.body["seq"])), str(item.body["mac"]), str(item.body["signature"]))
    except (KeyError, ValueError):
        return None
    return base if base.is_signed_with(key) else None


def encode_base(base: Base) -> Body:
    """Return the stored form."""
    return {"seq": base.seq, "mac": base.mac, "signature": base.signature}


@dataclass(frozen=True, slots=True)
class WalletHead:
    """The latest entry of a wallet at the time of sealing: its number and its MAC."""

    seq: int
    mac: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One link of the chain. `seq` counts from 1 without gaps; `previous` is the MAC of number seq - 1."""

    seq: int
    previous: str
    at: datetime
    service: str
    records: tuple[str, ...] = ()
    digest: str = ""
    heads: Mapping[UserId, WalletHead] = field(default_factory=dict)
    mac: str = ""

    def signed(self, key: bytes) -> "Checkpoint":
        """Return the checkpoint with its MAC (HMAC-SHA-256 over its canonical JSON)."""
        text = strict_json.dumps({**_body(self), "mac": ""})
        return replace(self, mac=hmac.new(key, text.encode(), hashlib.sha256).hexdigest())

    def is_signed_with(self, key: bytes) -> bool:
        """Tell whether the MAC is right."""
        return hmac.compare_digest(self.signed(key).mac.encode(), self.mac.encode())


def digest_of(seals: Iterable[str]) -> str:
    """Return the SHA-256 (hex) over the seals of records, in the order of their ids."""
    total = hashlib.sha256()
    for each in seals:
        total.update(bytes.fromhex(each))
    return total.hexdigest()


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain: number and MAC of the last checkpoint, and when it was made; at first, nothing."""

    seq: int = 0
    mac: str = FIRST_PREDECESSOR
    at: datetime | None = None


def head_of(item: Item | None) -> Head | None:
    """Return the stored head, the beginning of all things when there is none, None when it is malformed."""
    if item is None:
        return Head()
    try:
        head = Head(int(str(item.body["seq"])), str(item.body["mac"]), from_rfc3339(str(item.body["at"])))
    except (KeyError, ValueError):
        return None
    return head if head.seq > 0 else None


def encode_head(head: Checkpoint | Head, *, at: datetime) -> Body:
    """Return the stored form of a head."""
    return {"seq": head.seq, "mac": head.mac, "at": to_rfc3339(at)}


def latest_heads(known: Mapping[UserId, WalletHead], found: Mapping[UserId, WalletHead]) -> dict[UserId, WalletHead]:
    """Return the head of each wallet with the higher number: one that was carried on may follow a later one."""
    later = {user: head for user, head in found.items() if user not in known or known[user].seq <= head.seq}
    return {**known, **later}


def checkpoint_key(seq: int) -> Key:
    """Return where checkpoint number `seq` is stored."""
    return Key(CHAIN_PARTITION, f"{seq:012d}")


def _body(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "seq": checkpoint.seq,
        "previous": checkpoint.previous,
        "at": to_rfc3339(checkpoint.at),
        "service": checkpoint.service,
        "records": list(checkpoint.records),
        "digest": checkpoint.digest,
        "heads": {user_id: [head.seq, head.mac] for user_id, head in checkpoint.heads.items()},
        "mac": checkpoint.mac,
    }


def encode_checkpoint(checkpoint: Checkpoint) -> Body:
    """Return the stored form."""
    return _body(checkpoint)


def checkpoint_of(item: Item) -> Checkpoint | None:
    """Read the stored form; None when it is malformed, as it is when somebody wrote it who is not of us."""
    try:
        return decode_checkpoint(item)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def decode_checkpoint(item: Item) -> Checkpoint:
    """Read the stored form. Raises `ValueError`, `KeyError`, `TypeError` or `AttributeError` otherwise."""
    body: Mapping[str, Any] = item.body
    heads: Mapping[str, Sequence[Any]] = body["heads"]
    return Checkpoint(
        seq=int(body["seq"]),
        previous=str(body["previous"]),
        at=from_rfc3339(str(body["at"])),
        service=str(body["service"]),
        records=tuple(str(each) for each in body["records"]),
        digest=str(body["digest"]),
        heads={UserId(user): WalletHead(int(seq), str(mac)) for user, (seq, mac) in heads.items()},
        mac=str(body["mac"]),
    )
