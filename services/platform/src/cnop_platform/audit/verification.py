"""Verifies the audit trail on a live store: finds every edit, deletion, insertion and reordering of what is sealed."""

import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cnop_core.clock import Clock
from cnop_core.ids import UserId, ulid_time
from cnop_platform.audit.archive import Archived
from cnop_platform.audit.chain import (
    BASE_KEY,
    CHAIN_PARTITION,
    HEAD_KEY,
    Base,
    Checkpoint,
    WalletHead,
    base_of,
    checkpoint_key,
    checkpoint_of,
    digest_of,
    head_of,
)
from cnop_platform.audit.sealer import OVERLAP
from cnop_platform.audit.trail import RECORD_PREFIX, RETENTION_DAYS, record_key, seal
from cnop_platform.store import Item, Key, Store
from cnop_platform.store.port import MAX_KEYS

EntryMac = Callable[[UserId, int], Awaitable[str | None]]
"""Returns the MAC of a wallet's entry number n, None when there is no such entry."""

_MAX_FINDINGS: Final = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was written: what kind, where, and in words."""

    kind: str
    where: str
    what: str


@dataclass(slots=True)
class AuditReport:
    """What a verification saw. `intact` means: nothing that is sealed was touched."""

    checkpoints: int = 0
    retired: int = 0
    """How many checkpoints retention removed before the first that is left."""
    archived: int = 0
    """How many checkpoints of an archive were compared."""
    sealed_records: int = 0
    unsealed_records: int = 0
    wallets: int = 0
    head_mac: str = ""
    findings: list[Finding] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        """Whether there is no finding."""
        return not self.findings

    def find(self, kind: str, where: str, what: str) -> None:
        """Add a finding, up to a hundred."""
        if len(self.findings) < _MAX_FINDINGS:
            self.findings.append(Finding(kind, where, what))


class AuditVerifier:
    """Reads the whole trail once. `retention_days` tells from when on a missing record is no longer a deletion."""

    def __init__(
        self, *, store: Store, key: bytes, clock: Clock, entry_mac: EntryMac, retention_days: int = RETENTION_DAYS
    ) -> None:
        self._store = store
        self._key = key
        self._clock = clock
        self._entry_mac = entry_mac
        self._retention_days = retention_days

    async def verify(
        self, *, expected_head: str | None = None, archived: Mapping[int, Archived] | None = None
    ) -> AuditReport:
        """Return the report.

        `expected_head`, a MAC noted elsewhere, must still be part of the chain; so must what is `archived`, by number.
        """
        report = AuditReport()
        sealed: set[str] = set()
        heads: dict[UserId, WalletHead] = {}
        macs = await self._verify_chain(report, sealed, heads)
        if expected_head is not None and expected_head not in macs.values():
            report.find("truncated", expected_head, "the checkpoint with this MAC is no longer part of the chain")
        self._compare(report, macs, archived or {})
        await self._verify_records(report, sealed)
        await self._verify_heads(report, heads)
        return report

    async def _verify_chain(
        self, report: AuditReport, sealed: set[str], heads: dict[UserId, WalletHead]
    ) -> dict[int, str]:
        base = await self._base(report)
        seq, previous, macs = base.seq, base.mac, {base.seq: base.mac}
        first, cursor = checkpoint_key(base.seq + 1).sk, None
        while True:
            page = await self._store.query(CHAIN_PARTITION, start=first, limit=100, cursor=cursor)
            for item in page.items:
                checkpoint = checkpoint_of(item)
                seq += 1
                where = f"checkpoint {item.key.sk}"
                if checkpoint is None or not checkpoint.is_signed_with(self._key):
                    report.find("edited", where, "its MAC does not fit its content")
                    continue
                if (checkpoint.seq, checkpoint.previous) != (seq, previous):
                    report.find("broken", where, "it does not follow its predecessor: a checkpoint is missing or moved")
                seq, previous = checkpoint.seq, checkpoint.mac
                macs[checkpoint.seq] = checkpoint.mac
                await self._verify_sealed(report, checkpoint)
                sealed.update(checkpoint.records)
                for user_id, wallet in checkpoint.heads.items():
                    # A head that retention carried on may be older than one that was sealed before it.
                    if user_id not in heads or heads[user_id].seq <= wallet.seq:
                        heads[user_id] = wallet
            cursor = page.cursor
            if cursor is None:
                break
        head = head_of(await self._store.get(HEAD_KEY))
        if head is None or head.mac != previous:
            report.find("truncated", "head", "the last checkpoint is not the one that the head names")
        report.retired = base.seq
        report.checkpoints, report.sealed_records, report.head_mac = seq - base.seq, len(sealed), previous
        return macs

    def _compare(self, report: AuditReport, macs: Mapping[int, str], archived: Mapping[int, Archived]) -> None:
        """Find what the archive knows and the store does not, or otherwise; retention lets go of the oldest only."""
        for seq, known in archived.items():
            if seq > report.retired and seq not in macs:
                report.find("truncated", f"checkpoint {seq}", "it is in the archive but no longer in the store")
            elif seq in macs and macs[seq] != known.mac:
                report.find("replaced", f"checkpoint {seq}", "it is not the one that was archived")
            elif seq <= report.retired and not self._is_over(known.at):
                report.find("retired early", f"checkpoint {seq}", "by its time in the archive it had to be kept")
        report.archived = len(archived)

    async def _base(self, report: AuditReport) -> Base:
        """Return what the first checkpoint must follow."""
        base = base_of(await self._store.get(BASE_KEY), self._key)
        if base is None:
            report.find("edited", "base", "the base of the chain was not signed with this key")
        return base or Base()

    async def _verify_sealed(self, report: AuditReport, checkpoint: Checkpoint) -> None:
        seals: list[str] = []
        for start in range(0, len(checkpoint.records), MAX_KEYS):
            keys = [record_key(uid) for uid in checkpoint.records[start : start + MAX_KEYS]]
            items = await self._store.get_many(keys)
            seals += [self._seal_of(report, key, items) for key in keys]
        if all(seals) and digest_of(seals) != checkpoint.digest:
            report.find("reordered", f"checkpoint {checkpoint.seq}", "the records do not give the sealed digest")

    def _seal_of(self, report: AuditReport, key: Key, items: Mapping[Key, Item]) -> str:
        """Return the seal of a record computed anew; empty when that is impossible (reported, unless it expired)."""
        if key in items:
            return self._recomputed(report, items[key])
        if not self._expired(key.sk):
            report.find("deleted", key.sk, "the record was sealed but is gone")
        return ""

    def _recomputed(self, report: AuditReport, item: Item) -> str:
        record: Any = item.body.get("record")
        metadata = record.get("metadata") if isinstance(record, dict) else None
        fits = isinstance(metadata, dict) and metadata.get("uid") == item.key.sk
        computed = seal(record, key=self._key) if fits else ""
        if not fits or not hmac.compare_digest(computed.encode(), str(item.body.get("hmac")).encode()):
            report.find("edited", item.key.sk, "the record does not fit its seal or its place")
            return ""
        return computed

    async def _verify_records(self, report: AuditReport, sealed: set[str]) -> None:
        settled = self._clock.now() - 2 * OVERLAP
        async for item in self._store.scan(prefix=RECORD_PREFIX):
            if item.key.pk in {CHAIN_PARTITION, HEAD_KEY.pk, BASE_KEY.pk} or item.key.sk in sealed:
                continue
            report.unsealed_records += 1
            if self._recomputed(report, item) and _written_at(item) < settled:
                report.find("inserted", item.key.sk, "the record is older than the last checkpoints but not sealed")

    async def _verify_heads(self, report: AuditReport, heads: Mapping[UserId, WalletHead]) -> None:
        report.wallets = len(heads)
        for user_id, head in heads.items():
            if await self._entry_mac(user_id, head.seq) != head.mac:
                report.find("rolled back", user_id, f"entry {head.seq} of the wallet is not the one that was sealed")

    def _expired(self, uid: str) -> bool:
        return self._is_over(ulid_time(uid))

    def _is_over(self, at: datetime) -> bool:
        return (self._clock.now() - at).days >= self._retention_days


def _written_at(item: Item) -> datetime:
    return ulid_time(item.key.sk)


def summary(report: AuditReport) -> Sequence[str]:
    """Return the report in lines for a terminal."""
    lines = [
        f"{report.checkpoints} checkpoints, {report.sealed_records} sealed records, {report.wallets} wallets",
        f"{report.unsealed_records} records not yet sealed",
        *([f"{report.archived} archived checkpoints compared"] if report.archived else []),
        *([f"{report.retired} checkpoints retired after their time"] if report.retired else []),
    ]
    return [*lines, *(f"{each.kind}: {each.where}: {each.what}" for each in report.findings)]
