import asyncio
import csv
import json
import os
from dataclasses import replace

import pytest

from cnop_cli.errors import CommandError
from cnop_cli.main import execute
from cnop_cli.open_orders import StoredOpenOrders
from cnop_cli.stack.secretstore import SecretStore
from cnop_cli.stack.state import StateDir
from cnop_core.ids import AssetId, OrderId, UserId
from cnop_core.money import PriceUnits, Units
from cnop_ledger import (
    STATEMENT_COLUMNS,
    USD,
    ChainKeys,
    Command,
    Decision,
    Ledger,
    Response,
    Snapshot,
    fill,
)
from cnop_ledger.testing import KEYS, ORIGIN, deposit_command, market_command
from cnop_orders.application.codec import OrderCodec
from cnop_orders.domain.lifecycle import Status
from cnop_orders.domain.order import Order, OrderType, TimeInForce
from cnop_platform.directory import username_put
from cnop_platform.store import Absent, Anything, Delete, Key, Put, Write
from cnop_platform.store.memory import MemoryStore
from cnop_platform.store.open import open_store, sqlite_url
from cnop_platform.system import SystemClock

USER = UserId("user-1")
CODEC = OrderCodec(KEYS)


def order(number: int, **changes) -> Order:
    resting = Order(
        order_id=OrderId(f"ord_{number:026}"),
        order_type=OrderType.LIMIT_BUY,
        asset_id=AssetId("BTC"),
        scale=8,
        quantity=Units(10**8),
        created_ms=1,
        updated_ms=1,
        fee_basis_points=0,
        limit_price=PriceUnits(100 * 10**8),
        time_in_force=TimeInForce.GTC,
    )
    return replace(resting, **changes)


async def test_what_open_orders_hold_is_added_up_by_asset() -> None:
    store = MemoryStore()
    orders = [
        order(1),
        order(2, quantity=Units(2 * 10**8)),
        order(3, order_type=OrderType.LIMIT_SELL),
        order(4, status=Status.CANCELLED),
    ]
    await store.transact([CODEC.put(USER, each, condition=Absent()) for each in orders])
    await store.transact([CODEC.put(UserId("user-2"), order(5), condition=Absent())])
    held = await StoredOpenOrders(store, CODEC).open_holds(USER)
    assert held.orders == 3
    assert held.units == {USD: 300_00, AssetId("BTC"): 10**8}
    assert held.fills == {}


def write(state: StateDir, *puts: Write) -> None:
    async def work() -> None:
        store = await open_store(sqlite_url(state.database))
        await store.transact(puts)
        await store.close()

    asyncio.run(work())


@pytest.fixture
def books(state: StateDir) -> StateDir:
    SecretStore(state.secrets).prepare(valkey_port=6379)
    write(state, Put(Key("ASSET#BTC", "ASSET"), {"name": "Bitcoin"}, Absent()))
    return state


def verify(state: StateDir) -> int:
    return execute(["ledger", "verify", "--state", str(state.root)])


