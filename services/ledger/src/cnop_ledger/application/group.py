"""Decides the commands that wait for one wallet, one after the other on paper, so that they commit as one transaction.

Pure: what the store holds comes in, what to write and what to answer goes out.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, TypeAlias

from cnop_core.ids import TransactionId, UserId
from cnop_platform.store import Absent, Condition, Item, Key, Put, Version, Write
from cnop_platform.store.port import MAX_WRITES

from cnop_ledger.application.chain import ChainKeys
from cnop_ledger.application.codec import decode_wallet, encode_entry, encode_wallet
from cnop_ledger.application.commands import Command, Decision, KeyReused, Outcome, Response, Snapshot
from cnop_ledger.application.keys import (
    ENTRIES,
    REPLAYS,
    entry_key,
    idempotency_ref,
    partition,
    replay_key,
    wallet_key,
)
from cnop_ledger.domain.entries import Entry, Stamp
from cnop_ledger.domain.errors import InvariantViolated
from cnop_ledger.domain.wallet import Wallet

MAX_GROUP: Final = 30
"""A command with an order and an idempotency record is three writes; thirty of them and the wallet are 91."""


class InvalidDecision(InvariantViolated):
    """A use case built a decision that does not follow from its snapshot, or writes where only the ledger may."""


class Job:
    """A command on its way, the id that its entry will have, and where its caller waits."""

    def __init__(self, command: Command, *, transaction_id: TransactionId, answer: "asyncio.Future[Outcome]") -> None:
        self.command = command
        self.transaction_id = transaction_id
        self.answer = answer
        self.started = False
        self.alone = False
        """Set once the job made a group fail; it is then tried by itself."""
        promise = command.idempotency
        self.ref = idempotency_ref(promise.operation, promise.key) if promise else None
        replay = (replay_key(command.user_id, self.ref),) if self.ref else ()
        self.reads: tuple[Key, ...] = (*command.reads, *replay)
        """The items beside the wallet that its decision depends on."""

    def settle(self, result: "Result") -> None:
        """Give the caller its answer or exception, unless it no longer waits."""
        if self.answer.done():
            return
        if isinstance(result, Outcome):
            self.answer.set_result(result)
        else:
            self.answer.set_exception(result)


Result: TypeAlias = Outcome | Exception


class Written(NamedTuple):
    """A job whose entry is part of the plan."""

    job: Job
    outcome: Outcome
    keys: frozenset[Key]
    """The items it writes beside its entry."""


@dataclass(slots=True)
class Plan:
    """What one transaction shall write for a group, and what each job gets for an answer."""

    user_id: UserId
    start: Wallet
    """The wallet as it was read."""
    end: Wallet
    """The wallet once all of `written` are applied."""
    entries: list[Put] = field(default_factory=list)
    others: list[Write] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)
    answered: list[tuple[Job, Result]] = field(default_factory=list)
    """Final whatever becomes of the transaction: replays, and keys used for another request."""
    unwritten: list[tuple[Job, Result]] = field(default_factory=list)
    """Refusals and nothing-to-do, true only if the snapshot they were decided on was."""

    def writes(self, keys: ChainKeys) -> list[Write]:
        """Return the transaction: the wallet first, then the entries, then everything else."""
        condition: Condition = Version(self.start.version) if self.start.version else Absent()
        wallet = Put(wallet_key(self.user_id), encode_wallet(self.end, keys), condition)
        return [wallet, *self.entries, *self.others]

    def taken(self) -> frozenset[Key]:
        """Return the items that the group writes so far, wallet and entries aside."""
        return frozenset().union(*(written.keys for written in self.written))


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans groups; `retention_seconds` is how long an answer is kept for replay."""

    keys: ChainKeys
    retention_seconds: int

    def plan(self, user_id: UserId, jobs: Iterable[Job], items: Mapping[Key, Item], *, now_ms: int) -> Plan:
        """Decide `jobs` in order, each on the wallet that the ones before it leave behind.

        A job that touches an item which an earlier one writes, or for which there is no room, is in none of the plan's
        lists: it is for the next group. Raises `CorruptItem` for a wallet that was tampered with.
        """
        wallet = decode_wallet(user_id, items.get(wallet_key(user_id)), self.keys)
        plan = Plan(user_id=user_id, start=wallet, end=wallet)
        for job in jobs:
            if not plan.taken().isdisjoint(job.reads):
                continue
            replay = self._replay(job, items, now_ms=now_ms)
            if replay is not None:
                plan.answered.append((job, replay))
            elif not self._decide(plan, job, items, now_ms=now_ms):
                break
        return plan

    def _replay(self, job: Job, items: Mapping[Key, Item], *, now_ms: int) -> Result | None:
        promise, record = job.command.idempotency, self._record(job, items)
        if promise is None or record is None or _is_expired(record, now_ms=now_ms):
            return None
        if record.body["hash"] != promise.request_hash:
            return KeyReused("this idempotency key was used for a different request; choose a new key")
        status, body = record.body["status"], record.body["body"]
        if not isinstance(status, int) or not isinstance(body, str):
            return InvariantViolated("a stored answer cannot be read")
        return Outcome(Response(status, body), replayed=True)

    def _record(self, job: Job, items: Mapping[Key, Item]) -> Item | None:
        return items.get(replay_key(job.command.user_id, job.ref)) if job.ref else None

    def _decide(self, plan: Plan, job: Job, items: Mapping[Key, Item], *, now_ms: int) -> bool:
        """Add one job's decision to `plan`; False when there is no room left for it."""
        stamp = Stamp(job.transaction_id, job.command.origin, now_ms)
        seen = {key: items[key] for key in job.command.reads if key in items}
        try:
            decision = job.command.decide(Snapshot(plan.end, seen, stamp))
            _check(decision, plan, stamp)
        except Exception as error:  # noqa: BLE001 - one command's refusal or bug must not reach the others of its group
            plan.unwritten.append((job, error))
            return True
        if decision.change is None:
            plan.unwritten.append((job, Outcome(decision.response)))
            return True
        extra = [*decision.writes, *self._remember(job, items, decision, now_ms=now_ms)]
        if len(plan.entries) + len(plan.others) + len(extra) + 2 > MAX_WRITES:
            return False
        keys = frozenset(write.key for write in extra)
        if plan.taken().isdisjoint(keys):
            self._add(plan, job, decision, extra, keys)
        return True

    def _add(self, plan: Plan, job: Job, decision: Decision, extra: list[Write], keys: frozenset[Key]) -> None:
        if decision.change is None:
            raise AssertionError("only a decision with a change is added")
        entry = replace(decision.change.entry, idempotency_ref=job.ref)
        sealed, body = encode_entry(entry, self.keys, previous=plan.end.head)
        plan.entries.append(Put(entry_key(plan.user_id, sealed.seq), body, Absent()))
        plan.others.extend(extra)
        plan.written.append(Written(job, Outcome(decision.response, sealed), keys))
        plan.end = replace(decision.change.wallet, head=_mac(sealed))

    def _remember(self, job: Job, items: Mapping[Key, Item], decision: Decision, *, now_ms: int) -> tuple[Put, ...]:
        promise, change = job.command.idempotency, decision.change
        if promise is None or job.ref is None or change is None:
            return ()
        expired = self._record(job, items)
        return (
            Put(
                replay_key(job.command.user_id, job.ref),
                {
                    "hash": promise.request_hash,
                    "status": decision.response.status,
                    "body": decision.response.body,
                    "seq": change.entry.seq,
                },
                Version(expired.version) if expired else Absent(),
                expires_at=-(-now_ms // 1000) + self.retention_seconds,
            ),
        )


def _is_expired(record: Item, *, now_ms: int) -> bool:
    """Decide expiry here, since the store deletes expired items only some time later."""
    return record.expires_at is not None and now_ms >= record.expires_at * 1000


def _check(decision: Decision, plan: Plan, stamp: Stamp) -> None:
    change = decision.change
    if change is None:
        return
    follows = change.entry.seq == change.wallet.seq == plan.end.seq + 1 and change.entry.stamp == stamp
    if not follows or change.wallet.user_id != plan.user_id or change.wallet.version != plan.start.version:
        raise InvalidDecision("a decision must change the wallet of its snapshot, once, under the stamp it was given")
    if any(_is_ours(write.key, plan.user_id) for write in decision.writes):
        raise InvalidDecision("wallets, entries and idempotency records are written by the ledger alone")
    if len({write.key for write in decision.writes}) != len(decision.writes):
        raise InvalidDecision("a decision writes each item once")


def _is_ours(key: Key, user_id: UserId) -> bool:
    return key == wallet_key(user_id) or (key.pk == partition(user_id) and key.sk.startswith((ENTRIES, REPLAYS)))


def _mac(entry: Entry) -> str:
    if entry.seal is None:
        raise AssertionError("an encoded entry is sealed")
    return entry.seal.mac
