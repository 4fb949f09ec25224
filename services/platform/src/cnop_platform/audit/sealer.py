"""Makes checkpoints: every process runs a sealer, and a condition on the head of the chain keeps them in one line.

Whoever can write the table must not be able to end the sealing with it: what is malformed is counted as a fault, and
the chain goes on from what is left. `AuditVerifier` tells afterwards what was touched.
"""

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from cnop_core.clock import Clock
from cnop_core.ids import UserId, ulid
from cnop_platform.audit import counting
from cnop_platform.audit.chain import (
    BASE_KEY,
    CHAIN_PARTITION,
    FIRST_PREDECESSOR,
    HEAD_KEY,
    Checkpoint,
    Head,
    WalletHead,
    base_of,
    checkpoint_key,
    checkpoint_of,
    digest_of,
    encode_checkpoint,
    encode_head,
    head_of,
)
from cnop_platform.audit.trail import record_key
from cnop_platform.store import Absent, ConditionFailed, Item, Key, Put, Store, StoreUnavailable, Version

OVERLAP: Final = timedelta(seconds=60)
"""How late a record may appear behind its id's time; every sealer looks back this far for records not yet sealed."""
_GENESIS: Final = timedelta(days=2)
_INTERVAL_SECONDS: Final = 10.0
_MAX_RECORDS: Final = 1_000
_MAX_HEADS: Final = 1_000
_MAX_ROUNDS: Final = 100
_LAST_SEQ: Final = 999_999_999_999
_SEAL: Final = re.compile(r"[0-9a-f]{64}")

_log = structlog.get_logger()


