"""Brings one group of commands on one wallet to an end: load, decide, commit; and again while others get in between."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from cnop_core.clock import Clock, epoch_ms
from cnop_core.errors import RateLimited
from cnop_core.ids import Entropy, UserId
from cnop_ledger.application.codec import stored_mac
from cnop_ledger.application.group import Plan, Planner
from cnop_ledger.application.jobs import Job, Result
from cnop_ledger.application.keys import ENTRIES, entry_key, partition, wallet_key
from cnop_ledger.domain.errors import InvariantViolated
from cnop_ledger.domain.wallet import Wallet
from cnop_platform.store import ConditionFailed, InvalidWrite, Item, Key, Store, StoreUnavailable

Sleep = Callable[[float], Awaitable[None]]
Witness = Callable[[UserId, int, str], None]
"""Told of every commit: whose wallet, the number of its last entry, and that entry's MAC."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a group tries again: after a conflict with another process, and when the store does not answer."""

    conflicts: int = 20
    own_conflicts: int = 3
    """For a command by itself whose own items, not the wallet, keep failing their conditions."""
    outages: int = 3
    first_pause_seconds: float = 0.004
    longest_pause_seconds: float = 0.25


@dataclass(slots=True)
class Stats:
    """What happened since the process started; for metrics."""

    groups: int = 0
    entries: int = 0
    replays: int = 0
    refusals: int = 0
    conflicts: int = 0
    unknown_outcomes: int = 0
    rate_limited: int = 0


@dataclass(frozen=True, slots=True)
class Means:
    """What every settlement works with."""

    store: Store
    planner: Planner
    clock: Clock
    entropy: Entropy
    sleep: Sleep
    patience: Patience = field(default_factory=Patience)
    stats: Stats = field(default_factory=Stats)
    witness: Witness | None = None


