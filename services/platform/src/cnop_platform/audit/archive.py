"""The archive of checkpoints: a copy of the chain in a place where nobody can change what is written.

Whoever holds the key and may write the table could write a new chain; that the archive holds the old one shows it.
Each object holds a run of checkpoints, one JSON object a line, and then a line with the number of the last one. It is
named by the number of the first, and a name is given once: of two processes that add at once, one adds a run and the
other goes on after it, so that nothing is ever there twice.
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
# Objects that were added by earlier versions have the number of their last checkpoint in the name, and no last line.
_NAME: Final = re.compile(r"checkpoints/(\d{12})(?:-(\d{12}))?\.jsonl")
_END: Final = "end"
_ATTEMPTS: Final = 10


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
        """Write a new object, whole or not at all. Raises `ArchiveUnavailable`, `AlreadyThere`."""
        ...


class ArchiveUnavailable(CnopError):
    """The place cannot be reached, or refuses."""

    code = "AUDIT_ARCHIVE_UNAVAILABLE"


class AlreadyThere(ArchiveUnavailable):
    """There is an object of that name, which nobody can replace."""


class _Named(NamedTuple):
    """An object of the archive, by what its name says."""

    name: str
    first: int
    last: int | None


def archived_chain(place: ArchivePlace, key: bytes) -> dict[int, Archived]:
    """Return what is known of each archived checkpoint by its number. Raises `ArchiveBroken`, `ArchiveUnavailable`."""
    found: dict[int, Archived] = {}
    end = 0
    for each in _objects(place):
        run = _run(place, each, key)
        if found and each.first != end + 1:
            raise ArchiveBroken(f"{each.name}: checkpoints between {end} and {each.first} are missing or twice there")
        if found and run[0].previous != found[end].mac:
            raise ArchiveBroken(f"{each.name}: checkpoint {each.first} does not follow the one before it")
        end = run[-1].seq
        found.update((checkpoint.seq, Archived(checkpoint.mac, checkpoint.at)) for checkpoint in run)
    return found


async def archive(store: Store, place: ArchivePlace, key: bytes) -> int:
    """Add every checkpoint that the archive does not hold yet; return how many.

    Any number of processes may do so at once. Raises `ArchiveBroken`, and then has added nothing that does not follow
    from what was there, and `ArchiveUnavailable`.
    """
    added = 0
    for _ in range(_ATTEMPTS):
        known = _objects(place)
        seq, mac = _end(place, known[-1], key) if known else await _beginning(store, key)
        try:
            while batch := await _next(store, seq=seq, mac=mac, key=key):
                place.add(f"checkpoints/{batch[0].seq:012d}.jsonl", _encoded(batch))
                seq, mac, added = batch[-1].seq, batch[-1].mac, added + len(batch)
        except AlreadyThere:
            continue  # Another process was first with this run, or an answer to us was lost: on from where it ends.
        return added
    raise ArchiveUnavailable("others keep adding to the archive; try again later")


def _encoded(run: Sequence[Checkpoint]) -> bytes:
    lines = [*(strict_json.dumps(encode_checkpoint(each)) for each in run), strict_json.dumps({_END: run[-1].seq})]
    return "".join(f"{line}\n" for line in lines).encode()


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


def _objects(place: ArchivePlace) -> list[_Named]:
    """Return the runs of checkpoints in the archive by their names, in order."""
    matches = [match for match in map(_NAME.fullmatch, place.names()) if match]
    return sorted(_Named(match[0], int(match[1]), int(match[2]) if match[2] else None) for match in matches)


def _end(place: ArchivePlace, last: _Named, key: bytes) -> tuple[int, str]:
    run = _run(place, last, key)
    return run[-1].seq, run[-1].mac


def _run(place: ArchivePlace, named: _Named, key: bytes) -> list[Checkpoint]:
    """Return the checkpoints of one object: all that it says to hold, ours, each after the one before it."""
    bodies = list(_read(named.name, place.read(named.name)))
    last = named.last if named.last is not None else _last(named.name, bodies)
    try:
        run = [_decode(body) for body in bodies]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArchiveBroken(f"{named.name} holds something that is no checkpoint") from error
    if [checkpoint.seq for checkpoint in run] != list(range(named.first, last + 1)) or not run:
        raise ArchiveBroken(f"{named.name} does not hold checkpoints {named.first} to {last}")
    linked = all(after.previous == before.mac for before, after in itertools.pairwise(run))
    if not linked or not all(checkpoint.is_signed_with(key) for checkpoint in run):
        raise ArchiveBroken(f"{named.name} holds a checkpoint that is not ours, or not in its place")
    return run


def _last(name: str, bodies: list[Body]) -> int:
    """Take the line off that ends an object, and return what it says."""
    end = bodies.pop().get(_END) if bodies else None
    if not isinstance(end, int):
        raise ArchiveBroken(f"{name} does not end where it was ended")
    return end


def _read(name: str, content: bytes) -> Iterator[Body]:
    for line in content.splitlines():
        try:
            body = strict_json.loads(line)
        except (strict_json.InvalidJson, ValueError) as error:
            raise ArchiveBroken(f"{name} holds something that is no checkpoint") from error
        if not isinstance(body, dict):
            raise ArchiveBroken(f"{name} holds something that is no checkpoint")
        yield body


def _decode(body: Body) -> Checkpoint:
    return decode_checkpoint(Item(Key(CHAIN_PARTITION, str(body["seq"])), 1, body))
