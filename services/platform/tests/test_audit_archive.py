"""The archive of checkpoints: grows by what is new, is never changed, and shows a chain cut short or written anew."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cnop_core.clock import FixedClock
from cnop_core.errors import InvalidInput
from cnop_core.ids import UserId
from cnop_platform.audit import AuditEvent, AuditTrail, archive
from cnop_platform.audit.archive import AlreadyThere, ArchiveBroken, ArchiveUnavailable, archived_chain
from cnop_platform.audit.archive_places import FolderArchive, open_archive
from cnop_platform.audit.chain import BASE_KEY, HEAD_KEY, Base, checkpoint_key, encode_base
from cnop_platform.audit.retention import AuditRetention
from cnop_platform.audit.sealer import Sealer
from cnop_platform.audit.trail import RETENTION_DAYS, record_key
from cnop_platform.audit.verification import AuditVerifier
from cnop_platform.request_context import RequestContext
from cnop_platform.store import Delete, Put
from cnop_platform.store.memory import MemoryStore
from cnop_platform.system import entropy

KEY = b"k" * 32
CONTEXT = RequestContext("req-1", "203.0.113.9", "curl", via_gateway=True)


class World:
    def __init__(self, folder):
        self.clock = FixedClock(datetime(2026, 1, 31, 12, tzinfo=UTC))
        self.store = MemoryStore()
        self.place = FolderArchive(folder)
        self.folder = folder
        self.trail = AuditTrail(store=self.store, key=KEY, service="test", clock=self.clock, entropy=entropy)

    async def seal(self, checkpoints=1, *, key=KEY):
        sealer = Sealer(store=self.store, key=key, service="test", clock=self.clock)
        for _ in range(checkpoints):
            await self.store.transact([self.trail.record_put(AuditEvent("login", True, UserId("usr_1"), CONTEXT))])
            self.clock.advance(seconds=10)
            await sealer.seal()

    async def archive(self):
        return await archive.archive(self.store, self.place, KEY)

    async def kinds(self):
        async def no_entry(_user_id, _seq):
            return None

        verifier = AuditVerifier(store=self.store, key=KEY, clock=self.clock, entry_mac=no_entry)
        report = await verifier.verify(archived=archived_chain(self.place, KEY))
        return {finding.kind for finding in report.findings}

    async def cut(self, *, keep):
        """Remove all checkpoints but the first few and name the last of them the head, as if there had been no more."""
        head = await self.store.get(HEAD_KEY)
        last = await self.store.get(checkpoint_key(keep))
        for seq in range(keep + 1, int(head.body["seq"]) + 1):
            item = await self.store.get(checkpoint_key(seq))
            await self.store.transact([Delete(record_key(record)) for record in item.body["records"]] or [])
            await self.store.transact([Delete(item.key)])
        body = {**head.body, "seq": keep, "mac": last.body["mac"]}
        await self.store.transact([Put(HEAD_KEY, body)])


@pytest.fixture
def world(tmp_path):
    return World(tmp_path / "archive")


async def test_each_run_adds_what_is_new_and_nothing_else(world):
    await world.seal(3)
    assert await world.archive() == 3
    assert await world.archive() == 0
    await world.seal(2)
    assert await world.archive() == 2
    assert world.place.names() == [
        "checkpoints/000000000001.jsonl",
        "checkpoints/000000000004.jsonl",
    ]
    assert sorted(archived_chain(world.place, KEY)) == [1, 2, 3, 4, 5]
    assert await world.kinds() == set()


async def test_an_archive_is_filled_in_runs_of_bounded_length(world, monkeypatch):
    monkeypatch.setattr(archive, "MAX_CHECKPOINTS", 2)
    await world.seal(5)
    assert await world.archive() == 5
    assert len(world.place.names()) == 3


class Meanwhile:
    """A place at which, each time before one process adds its run, something else happens."""

    def __init__(self, place, events):
        self._place = place
        self._events = events
        self.names, self.read = place.names, place.read

    def add(self, name, content):
        if self._events:
            self._events.pop(0)()
        self._place.add(name, content)


async def test_of_two_processes_that_archive_at_once_each_run_is_added_by_one(world, monkeypatch):
    """What is locked cannot be mended: a checkpoint that is there twice would end the archive for good."""
    monkeypatch.setattr(archive, "MAX_CHECKPOINTS", 2)
    await world.seal(3)
    loop, place = asyncio.get_running_loop(), world.place

    def other_process():
        asyncio.run_coroutine_threadsafe(world.seal(2), loop).result(timeout=10)
        added.append(
            asyncio.run_coroutine_threadsafe(archive.archive(world.store, place, KEY), loop).result(timeout=10)
        )

    added = []
    slower = Meanwhile(place, [lambda: None, other_process])
    added.append(await asyncio.to_thread(lambda: asyncio.run(archive.archive(world.store, slower, KEY))))
    assert added == [3, 2], "it had added two of the five, and found the rest to be there"
    assert place.names() == [f"checkpoints/{first:012d}.jsonl" for first in (1, 3, 5)]
    assert sorted(archived_chain(place, KEY)) == [1, 2, 3, 4, 5]
    assert await world.kinds() == set()


async def test_whoever_is_never_first_says_so_and_ends(world):
    class Taken(FolderArchive):
        def add(self, name, content):
            raise AlreadyThere(f"{name} is there already")

    await world.seal()
    with pytest.raises(ArchiveUnavailable, match="others keep adding"):
        await archive.archive(world.store, Taken(world.folder), KEY)


async def test_an_archive_of_an_earlier_version_is_read_and_continued(world):
    await world.seal(2)
    await world.archive()
    (path,) = world.folder.rglob("*.jsonl")
    lines = path.read_text().splitlines(keepends=True)
    older = path.with_name("000000000001-000000000002.jsonl")
    older.write_text("".join(lines[:-1]))
    path.unlink()
    await world.seal()
    assert await world.archive() == 1
    assert await world.kinds() == set()
    assert sorted(archived_chain(world.place, KEY)) == [1, 2, 3]
    older.rename(older.with_name("000000000001-000000000003.jsonl"))
    with pytest.raises(ArchiveBroken, match="does not hold checkpoints 1 to 3"):
        archived_chain(world.place, KEY)


async def test_a_chain_cut_short_with_its_head_is_seen_against_the_archive_only(world):
    await world.seal(5)
    await world.archive()
    await world.cut(keep=3)
    verifier = AuditVerifier(store=world.store, key=KEY, clock=world.clock, entry_mac=None)
    assert (await verifier.verify()).intact
    assert await world.kinds() == {"truncated"}
    with pytest.raises(ArchiveBroken, match="no longer holds checkpoint 5"):
        await world.archive()


async def test_a_chain_written_anew_with_the_right_key_is_seen_too(world):
    await world.seal(5)
    await world.archive()
    await world.cut(keep=3)
    await world.seal(4)
    assert "replaced" in await world.kinds()
    with pytest.raises(ArchiveBroken):
        await world.archive()


async def test_what_is_not_signed_with_the_key_is_not_archived(world):
    await world.seal(2, key=b"x" * 32)
    with pytest.raises(ArchiveBroken, match="not ours"):
        await world.archive()
    assert world.place.names() == []


@pytest.mark.parametrize("change", ["edit", "remove", "swap", "rubbish", "shorten"])
async def test_an_archive_that_was_touched_is_no_proof(world, change):
    for _ in range(3):
        await world.seal(2)
        await world.archive()
    paths = sorted(world.folder.rglob("*.jsonl"))
    for path in paths:
        path.chmod(0o600)
    if change == "edit":
        paths[1].write_text(paths[1].read_text().replace('"test"', '"tset"'))
    elif change == "remove":
        paths[1].unlink()
    elif change == "swap":
        first, second = paths[0].read_text(), paths[1].read_text()
        paths[0].write_text(second)
        paths[1].write_text(first)
    elif change == "rubbish":
        paths[1].write_text("{}\n")
    else:
        paths[2].write_text("".join(paths[2].read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(ArchiveBroken):
        archived_chain(world.place, KEY)


async def test_retention_does_not_look_like_a_cut_but_retiring_before_archiving_does(world):
    await world.seal(3)
    await world.archive()
    await world.seal(2)
    world.clock.advance(seconds=timedelta(days=RETENTION_DAYS + 30).total_seconds())
    retention = AuditRetention(store=world.store, key=KEY, trail=world.trail, clock=world.clock, service="test")
    records = [item.key async for item in world.store.scan(prefix="AUDIT#2026")]
    for key in records:
        await world.store.transact([Delete(key)])
    await retention.retire(batches=10, context=CONTEXT)
    assert await world.kinds() == set()
    with pytest.raises(ArchiveBroken, match="retired before they were archived"):
        await world.archive()


async def test_retiring_before_the_time_is_over_is_seen_though_the_base_is_signed_with_the_key(world):
    await world.seal(5)
    await world.archive()
    head = await world.store.get(HEAD_KEY)
    base = Base(seq=int(head.body["seq"]), mac=str(head.body["mac"])).signed(KEY)
    hidden = [item.key async for item in world.store.scan(prefix="AUDIT#") if item.key != HEAD_KEY]
    for key in hidden:
        await world.store.transact([Delete(key)])
    await world.store.transact([Put(BASE_KEY, encode_base(base))])
    assert await world.kinds() == {"retired early"}


def test_a_folder_keeps_what_is_written(tmp_path):
    place = FolderArchive(tmp_path / "archive")
    place.add("checkpoints/one.jsonl", b"first")
    with pytest.raises(AlreadyThere):
        place.add("checkpoints/one.jsonl", b"second")
    assert place.read("checkpoints/one.jsonl") == b"first"
    assert place.names() == ["checkpoints/one.jsonl"]
    assert [path.name for path in (tmp_path / "archive/checkpoints").iterdir()] == ["one.jsonl"]
    with pytest.raises(ArchiveUnavailable):
        place.read("checkpoints/two.jsonl")


def test_of_many_who_add_one_object_at_once_one_does_and_its_content_is_whole(tmp_path):
    place = FolderArchive(tmp_path)

    def add(number):
        try:
            place.add("checkpoints/one.jsonl", bytes([number]) * 100_000)
        except AlreadyThere:
            return None
        return number

    with ThreadPoolExecutor(8) as pool:
        (winner,) = [number for number in pool.map(add, range(8)) if number is not None]
    assert place.read("checkpoints/one.jsonl") == bytes([winner]) * 100_000
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["one.jsonl"]


class Cutting(BaseHTTPRequestHandler):
    """A bucket that hangs up in the middle of an object."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"half an object")

    def log_message(self, *_):
        pass


@pytest.mark.enable_socket
def test_an_object_that_does_not_arrive_whole_is_unavailable_and_no_crash(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Cutting) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            place = open_archive("s3://bucket", endpoint=f"http://127.0.0.1:{server.server_port}")
            with pytest.raises(ArchiveUnavailable, match="s3://bucket"):
                place.read("checkpoints/000000000001.jsonl")
        finally:
            server.shutdown()
            thread.join(timeout=5)


@pytest.mark.parametrize("text", ["", "s3://", "https://bucket", "s3://bucket/x?versionId=1"])
def test_what_is_no_place_is_refused(text):
    with pytest.raises(InvalidInput):
        open_archive(text)