class Sealer:
    """Seals the records of everybody and the wallet changes of this process."""

    def __init__(self, *, store: Store, key: bytes, service: str, clock: Clock) -> None:
        self._store = store
        self._key = key
        self._service = service
        self._clock = clock
        self._changed: dict[UserId, WalletHead] = {}
        self._sealed: dict[str, datetime] = {}
        self._known_seq = 0

    def note(self, user_id: UserId, seq: int, mac: str) -> None:
        """Remember that this process changed a wallet, to be sealed with the next checkpoint."""
        known = self._changed.get(user_id)
        if known is None or known.seq < seq:
            self._changed[user_id] = WalletHead(seq, mac)

    async def run(self) -> None:
        """Seal about every ten seconds until cancelled."""
        while True:
            await asyncio.sleep(_INTERVAL_SECONDS)
            try:
                await self.seal()
            except StoreUnavailable:
                _log.warning("audit_seal_postponed")
            except ValueError:
                # An item that the store itself cannot read: nothing can be sealed, and that must not be silent.
                self._fault("unreadable", self._known_seq)

    async def seal(self) -> int:
        """Seal what is unsealed now; return how many checkpoints that took."""
        for made in range(_MAX_ROUNDS):
            if not await self._seal_once():
                counting.sealed_at.set(self._clock.now().timestamp())
                return made
        return _MAX_ROUNDS

    async def _seal_once(self) -> bool:
        item = await self._store.get(HEAD_KEY)
        head = head_of(item)
        if head is None:
            await self._mend_head(item)
            return True
        since = self._look_back(head)
        await self._catch_up(head, wanted_since=since - OVERLAP)
        records = self._with_seal(await self._unsealed(since))
        heads = dict(list(self._changed.items())[:_MAX_HEADS])
        if not records and not heads:
            return False
        checkpoint = self._next(head, records, heads)
        try:
            await self._store.transact(_writes(checkpoint, item))
        except ConditionFailed:
            # Another sealer was faster: look again at what is left. If it was not, the number was taken before.
            if await self._store.get(HEAD_KEY) == item:
                await self._mend_head(item)
            return True
        self._took_effect(checkpoint)
        return True

    def _next(self, head: Head, records: list[Item], heads: dict[UserId, WalletHead]) -> Checkpoint:
        return Checkpoint(
            seq=head.seq + 1,
            previous=head.mac,
            at=self._clock.now(),
            service=self._service,
            records=tuple(item.key.sk for item in records),
            digest=digest_of(str(item.body["hmac"]) for item in records),
            heads=heads,
        ).signed(self._key)

    async def _mend_head(self, item: Item | None) -> None:
        """Let the head name the end of the chain again, after somebody changed or removed it."""
        page = await self._store.query(CHAIN_PARTITION, end=checkpoint_key(_LAST_SEQ).sk, forward=False, limit=1)
        last = int(page.items[0].key.sk) if page.items else 0
        checkpoint = checkpoint_of(page.items[0]) if page.items else None
        self._fault("head", last)
        head = Head(last, checkpoint.mac if checkpoint else FIRST_PREDECESSOR)
        at = checkpoint.at if checkpoint else self._clock.now() - _GENESIS
        try:
            await self._store.transact([Put(HEAD_KEY, encode_head(head, at=at), _unchanged(item))])
        except ConditionFailed:
            return  # another sealer mended it

    def _took_effect(self, checkpoint: Checkpoint) -> None:
        self._remember(checkpoint)
        for user_id, sealed in checkpoint.heads.items():
            if self._changed.get(user_id) == sealed:
                del self._changed[user_id]
        _log.info("audit_sealed", seq=checkpoint.seq, mac=checkpoint.mac, records=len(checkpoint.records))

    def _look_back(self, head: Head) -> datetime:
        """Return from when on unsealed records may exist; after an outage that is before the last checkpoint."""
        now = self._clock.now()
        return min(now, head.at or now - _GENESIS) - OVERLAP

    async def _catch_up(self, head: Head, *, wanted_since: datetime) -> None:
        """Learn which records other sealers have sealed since this one last looked."""
        if head.seq < self._known_seq:
            self._fault("truncated", head.seq)
        seq = head.seq
        found: list[Checkpoint] = []
        while seq > self._known_seq:
            checkpoint = await self._checkpoint(seq)
            if checkpoint is None:
                break
            found.append(checkpoint)
            if checkpoint.at < wanted_since:
                break
            seq -= 1
        for checkpoint in self._examined(head, found):
            self._remember(checkpoint)
        self._known_seq = head.seq
        self._sealed = {uid: at for uid, at in self._sealed.items() if at >= wanted_since}

    async def _checkpoint(self, seq: int) -> Checkpoint | None:
        """Return the checkpoint, None when there is none to read; unless it was retired, that is a fault."""
        item = await self._store.get(checkpoint_key(seq))
        if item is None or not item.body:
            if not await self._is_retired(seq):
                self._fault("missing", seq)
            return None
        checkpoint = checkpoint_of(item)
        if checkpoint is None:
            self._fault("malformed", seq)
        return checkpoint

    async def _is_retired(self, seq: int) -> bool:
        base = base_of(await self._store.get(BASE_KEY), self._key)
        return base is not None and seq <= base.seq

    def _examined(self, head: Head, found: Sequence[Checkpoint]) -> list[Checkpoint]:
        """Return the checkpoints of ours; tell at once what `cnop audit verify` would find. `found` is newest first."""
        expected = head.mac
        ours: list[Checkpoint] = []
        for checkpoint in found:
            if not checkpoint.is_signed_with(self._key):
                self._fault("forged", checkpoint.seq)
            else:
                ours.append(checkpoint)
                if checkpoint.mac != expected:
                    self._fault("out_of_line", checkpoint.seq)
            expected = checkpoint.previous
        return ours

    def _fault(self, kind: str, seq: int) -> None:
        counting.faults.inc()
        _log.error("audit_chain_fault", kind=kind, seq=seq)

    def _with_seal(self, records: Sequence[Item]) -> list[Item]:
        """Return the records that have a seal; one without stays out of the chain and is a fault, reported once."""
        for item in records:
            if not _has_seal(item):
                self._sealed[item.key.sk] = self._clock.now()
                self._fault("record", self._known_seq)
        return [item for item in records if _has_seal(item)]

    def _remember(self, checkpoint: Checkpoint) -> None:
        self._sealed.update(dict.fromkeys(checkpoint.records, checkpoint.at))
        self._known_seq = max(self._known_seq, checkpoint.seq)

    async def _unsealed(self, since: datetime) -> list[Item]:
        found: list[Item] = []
        for start in _day_starts(since, self._clock.now()):
            cursor = None
            while len(found) < _MAX_RECORDS:
                page = await self._store.query(start.pk, start=start.sk, limit=_MAX_RECORDS, cursor=cursor)
                found.extend(item for item in page.items if item.key.sk not in self._sealed)
                cursor = page.cursor
                if cursor is None:
                    break
        return found[:_MAX_RECORDS]


def _day_starts(since: datetime, until: datetime) -> list[Key]:
    """Return, for each day from `since` to `until`, the first record key to look at."""
    midnight = since.replace(hour=0, minute=0, second=0, microsecond=0)
    days = (until - midnight).days
    instants = [since, *(midnight + timedelta(days=number) for number in range(1, days + 1))]
    return [record_key(ulid(now=instant, entropy=bytes)) for instant in instants]


def _has_seal(item: Item) -> bool:
    return _SEAL.fullmatch(str(item.body.get("hmac"))) is not None


def _unchanged(item: Item | None) -> Version | Absent:
    return Version(item.version) if item else Absent()


def _writes(checkpoint: Checkpoint, head: Item | None) -> list[Put]:
    return [
        Put(HEAD_KEY, encode_head(checkpoint, at=checkpoint.at), _unchanged(head)),
        Put(checkpoint_key(checkpoint.seq), encode_checkpoint(checkpoint), Absent()),
    ]