def test_books_without_a_wallet_are_in_order(books: StateDir, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(books) == 0
    assert capsys.readouterr().out == "0 wallets and 0 entries checked, 0 broken\n"


def test_a_wallet_that_the_ledger_did_not_write_is_named(books: StateDir, capsys: pytest.CaptureFixture[str]) -> None:
    write(books, Put(Key(f"WALLET#{USER}", "WALLET"), {"cash": 1_000_000}, Absent()))
    assert verify(books) == 1
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("user-1 wallet: the chain verifies: ")
    assert last == "1 wallets and 0 entries checked, 1 broken"


def test_without_a_store_or_key_there_is_nothing_to_verify(state: StateDir) -> None:
    with pytest.raises(CommandError, match="start the platform once"):
        verify(state)


def test_an_order_that_cannot_be_read_is_named_and_the_next_wallet_is_checked(
    books: StateDir, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(fill_books(books))
    write(books, Put(Key(f"WALLET#{USER}-later", "WALLET"), {"cash": 1}, Absent()))
    write(books, Put(Key(f"ORDERS#{USER}", "ord_1"), {"v": 99}))
    assert verify(books) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[:2] for line in lines[:2]] == [
        ["user-1 wallet", "orders are as they were written"],
        ["user-1-later wallet", "the chain verifies"],
    ]
    assert lines[2] == "2 wallets and 2 entries checked, 2 broken"


def test_orders_of_an_earlier_version_are_signed_once_and_then_read(
    books: StateDir, capsys: pytest.CaptureFixture[str]
) -> None:
    _, filled = asyncio.run(fill_an_order(books))
    unsigned = json.loads(str(filled.body["data"]))
    write(books, replace(filled, body=unsigned))
    assert verify(books) == 1
    sign = ["ledger", "sign-orders", "--state", str(books.root)]
    capsys.readouterr()
    assert execute(sign) == 0
    assert capsys.readouterr().out.startswith("1 orders signed")
    assert verify(books) == 0
    capsys.readouterr()
    assert execute(sign) == 0
    assert capsys.readouterr().out.startswith("0 orders signed")


def test_an_order_that_no_version_wrote_is_not_signed(books: StateDir) -> None:
    write(books, Put(Key(f"ORDERS#{USER}", "ord_1"), {"v": 99}))
    with pytest.raises(CommandError, match="ord_1 of user-1 cannot be read"):
        execute(["ledger", "sign-orders", "--state", str(books.root)])


@pytest.mark.parametrize("kept", ["resting", "filled", None])
def test_an_order_that_was_rolled_back_or_removed_is_found(
    books: StateDir, capsys: pytest.CaptureFixture[str], kept: str | None
) -> None:
    """Its signature is sound, since it was that order once."""
    resting, filled = asyncio.run(fill_an_order(books))
    write(books, {"resting": resting, "filled": filled}.get(kept or "") or Delete(resting.key))
    names = {
        "resting": ["holds are the sum of open orders"],
        "filled": [],
        None: ["an order is filled once, as it says itself"],
    }
    assert verify(books) == len(names[kept])
    assert [line.split(": ")[1] for line in capsys.readouterr().out.splitlines()[:-1]] == names[kept]


async def fill_an_order(state: StateDir) -> tuple[Put, Put]:
    """Fill an order as the engine does; return the writes of its item as it rested, and as it is filled."""
    keys = ChainKeys.from_text(SecretStore(state.secrets).value("cnop_ledger_key"))
    store, codec = await open_store(sqlite_url(state.database)), OrderCodec(keys)
    ledger = Ledger(store, keys, clock=SystemClock(), entropy=os.urandom)
    await ledger.execute(deposit_command(USER, 100_000))
    resting = order(1)
    trade = resting.trade_at(PriceUnits(100 * 10**8))
    filled = resting.filled(trade, at_ms=2)

    def decide(seen: Snapshot) -> Decision:
        change = fill(seen.wallet, trade=trade, order_id=resting.order_id, stamp=seen.stamp)
        return Decision(Response(200, "{}"), change, (codec.put(USER, filled, condition=Absent()),))

    await ledger.execute(Command(USER, ORIGIN, decide))
    await ledger.close()
    await store.close()
    first, second = (codec.put(USER, each, condition=Anything()) for each in (resting, filled))
    return first, second


async def fill_books(state: StateDir) -> None:
    keys = ChainKeys.from_text(SecretStore(state.secrets).value("cnop_ledger_key"))
    store = await open_store(sqlite_url(state.database))
    ledger = Ledger(store, keys, clock=SystemClock(), entropy=os.urandom)
    await ledger.execute(deposit_command(USER, 100_000))
    await ledger.execute(market_command(USER, OrderId("ord_1"), price=60_000 * 10**8, fee_basis_points=0))
    await store.transact([username_put("alice_test", USER)])
    await ledger.close()
    await store.close()


def statement_of(state: StateDir, *words: str) -> int:
    return execute(["ledger", "statement", *words, "--state", str(state.root)])


@pytest.mark.parametrize("who", ["alice_test", "Alice_Test", USER])
def test_a_statement_is_found_by_name_or_id(books: StateDir, capsys: pytest.CaptureFixture[str], who: str) -> None:
    asyncio.run(fill_books(books))
    assert statement_of(books, who) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert list(rows[0]) == list(STATEMENT_COLUMNS)
    assert [(row["seq"], row["kind"], row["cash_change"], row["cash_balance"]) for row in rows] == [
        ("1", "deposit", "1000.00", "1000.00"),
        ("2", "buy", "-60.00", "940.00"),
    ]


def test_a_statement_in_json_is_an_object_a_line_of_the_time_asked_for(
    books: StateDir, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(fill_books(books))
    statement_of(books, "alice_test", "--format", "json")
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["order_id"] for row in rows] == ["", "ord_1"]
    statement_of(books, "alice_test", "--format", "json", "--until", rows[0]["time"])
    assert capsys.readouterr().out == ""


def test_a_statement_of_nobody_or_of_forged_books_is_refused(books: StateDir) -> None:
    with pytest.raises(CommandError, match="nobody is called nobody_here"):
        statement_of(books, "nobody_here")
    asyncio.run(fill_books(books))
    write(books, Put(Key(f"WALLET#{USER}", "ENTRY#000000000001"), {"kind": "deposit"}))
    with pytest.raises(CommandError):
        statement_of(books, USER)
