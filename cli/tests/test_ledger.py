import asyncio
from dataclasses import replace

import pytest

from cnop_cli.errors import CommandError
from cnop_cli.main import execute
from cnop_cli.open_orders import StoredOpenOrders
from cnop_cli.stack.secretstore import SecretStore
from cnop_cli.stack.state import StateDir
from cnop_core.ids import AssetId, OrderId, UserId
from cnop_core.money import PriceUnits, Units
from cnop_ledger import USD
from cnop_orders.application.codec import order_put
from cnop_orders.domain.lifecycle import Status
from cnop_orders.domain.order import Order, OrderType, TimeInForce
from cnop_platform.store import Absent, Key, Put
from cnop_platform.store.memory import MemoryStore
from cnop_platform.store.open import open_store, sqlite_url

USER = UserId("user-1")


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
    await store.transact([order_put(USER, each, condition=Absent()) for each in orders])
    await store.transact([order_put(UserId("user-2"), order(5), condition=Absent())])
    held = await StoredOpenOrders(store).open_holds(USER)
    assert held.orders == 3
    assert held.units == {USD: 300_00, AssetId("BTC"): 10**8}


def write(state: StateDir, *puts: Put) -> None:
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
