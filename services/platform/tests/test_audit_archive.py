"""The archive of checkpoints: grows by what is new, is never changed, and shows a chain cut short or written anew."""

from datetime import UTC, datetime, timedelta

import pytest

from cnop_core.clock import FixedClock
from cnop_core.errors import InvalidInput
from cnop_core.ids import UserId
from cnop_platform.audit import AuditEvent, AuditTrail, archive
from cnop_platform.audit.archive import ArchiveBroken, ArchiveUnavailable, archived_chain
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
        "checkpoints/000000000001-000000000003.jsonl",
        "checkpoints/000000000004-000000000005.jsonl",
    ]
    assert sorted(archived_chain(world.place, KEY)) == [1, 2, 3, 4, 5]
    assert await world.kinds() == set()


async def test_an_archive_is_filled_in_runs_of_bounded_length(world, monkeypatch):
    monkeypatch.setattr(archive, "MAX_CHECKPOINTS", 2)
    await world.seal(5)
    assert await world.archive() == 5
    assert len(world.place.names()) == 3


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
        paths[2].write_text(paths[2].read_text().splitlines()[0] + "\n")
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
    with pytest.raises(ArchiveUnavailable):
        place.add("checkpoints/one.jsonl", b"second")
    assert place.read("checkpoints/one.jsonl") == b"first"
    assert place.names() == ["checkpoints/one.jsonl"]
    assert [path.name for path in (tmp_path / "archive/checkpoints").iterdir()] == ["one.jsonl"]
    with pytest.raises(ArchiveUnavailable):
        place.read("checkpoints/two.jsonl")


@pytest.mark.parametrize("text", ["", "s3://", "https://bucket", "s3://bucket/x?versionId=1"])
def test_what_is_no_place_is_refused(text):
    with pytest.raises(InvalidInput):
        open_archive(text)
