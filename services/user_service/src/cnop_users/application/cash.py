"""Cash: what is there, money in and out, and the history; the ledger alone decides and writes."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cnop_core.clock import Clock, to_rfc3339
from cnop_core.ids import UserId
from cnop_core.money import Cents, format_cents
from cnop_ledger import (
    CASH_KINDS,
    USD,
    Change,
    Command,
    Decision,
    Entry,
    Idempotency,
    Ledger,
    LedgerReader,
    Origin,
    Outcome,
    Response,
    Snapshot,
    Wallet,
    deposit,
    withdraw,
)
from cnop_platform import strict_json
from cnop_platform.access import Principal, StepUpNeeded
from cnop_platform.gatekeeper import proven_lately
from cnop_platform.request_context import RequestContext
from cnop_users.application.accounts import Accounts
from cnop_users.domain.cash import CashTerms, parse_amount

_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the cash history; `amount` is unsigned, the type says which way it went."""

    transaction_id: str
    transaction_type: str
    amount: str
    status: str
    reference: str | None
    balance_after: str
    created_at: str


@dataclass(frozen=True, slots=True)
class MovementPage:
    """A page of the cash history, newest first."""

    movements: tuple[Movement, ...]
    total_count: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may still be moved on this UTC day, in cents, and under which terms."""

    terms: CashTerms
    deposits_left: int
    withdrawals_left: int
    resets_at_ms: int


class CashDesk:
    """Moves cash in and out of wallets."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        reader: LedgerReader,
        accounts: Accounts,
        terms: CashTerms,
        clock: Clock,
        ring: Callable[[UserId], None],
    ) -> None:
        self._ledger = ledger
        self._reader = reader
        self._accounts = accounts
        self._terms = terms
        self._clock = clock
        self._ring = ring

    async def wallet(self, user_id: UserId) -> Wallet:
        """Return the wallet as it is now."""
        return await self._reader.wallet(user_id)

    async def allowance(self, user_id: UserId) -> Allowance:
        """Return what the caps leave for today."""
        now_ms = int(self._clock.now().timestamp() * 1000)
        today = (await self._reader.wallet(user_id)).today.on_day_of(now_ms)
        caps = self._terms.caps
        return Allowance(
            terms=self._terms,
            deposits_left=max(0, caps.deposits - today.deposited),
            withdrawals_left=max(0, caps.withdrawals - today.withdrawn),
            resets_at_ms=(today.day + 1) * _DAY_MS,
        )

    async def deposit(
        self, principal: Principal, amount_text: str, *, key: str | None, context: RequestContext
    ) -> Outcome:
        """Bring cash in. Raises `InvalidAmount`, `DailyLimit`, `KeyReused`, `RateLimited`."""
        amount, caps = parse_amount(amount_text, self._terms), self._terms.caps

        def decide(seen: Snapshot) -> Decision:
            change = deposit(seen.wallet, amount=amount, caps=caps, stamp=seen.stamp)
            return Decision(_receipt("Deposit successful", amount, change, seen), change)

        return await self._execute(principal, decide, _promise("deposit", key, amount), context)

    async def withdraw(
        self, principal: Principal, amount_text: str, *, key: str | None, context: RequestContext
    ) -> Outcome:
        """Pay cash out.

        Raises `InvalidAmount`, `InsufficientFunds`, `DailyLimit`, `KeyReused`, `RateLimited`, and `StepUpNeeded` when a
        day's withdrawals come above the threshold and a second factor is enrolled but was not shown lately.
        """
        amount, caps = parse_amount(amount_text, self._terms), self._terms.caps
        proven = await self._is_proven(principal)

        def decide(seen: Snapshot) -> Decision:
            # Here, not before: a withdrawal that was made already is answered again, however old its proof is by now.
            together = seen.wallet.today.on_day_of(seen.stamp.at_ms).withdrawn + amount
            if together > self._terms.step_up_above and not proven:
                raise StepUpNeeded(
                    "withdrawals of this size on one day need a fresh confirmation that it is you; then try again"
                )
            change = withdraw(seen.wallet, amount=amount, caps=caps, stamp=seen.stamp)
            return Decision(_receipt("Withdrawal successful", amount, change, seen), change)

        return await self._execute(principal, decide, _promise("withdraw", key, amount), context)

    async def movements(self, user_id: UserId, *, limit: int, offset: int, cursor: str | None) -> MovementPage:
        """Return a page of the cash history, newest first. Raises `InvalidCursor`."""
        page = await self._reader.history(user_id, kinds=CASH_KINDS, limit=limit, offset=offset, cursor=cursor)
        return MovementPage(tuple(map(_movement, page.entries)), page.total_count or 0, page.next_cursor)

    async def _execute(
        self,
        principal: Principal,
        decide: Callable[[Snapshot], Decision],
        promise: Idempotency | None,
        context: RequestContext,
    ) -> Outcome:
        origin = Origin(principal.user_id, principal.session_id, context.request_id)
        outcome = await self._ledger.execute(Command(principal.user_id, origin, decide, idempotency=promise))
        if outcome.entry is not None:
            self._ring(principal.user_id)
        return outcome

    async def _is_proven(self, principal: Principal) -> bool:
        has_factors = bool((await self._accounts.get(principal.user_id)).factors)
        return not has_factors or proven_lately(principal, has_factors=True, now=self._clock.now())


def _promise(operation: str, key: str | None, amount: Cents) -> Idempotency | None:
    if key is None:
        return None
    return Idempotency(operation, key, hashlib.sha256(f"{operation} {amount}".encode()).hexdigest())


def _receipt(message: str, amount: Cents, change: Change, seen: Snapshot) -> Response:
    body = {
        "message": message,
        "transaction_id": seen.transaction_id,
        "amount": format_cents(amount),
        "balance": format_cents(change.wallet.cash.posted),
        "timestamp": to_rfc3339(seen.now),
    }
    return Response(201, strict_json.dumps(body))


def _movement(entry: Entry) -> Movement:
    return Movement(
        transaction_id=entry.transaction_id,
        transaction_type=entry.kind.value,
        amount=format_cents(abs(entry.posted_to_user(USD))),
        status="completed",
        reference=entry.order_id,
        balance_after=format_cents(entry.after[USD].posted),
        created_at=to_rfc3339(entry.created_at),
    )
