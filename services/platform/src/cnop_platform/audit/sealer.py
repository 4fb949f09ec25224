"""Makes checkpoints: every process runs a sealer, and a condition on the head of the chain keeps them in one line."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from cnop_core.clock import Clock, from_rfc3339, to_rfc3339
from cnop_core.ids import UserId, ulid
from cnop_platform.audit import counting
from cnop_platform.audit.chain import (
    BASE_KEY,
    FIRST_PREDECESSOR,
    HEAD_KEY,
    Checkpoint,
    WalletHead,
    base_of,
    checkpoint_key,
    decode_checkpoint,
    digest_of,
    encode_checkpoint,
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

    async def seal(self) -> int:
        """Seal what is unsealed now; return how many checkpoints that took."""
        for made in range(_MAX_ROUNDS):
            if not await self._seal_once():
                counting.sealed_at.set(self._clock.now().timestamp())
                return made
        return _MAX_ROUNDS

    async def _seal_once(self) -> bool:
        head = await self._store.get(HEAD_KEY)
        since = self._look_back(head)
        await self._catch_up(head, wanted_since=since - OVERLAP)
        records = await self._unsealed(since)
        heads = dict(list(self._changed.items())[:_MAX_HEADS])
        if not records and not heads:
            return False
        checkpoint = self._next(head, records, heads)
        try:
            await self._store.transact(_writes(checkpoint, head))
        except ConditionFailed:
            return True  # another sealer was faster: look again at what is left
        self._took_effect(checkpoint)
        return True

    def _next(self, head: Item | None, records: list[Item], heads: dict[UserId, WalletHead]) -> Checkpoint:
        return Checkpoint(
            seq=_seq(head) + 1,
            previous=str(head.body["mac"]) if head else FIRST_PREDECESSOR,
            at=self._clock.now(),
            service=self._service,
            records=tuple(item.key.sk for item in records),
            digest=digest_of(str(item.body["hmac"]) for item in records),
            heads=heads,
        ).signed(self._key)

    def _took_effect(self, checkpoint: Checkpoint) -> None:
        self._remember(checkpoint)
        for user_id, sealed in checkpoint.heads.items():
            if self._changed.get(user_id) == sealed:
                del self._changed[user_id]
        _log.info("audit_sealed", seq=checkpoint.seq, mac=checkpoint.mac, records=len(checkpoint.records))

    def _look_back(self, head: Item | None) -> datetime:
        """Return from when on unsealed records may exist; after an outage that is before the last checkpoint."""
        now = self._clock.now()
        return min(now, from_rfc3339(str(head.body["at"])) if head else now - _GENESIS) - OVERLAP

    async def _catch_up(self, head: Item | None, *, wanted_since: datetime) -> None:
        """Learn which records other sealers have sealed since this one last looked."""
        latest = _seq(head)
        seq = latest
        found: list[Checkpoint] = []
        while seq > self._known_seq:
            item = await self._store.get(checkpoint_key(seq))
            if item is None or not item.body:
                if not await self._is_retired(seq):
                    self._fault("missing", seq)
                break
            checkpoint = decode_checkpoint(item)
            found.append(checkpoint)
            if checkpoint.at < wanted_since:
                break
            seq -= 1
        self._examine(head, found)
        for checkpoint in found:
            self._remember(checkpoint)
        self._known_seq = latest
        self._sealed = {uid: at for uid, at in self._sealed.items() if at >= wanted_since}

    async def _is_retired(self, seq: int) -> bool:
        base = base_of(await self._store.get(BASE_KEY), self._key)
        return base is not None and seq <= base.seq

    def _examine(self, head: Item | None, found: Sequence[Checkpoint]) -> None:
        """Tell at once what `cnop audit verify` would find at the end of the chain; `found` is newest first."""
        expected = str(head.body["mac"]) if head else FIRST_PREDECESSOR
        for checkpoint in found:
            if not checkpoint.is_signed_with(self._key):
                self._fault("forged", checkpoint.seq)
            elif checkpoint.mac != expected:
                self._fault("out_of_line", checkpoint.seq)
            expected = checkpoint.previous

    def _fault(self, kind: str, seq: int) -> None:
        counting.faults.inc()
        _log.error("audit_chain_fault", kind=kind, seq=seq)

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


def _seq(head: Item | None) -> int:
    seq = head.body["seq"] if head else 0
    if not isinstance(seq, int):
        raise ValueError("the head of the audit chain is malformed")
    return seq


def _writes(checkpoint: Checkpoint, head: Item | None) -> list[Put]:
    condition = Version(head.version) if head else Absent()
    return [
        Put(HEAD_KEY, {"seq": checkpoint.seq, "mac": checkpoint.mac, "at": to_rfc3339(checkpoint.at)}, condition),
        Put(checkpoint_key(checkpoint.seq), encode_checkpoint(checkpoint), Absent()),
    ]
