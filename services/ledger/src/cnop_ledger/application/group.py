"""Decides the commands that wait for one wallet, one after the other on paper, so that they commit as one transaction.

Pure: what the store holds comes in, what to write and what to answer goes out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from cnop_core.ids import UserId
from cnop_ledger.application.answers import keep_answer, repeated
from cnop_ledger.application.chain import ChainKeys
from cnop_ledger.application.codec import put_entry, put_wallet, read_wallet
from cnop_ledger.application.commands import Decision, Outcome, Response, Snapshot
from cnop_ledger.application.jobs import Job, Result
from cnop_ledger.application.keys import ANSWERS, ENTRIES, partition, wallet_key
from cnop_ledger.domain.entries import Stamp
from cnop_ledger.domain.errors import InvariantViolated
from cnop_ledger.domain.movements import Change
from cnop_ledger.domain.wallet import Wallet
from cnop_platform.store import Absent, Condition, Item, Key, Put, Version, Write
from cnop_platform.store.port import MAX_WRITES

MAX_GROUP: Final = 30
"""A command with an order and an idempotency record is three writes; thirty of them and the wallet are 91."""


class InvalidDecision(InvariantViolated):
    """A use case built a decision that does not follow from its snapshot, or writes where only the ledger may."""


class Written(NamedTuple):
    """A job whose entry is part of the plan."""

    job: Job
    outcome: Outcome
    keys: frozenset[Key]
    """The items it writes beside its entry."""


@dataclass(slots=True)
class Plan:
    """What one transaction shall write for a group, and what each job gets for an answer."""

    start: Wallet
    """The wallet as it was read."""
    end: Wallet
    """The wallet once all of `written` are applied, except for its head."""
    head: str
    """The MAC of the last entry: what tells this plan from any other."""
    entries: list[Put] = field(default_factory=list)
    others: list[Write] = field(default_factory=list)
    taken: set[Key] = field(default_factory=set)
    """The keys of `others`."""
    written: list[Written] = field(default_factory=list)
    answered: list[tuple[Job, Result]] = field(default_factory=list)
    """Final whatever becomes of the transaction: replays, and keys used for another request."""
    unwritten: list[tuple[Job, Result]] = field(default_factory=list)
    """Refusals and nothing-to-do, true only if the snapshot they were decided on was."""

    def has_room(self, extra: int) -> bool:
        """Tell whether another entry and `extra` items still fit beside the wallet."""
        return 2 + len(self.entries) + len(self.others) + extra <= MAX_WRITES

    def writes(self, keys: ChainKeys) -> list[Write]:
        """Return the transaction: the wallet first, then the entries, then everything else."""
        condition: Condition = Version(self.start.version) if self.start.version else Absent()
        return [put_wallet(self.end, keys, head=self.head, condition=condition), *self.entries, *self.others]


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
        wallet = read_wallet(user_id, items.get(wallet_key(user_id)), self.keys)
        plan = Plan(start=wallet, end=wallet, head=wallet.head)
        for job in jobs:
            if plan.taken.isdisjoint(job.reads):
                self._place(plan, job, items, now_ms=now_ms)
        return plan

    def _place(self, plan: Plan, job: Job, items: Mapping[Key, Item], *, now_ms: int) -> None:
        record = items.get(job.answer_key) if job.answer_key else None
        promise = job.command.idempotency
        answer = repeated(promise, record, now_ms=now_ms) if promise else None
        if answer is not None:
            plan.answered.append((job, answer))
            return
        try:
            decision = self._decide(plan, job, items, now_ms=now_ms)
        except Exception as error:  # noqa: BLE001 - one command's refusal or bug must not reach the others of its group
            plan.unwritten.append((job, error))
            return
        if decision.change is None:
            plan.unwritten.append((job, Outcome(decision.response)))
            return
        extra = [*decision.writes, *self._remember(job, record, decision.response, decision.change, now_ms=now_ms)]
        keys = frozenset(write.key for write in extra)
        if plan.has_room(len(extra)) and plan.taken.isdisjoint(keys):
            plan.others.extend(extra)
            plan.taken |= keys
            self._chain(plan, job, decision.response, decision.change, keys)

    def _decide(self, plan: Plan, job: Job, items: Mapping[Key, Item], *, now_ms: int) -> Decision:
        stamp = Stamp(job.transaction_id, job.command.origin, now_ms)
        seen = {key: items[key] for key in job.command.reads if key in items}
        decision = job.command.decide(Snapshot(plan.end, seen, stamp))
        _check(decision, plan, stamp)
        return decision

    def _remember(
        self, job: Job, record: Item | None, response: Response, change: Change, *, now_ms: int
    ) -> tuple[Put, ...]:
        if job.command.idempotency is None or job.answer_key is None:
            return ()
        kept = keep_answer(
            job.command.idempotency,
            key=job.answer_key,
            expired=record,
            response=response,
            seq=change.entry.seq,
            now_ms=now_ms,
            retention_seconds=self.retention_seconds,
        )
        return (kept,)

    def _chain(self, plan: Plan, job: Job, response: Response, change: Change, keys: frozenset[Key]) -> None:
        entry, put = put_entry(change.entry, self.keys, previous=plan.head, ref=job.ref)
        plan.entries.append(put)
        plan.written.append(Written(job, Outcome(response, entry), keys))
        plan.end, plan.head = change.wallet, entry.mac


def _check(decision: Decision, plan: Plan, stamp: Stamp) -> None:
    change = decision.change
    if change is None:
        return
    wallet = change.wallet
    follows = change.entry.seq == wallet.seq == plan.end.seq + 1 and change.entry.stamp == stamp
    if not follows or wallet.user_id != plan.end.user_id or wallet.version != plan.end.version:
        raise InvalidDecision("a decision must change the wallet of its snapshot, once, under the stamp it was given")
    if any(_is_ours(write.key, wallet.user_id) for write in decision.writes):
        raise InvalidDecision("wallets, entries and idempotency records are written by the ledger alone")
    if len({write.key for write in decision.writes}) != len(decision.writes):
        raise InvalidDecision("a decision writes each item once")


def _is_ours(key: Key, user_id: UserId) -> bool:
    return key == wallet_key(user_id) or (key.pk == partition(user_id) and key.sk.startswith((ENTRIES, ANSWERS)))