class Settlement:
    """One group of jobs, until each of them has its answer."""

    def __init__(self, means: Means, user_id: UserId, jobs: Iterable[Job]) -> None:
        self._means = means
        self._user_id = user_id
        self._open = list(jobs)
        self._unknown: list[Plan] = []
        """Plans whose transaction may or may not have been applied, or may still be."""
        self._conflicts = 0
        self._outages = 0

    async def run(self) -> None:
        """Answer every job. Only a defect or a corrupt wallet raises; the jobs left open are then `fail`ed."""
        while self._open:
            jobs = self._next_jobs()
            try:
                await self._attempt(jobs)
            except StoreUnavailable as error:
                self._outages += 1
                await self._pause(jobs, self._outages, self._means.patience.outages, error)

    def fail(self, error: Exception) -> None:
        """Answer whoever is still waiting with `error`."""
        self._deliver((job, error) for job in list(self._open))

    def _next_jobs(self) -> list[Job]:
        """Those that get along together first, then each troublemaker by itself."""
        together = [job for job in self._open if not job.alone]
        return together or self._open[:1]

    async def _attempt(self, jobs: list[Job]) -> None:
        items = await self._means.store.get_many(self._keys(jobs))
        now_ms = epoch_ms(self._means.clock.now())
        plan = self._means.planner.plan(self._user_id, jobs, items, now_ms=now_ms)
        if await self._an_unknown_plan_landed(plan.start):
            return
        self._deliver(plan.answered)
        if plan.written and not await self._commit(plan, jobs):
            return
        if not await self._confirm(plan, items):
            await self._conflicted(jobs, None)
            return
        self._conflicts = self._outages = 0

    async def _commit(self, plan: Plan, jobs: list[Job]) -> bool:
        try:
            await self._means.store.transact(plan.writes(self._means.planner.keys))
        except ConditionFailed as conflict:
            self._set_apart(plan, conflict)
            await self._conflicted(jobs, conflict)
            return False
        except StoreUnavailable:
            self._means.stats.unknown_outcomes += 1
            self._unknown.append(plan)
            raise
        except InvalidWrite as error:
            self._refuse_invalid(plan, error)
            return False
        self._committed(plan)
        return True

    def _committed(self, plan: Plan) -> None:
        self._means.stats.groups += 1
        self._means.stats.entries += len(plan.written)
        self._unknown.clear()
        if self._means.witness:
            self._means.witness(self._user_id, plan.end.seq, plan.head)
        self._deliver((written.job, written.outcome) for written in plan.written)

    async def _an_unknown_plan_landed(self, wallet: Wallet) -> bool:
        """Find out what became of transactions without an answer, and deliver the one that was applied.

        All attempts of a group write the same first `seq`, so at most one of them can ever be applied; one that is
        still on its way loses as soon as that entry exists.
        """
        for plan in list(self._unknown):
            if wallet.seq <= plan.start.seq:
                continue
            if await self._landed(plan, wallet):
                self._committed(plan)
                return True
            self._unknown.remove(plan)
        return False

    async def _landed(self, plan: Plan, wallet: Wallet) -> bool:
        if wallet.seq <= plan.end.seq:
            return wallet.head == plan.head
        entry = await self._means.store.get(entry_key(self._user_id, plan.end.seq))
        return entry is not None and stored_mac(entry) == plan.head

    async def _confirm(self, plan: Plan, items: Mapping[Key, Item]) -> bool:
        """Deliver refusals, once a second look shows that they were decided on one consistent snapshot.

        A batch read is not a snapshot: between its items, a duplicate of the command may have been committed, and the
        refusal would then be an answer to a question that nobody asked. The transaction itself has proven the wallet.
        """
        wallet = () if plan.written else (wallet_key(self._user_id),)
        doubtful = {key for job, _ in plan.unwritten for key in job.reads}
        fresh = await self._means.store.get_many([*wallet, *doubtful]) if doubtful else items
        sound = [
            (job, result)
            for job, result in plan.unwritten
            if all(_version(fresh, key) == _version(items, key) for key in (*wallet, *job.reads))
        ]
        self._deliver(sound)
        return len(sound) == len(plan.unwritten)

    def _set_apart(self, plan: Plan, conflict: ConditionFailed) -> None:
        if conflict.concerns(wallet_key(self._user_id)):
            return
        for written in plan.written:
            written.job.alone = any(conflict.concerns(key) for key in written.keys)

    def _refuse_invalid(self, plan: Plan, error: InvalidWrite) -> None:
        if len(plan.written) == 1:
            self._deliver([(plan.written[0].job, error)])
        for written in plan.written:
            written.job.alone = True

    async def _conflicted(self, jobs: list[Job], conflict: ConditionFailed | None) -> None:
        self._means.stats.conflicts += 1
        self._conflicts += 1
        patience = self._means.patience
        own = conflict is not None and jobs[0].alone and not conflict.concerns(wallet_key(self._user_id))
        await self._pause(
            jobs, self._conflicts, patience.own_conflicts if own else patience.conflicts, self._explain(conflict)
        )

    def _explain(self, conflict: ConditionFailed | None) -> Exception:
        """Choose the answer for when patience ends: contention is the caller's to retry, never a server error."""
        if self._unknown:
            return StoreUnavailable("the store did not confirm the command; it may or may not have taken effect")
        if conflict is None or conflict.concerns(wallet_key(self._user_id)):
            return RateLimited("this wallet is changing too fast; try again", retry_after_seconds=1)
        if any(key.pk == partition(self._user_id) and key.sk.startswith(ENTRIES) for _, key in conflict.failed):
            return InvariantViolated(f"the wallet of {self._user_id} has entries beyond its head; run the verification")
        return conflict

    async def _pause(self, jobs: list[Job], count: int, allowed: int, error: Exception) -> None:
        if count > allowed:
            self._conflicts = self._outages = 0
            self._deliver((job, error) for job in jobs if job in self._open)
            return
        patience = self._means.patience
        longest = min(patience.first_pause_seconds * 2**count, patience.longest_pause_seconds)
        await self._means.sleep(longest * int.from_bytes(self._means.entropy(2), "big") / 65_536)

    def _keys(self, jobs: list[Job]) -> list[Key]:
        return list(dict.fromkeys([wallet_key(self._user_id), *(key for job in jobs for key in job.reads)]))

    def _deliver(self, results: Iterable[tuple[Job, Result]]) -> None:
        for job, result in results:
            if job not in self._open:
                continue
            self._open.remove(job)
            self._count(result)
            job.settle(result)

    def _count(self, result: Result) -> None:
        stats = self._means.stats
        if isinstance(result, RateLimited):
            stats.rate_limited += 1
        elif isinstance(result, Exception):
            stats.refusals += 1
        elif result.replayed:
            stats.replays += 1


def _version(items: Mapping[Key, Item], key: Key) -> int:
    item = items.get(key)
    return item.version if item else 0
