"""A statement says in decimal text what each entry did."""

import dataclasses
from datetime import timedelta

import pytest

from cnop_core.ids import OrderId
from cnop_ledger import (
    STATEMENT_COLUMNS,
    USD,
    Amount,
    Command,
    Decision,
    LedgerReader,
    Response,
    Side,
    place_hold,
    statement,
)
from cnop_ledger.testing import KEYS, ORIGIN, deposit_command, market_command


@pytest.fixture
async def rows(ledger, store, clock, user):
    """Return the rows of a deposit, a buy, a sale and a hold, an hour apart."""

    def hold(seen):
        change = place_hold(seen.wallet, hold=Amount(USD, 1_23), order_id=OrderId("ord_3"), stamp=seen.stamp)
        return Decision(Response(201, "{}"), change)

    commands = [
        deposit_command(user, 1000_00),
        market_command(user, OrderId("ord_1"), price=50_000 * 10**8),
        market_command(user, OrderId("ord_2"), side=Side.SELL, quantity=50_000, price=60_000 * 10**8),
        Command(user, ORIGIN, hold),
    ]
    for command in commands:
        await ledger.execute(command)
        clock.advance(seconds=3600)

    async def read(**period):
        return [row async for row in statement(LedgerReader(store, KEYS), user, **period)]

    return read


async def test_each_entry_is_a_row(rows):
    deposit, buy, sale, hold = await rows()
    assert (deposit.kind, deposit.asset_id, deposit.quantity, deposit.cash_balance) == (
        "deposit",
        "USD",
        "1000.00",
        "1000.00",
    )
    assert (buy.asset_id, buy.quantity, buy.price, buy.total, buy.fee) == (
        "BTC",
        "0.00100000",
        "50000.00000000",
        "50.00",
        "0.05",
    )
    assert (buy.cash_change, buy.cash_balance, buy.asset_balance) == ("-50.05", "949.95", "0.00100000")
    assert (sale.quantity, sale.cash_change, sale.realized_pnl) == ("-0.00050000", "29.97", "4.95")
    assert (hold.held_asset_id, hold.held_change, hold.cash_change, hold.quantity) == ("USD", "1.23", "0.00", "")


async def test_each_row_names_its_time_and_who_did_it(rows):
    row = (await rows())[0]
    assert (row.time, row.actor, row.request_id) == ("2026-01-31T12:00:00.000Z", ORIGIN.actor, ORIGIN.request_id)


async def test_a_period_includes_its_start_and_excludes_its_end(rows, clock):
    start = clock.now() - timedelta(hours=4)
    period = {"since": start + timedelta(hours=1), "until": start + timedelta(hours=3)}
    assert [row.seq for row in await rows(**period)] == ["2", "3"]


async def test_the_columns_are_those_of_a_row(rows):
    assert tuple(dataclasses.asdict((await rows())[0])) == STATEMENT_COLUMNS
