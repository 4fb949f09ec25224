"""The archive of checkpoints: a copy of the chain in a place where nobody can change what is written.

Whoever holds the key and may write the table could write a new chain; that the archive holds the old one shows it.
Each object holds a run of checkpoints, one JSON object a line, and is named by the first and last of their numbers.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from cnop_core.errors import CnopError
from cnop_platform import strict_json
from cnop_platform.audit.chain import (
    BASE_KEY,
    CHAIN_PARTITION,
    FIRST_PREDECESSOR,
    Checkpoint,
    base_of,
    checkpoint_key,
    checkpoint_of,
    decode_checkpoint,
    encode_checkpoint,
)
from cnop_platform.store import Body, Item, Key, Store

MAX_CHECKPOINTS: Final = 1_000
"""How many checkpoints one object holds at most."""
_NAME: Final = re.compile(r"checkpoints/(\d{12})-(\d{12})\.jsonl")


class ArchiveBroken(CnopError):
    """What the archive holds is no chain of ours, or the store's chain does not go on where the archive ends."""

    code = "AUDIT_ARCHIVE_BROKEN"


class Archived(NamedTuple):
    """What the archive knows of a checkpoint: its MAC, and when it was made."""

    mac: str
    at: datetime


class ArchivePlace(Protocol):
    """A folder or bucket that objects are added to, and from which nothing is ever changed or taken."""

    def names(self) -> Sequence[str]:
        """Return the names of all objects, in order."""
        ...

    def read(self, name: str) -> bytes:
        """Return the content of an object. Raises `ArchiveUnavailable`."""
        ...

    def add(self, name: str, content: bytes) -> None:
        """Write a new object. Raises `ArchiveUnavailable`, also when there is one of that name."""
        ...


class ArchiveUnavailable(CnopError):
    """The place cannot be reached, or refuses."""

    code = "AUDIT_ARCHIVE_UNAVAILABLE"


def archived_chain(place: ArchivePlace, key: bytes) -> dict[int, Archived]:
    """Return what is known of each archived checkpoint by its number. Raises `ArchiveBroken`, `ArchiveUnavailable`."""
    found: dict[int, Archived] = {}
    for name, first, last in _objects(place):
        run = _run(place, name, first, last, key)
        if found and run[0].previous != found[first - 1].mac:
            raise ArchiveBroken(f"{name}: checkpoint {first} does not follow the one before it")
        found.update((checkpoint.seq, Archived(checkpoint.mac, checkpoint.at)) for checkpoint in run)
    return found


async def archive(store: Store, place: ArchivePlace, key: bytes) -> int:
    """Add every checkpoint that the archive does not hold yet; return how many.

    Raises `ArchiveBroken`, and then has added nothing that does not follow from what was there.
    """
    known = _objects(place)
    seq, mac = _end(place, *known[-1], key=key) if known else await _beginning(store, key)
    added = 0
    while batch := await _next(store, seq=seq, mac=mac, key=key):
        first, last = batch[0].seq, batch[-1].seq
        lines = "".join(strict_json.dumps(encode_checkpoint(each)) + "\n" for each in batch)
        place.add(f"checkpoints/{first:012d}-{last:012d}.jsonl", lines.encode())
        seq, mac, added = last, batch[-1].mac, added + len(batch)
    return added


async def _beginning(store: Store, key: bytes) -> tuple[int, str]:
    base = base_of(await store.get(BASE_KEY), key)
    if base is None:
        raise ArchiveBroken("the base of the store's chain was not signed with this key")
    return base.seq, base.mac


async def _next(store: Store, *, seq: int, mac: str, key: bytes) -> list[Checkpoint]:
    """Return the checkpoints that follow number `seq`, which must still be where the archive knows it to be."""
    kept = await store.get(checkpoint_key(seq)) if seq else None
    base_seq, _ = await _beginning(store, key)
    if seq > base_seq and (kept is None or kept.body.get("mac") != mac):
        raise ArchiveBroken(f"the store no longer holds checkpoint {seq} as it was archived")
    if seq < base_seq:
        raise ArchiveBroken(f"checkpoints {seq + 1} to {base_seq} were retired before they were archived")
    page = await store.query(CHAIN_PARTITION, start=checkpoint_key(seq + 1).sk, limit=MAX_CHECKPOINTS)
    found: list[Checkpoint] = []
    for item in page.items:
        checkpoint = checkpoint_of(item)
        previous = found[-1] if found else None
        expected = (previous.seq + 1, previous.mac) if previous else (seq + 1, mac or FIRST_PREDECESSOR)
        if (
            checkpoint is None
            or (checkpoint.seq, checkpoint.previous) != expected
            or not checkpoint.is_signed_with(key)
        ):
            raise ArchiveBroken(f"checkpoint {item.key.sk} of the store is not ours, or not in its place")
        found.append(checkpoint)
    return found


def _objects(place: ArchivePlace) -> list[tuple[str, int, int]]:
    """Return the runs of checkpoints in the archive by their names: gap-free, or `ArchiveBroken` is raised."""
    matches = [match for match in map(_NAME.fullmatch, place.names()) if match]
    found = sorted((match[0], int(match[1]), int(match[2])) for match in matches)
    for (_, _, before), (name, first, _) in itertools.pairwise(found):
        if first != before + 1:
            raise ArchiveBroken(f"{name}: checkpoints between {before} and {first} are missing or twice there")
    return found


def _end(place: ArchivePlace, name: str, first: int, last: int, *, key: bytes) -> tuple[int, str]:
    return last, _run(place, name, first, last, key)[-1].mac


def _run(place: ArchivePlace, name: str, first: int, last: int, key: bytes) -> list[Checkpoint]:
    """Return the checkpoints of one object: those that its name says, ours, each after the one before it."""
    run = list(_read(name, place.read(name)))
    if [checkpoint.seq for checkpoint in run] != list(range(first, last + 1)) or not run:
        raise ArchiveBroken(f"{name} does not hold checkpoints {first} to {last}")
    linked = all(after.previous == before.mac for before, after in itertools.pairwise(run))
    if not linked or not all(checkpoint.is_signed_with(key) for checkpoint in run):
        raise ArchiveBroken(f"{name} holds a checkpoint that is not ours, or not in its place")
    return run


def _read(name: str, content: bytes) -> Iterator[Checkpoint]:
    for line in content.splitlines():
        try:
            yield _decode(strict_json.loads(line))
        except (strict_json.InvalidJson, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ArchiveBroken(f"{name} holds something that is no checkpoint") from error


def _decode(body: Body) -> Checkpoint:
    return decode_checkpoint(Item(Key(CHAIN_PARTITION, str(body["seq"])), 1, body))
