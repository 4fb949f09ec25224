"""Balance, deposits, withdrawals and the cash history."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Depends, Header, Path, Query
from pydantic import Field
from starlette.responses import JSONResponse, Response

from cnop_core.clock import to_rfc3339
from cnop_core.ids import AssetId
from cnop_core.money import format_cents
from cnop_ledger import USD, Outcome
from cnop_platform.access import Principal, RateClass, requires
from cnop_platform.amounts import DecimalText
from cnop_platform.app import provided, service_router
from cnop_platform.permissions import Permission
from cnop_platform.request_context import RequestContext, request_context
from cnop_users.api.models import Incoming, Outgoing, Responses, problems
from cnop_users.application.cash import CashDesk
from cnop_users.application.holding import AssetHoldings

router = service_router(tags=["cash"])

Context = Annotated[RequestContext, Depends(request_context)]
Desk = Annotated[CashDesk, provided(CashDesk)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[ -~]{1,255}$",
        description="The same key with the same request gives the same answer and no second effect, for 24 hours",
    ),
]
_MOST_SKIPPED: Final = 900


class CashBody(Incoming):
    """How much to move, in US dollars."""

    amount: Annotated[DecimalText, Field(description="More than 0, at most 1,000,000, at most 2 decimals")]


class Receipt(Outgoing):
    """What was moved, and the balance after it."""

    message: str
    transaction_id: str
    amount: str
    balance: str
    timestamp: str


class BalanceView(Outgoing):
    """Cash in US dollars; what open orders hold is part of the current balance, not of the available one."""

    current_balance: str
    available_balance: str
    held_balance: str
    currency: str
    updated_at: str | None


class LimitsView(Outgoing):
    """How much cash may be moved, in US dollars; the caps of a day begin anew at `resets_at`."""

    most_at_once: str
    deposits_per_day: str
    deposits_left: str
    withdrawals_per_day: str
    withdrawals_left: str
    withdrawal_step_up_above: Annotated[
        str, Field(description="More on one day needs a second factor shown within five minutes, if one is enrolled")
    ]
    resets_at: str


class MovementView(Outgoing):
    """One line of the cash history."""

    transaction_id: str
    transaction_type: Annotated[str, Field(description="deposit, withdrawal, buy or sell")]
    amount: str
    status: str
    reference: Annotated[str | None, Field(description="the order, for a purchase or sale")]
    balance_after: str
    created_at: str


class MovementList(Outgoing):
    """The cash history, newest first."""

    transactions: list[MovementView]
    total_count: int
    has_more: bool
    next_cursor: str | None


class HoldingView(Outgoing):
    """What is held of one asset."""

    asset_id: str
    asset_name: str
    quantity: str
    available: str
    held: str
    current_price: str | None
    total_value: str | None
    created_at: str
    updated_at: str


_MOVED: Final[Responses] = {
    201: {
        "model": Receipt,
        "headers": {
            "Idempotency-Replayed": {
                "description": "`true` when this repeats an earlier answer",
                "schema": {"type": "string"},
            }
        },
    },
    **problems({409: "The idempotency key was used for another request"}),
}


@router.get("/balance", operation_id="get_balance", response_model=BalanceView)
async def get_balance(
    principal: Annotated[Principal, requires(Permission.READ_BALANCE, rate=RateClass.READ)], desk: Desk
) -> Response:
    """Show the caller's cash."""
    wallet = await desk.wallet(principal.user_id)
    return JSONResponse(
        {
            "current_balance": format_cents(wallet.cash.posted),
            "available_balance": format_cents(wallet.cash.available),
            "held_balance": format_cents(wallet.cash.held),
            "currency": USD,
            "updated_at": to_rfc3339(wallet.updated_at) if wallet.updated_at else None,
        }
    )


@router.get("/balance/limits", operation_id="get_cash_limits")
async def get_cash_limits(
    principal: Annotated[Principal, requires(Permission.READ_BALANCE, rate=RateClass.READ)], desk: Desk
) -> LimitsView:
    """Show what the caller may still bring in and pay out today."""
    allowance = await desk.allowance(principal.user_id)
    terms = allowance.terms
    return LimitsView(
        most_at_once=format_cents(terms.most_at_once),
        deposits_per_day=format_cents(terms.caps.deposits),
        deposits_left=format_cents(allowance.deposits_left),
        withdrawals_per_day=format_cents(terms.caps.withdrawals),
        withdrawals_left=format_cents(allowance.withdrawals_left),
        withdrawal_step_up_above=format_cents(terms.step_up_above),
        resets_at=to_rfc3339(datetime.fromtimestamp(allowance.resets_at_ms / 1000, UTC)),
    )


@router.post("/balance/deposit", operation_id="deposit", status_code=201, responses=_MOVED, response_model=Receipt)
async def deposit(
    body: CashBody,
    principal: Annotated[Principal, requires(Permission.DEPOSIT, rate=RateClass.TRADE)],
    context: Context,
    desk: Desk,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Bring cash in."""
    return _answer(await desk.deposit(principal, body.amount, key=idempotency_key, context=context))


@router.post("/balance/withdraw", operation_id="withdraw", status_code=201, responses=_MOVED, response_model=Receipt)
async def withdraw(
    body: CashBody,
    principal: Annotated[Principal, requires(Permission.WITHDRAW, rate=RateClass.TRADE)],
    context: Context,
    desk: Desk,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Pay cash out. Large withdrawals need a sign-in or step-up of the last five minutes where a factor is enrolled."""
    return _answer(await desk.withdraw(principal, body.amount, key=idempotency_key, context=context))


@router.get("/balance/transactions", operation_id="list_cash_transactions", response_model=MovementList)
async def list_cash_transactions(
    principal: Annotated[Principal, requires(Permission.READ_BALANCE, rate=RateClass.READ)],
    desk: Desk,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    offset: Annotated[int, Query(ge=0, le=_MOST_SKIPPED, description="For small offsets; prefer `cursor`")] = 0,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """List what came in and went out, newest first."""
    page = await desk.movements(principal.user_id, limit=limit, offset=offset, cursor=cursor)
    return JSONResponse(
        {
            "transactions": [asdict(movement) for movement in page.movements],
            "total_count": page.total_count,
            "has_more": page.next_cursor is not None,
            "next_cursor": page.next_cursor,
        }
    )


@router.get("/balance/asset/{asset_id}", operation_id="get_asset_holding", response_model=HoldingView)
async def get_asset_holding(
    asset_id: Annotated[str, Path(pattern=r"^[A-Za-z0-9]{1,10}$")],
    principal: Annotated[Principal, requires(Permission.READ_BALANCE, rate=RateClass.READ)],
    holdings: Annotated[AssetHoldings, provided(AssetHoldings)],
) -> Response:
    """Show what the caller holds of one asset; 404 when it was never held."""
    return JSONResponse(asdict(await holdings.of(principal.user_id, AssetId(asset_id))))


def _answer(outcome: Outcome) -> Response:
    """Return what the ledger answered; a repetition is byte for byte the first answer, and says so."""
    headers = {"Idempotency-Replayed": "true"} if outcome.replayed else None
    return Response(outcome.response.body, outcome.response.status, headers, media_type="application/json")
