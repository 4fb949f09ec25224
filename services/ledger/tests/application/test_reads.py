"""What a user sees of a wallet and its history."""

import pytest

from cnop_core.ids import AssetId, OrderId
from cnop_ledger import CASH_KINDS, USD, CorruptItem, Kind, LedgerReader, Side
from cnop_ledger.application import reads
from cnop_ledger.application.keys import wallet_key
from cnop_ledger.testing import BTC, KEYS, deposit_command, market_command, withdraw_command
from cnop_platform.store import InvalidCursor, Put


@pytest.fixture
def reader(store):
    return LedgerReader(store, KEYS)


@pytest.fixture
async def busy_wallet(ledger, user):
    """Entries 1-3 deposits, 4 a withdrawal, 5-8 two rounds of buying and selling bitcoin."""
    for amount in (1000_00, 200_00, 300_00):
        await ledger.execute(deposit_command(user, amount))
    await ledger.execute(withdraw_command(user, 50_00))
    for number in range(4):
        side = Side.SELL if number % 2 else Side.BUY
        await ledger.execute(market_command(user, OrderId(f"ord_{number}"), side=side, quantity=10**6))


def seqs(page):
    return [entry.seq for entry in page.entries]


async def test_a_user_without_entries_has_an_empty_wallet_and_history(reader, user):
    assert (await reader.wallet(user)).cash.posted == 0
    page = await reader.history(user)
    assert (page.entries, page.has_more, page.total_count) == ((), False, 0)


async def test_the_wallet_shows_what_the_last_entry_left(reader, busy_wallet, user):
    wallet = await reader.wallet(user)
    last = (await reader.history(user, limit=1)).entries[0]
    assert wallet.cash.balance == last.after[USD]
    assert wallet.holdings[BTC].balance == last.after[BTC]
    assert (wallet.head, wallet.updated_at) == (last.mac, last.created_at)


async def test_history_is_newest_first_and_pages_without_loss(reader, busy_wallet, user):
    first = await reader.history(user, limit=3)
    second = await reader.history(user, limit=3, cursor=first.next_cursor)
    third = await reader.history(user, limit=3, cursor=second.next_cursor)
    assert [seqs(page) for page in (first, second, third)] == [[8, 7, 6], [5, 4, 3], [2, 1]]
    assert (third.next_cursor, third.has_more) == (None, False)


async def test_a_page_that_ends_with_the_last_entry_has_no_next(reader, busy_wallet, user):
    assert not (await reader.history(user, limit=8)).has_more


async def test_history_filters_by_kind_and_counts_them_all(reader, busy_wallet, user):
    page = await reader.history(user, kinds={Kind.DEPOSIT, Kind.WITHDRAWAL}, limit=2)
    assert (seqs(page), page.total_count) == ([4, 3], 4)
    rest = await reader.history(user, kinds={Kind.DEPOSIT, Kind.WITHDRAWAL}, limit=2, cursor=page.next_cursor)
    assert (seqs(rest), rest.has_more) == ([2, 1], False)
    assert (await reader.history(user, kinds=CASH_KINDS)).total_count == 8


async def test_history_filters_by_asset(reader, busy_wallet, user):
    assert seqs(await reader.history(user, asset_id=BTC)) == [8, 7, 6, 5]
    assert seqs(await reader.history(user, asset_id=USD)) == [8, 7, 6, 5, 4, 3, 2, 1]
    page = await reader.history(user, asset_id=AssetId("ETH"))
    assert (page.entries, page.total_count) == ((), None)


async def test_history_skips_an_offset(reader, busy_wallet, user):
    assert seqs(await reader.history(user, kinds={Kind.DEPOSIT}, offset=1, limit=1)) == [2]
    assert seqs(await reader.history(user, offset=100)) == []


async def test_what_happens_between_two_pages_changes_neither(reader, ledger, busy_wallet, user):
    first = await reader.history(user, limit=3)
    await ledger.execute(deposit_command(user, 1))
    assert seqs(await reader.history(user, limit=3, cursor=first.next_cursor)) == [5, 4, 3]


async def test_a_rare_kind_comes_back_in_short_pages_with_a_cursor(reader, ledger, busy_wallet, user, monkeypatch):
    monkeypatch.setattr(reads, "MAX_SCANNED", 3)
    found, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = await reader.history(user, kinds={Kind.DEPOSIT}, cursor=cursor)
        found, cursor, pages = found + seqs(page), page.next_cursor, pages + 1
    assert (found, pages) == ([3, 2, 1], 3)


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1" * 13, "٣", "1 "])
async def test_a_cursor_that_nobody_gave_is_refused(reader, user, cursor):
    with pytest.raises(InvalidCursor):
        await reader.history(user, cursor=cursor)


async def test_entries_are_walked_oldest_first_from_where_one_left_off(reader, ledger, user, monkeypatch):
    monkeypatch.setattr(reads, "_CHUNK", 3)
    for _ in range(7):
        await ledger.execute(deposit_command(user, 1))
    assert [entry.seq async for entry in reader.entries(user)] == [1, 2, 3, 4, 5, 6, 7]
    assert [entry.seq async for entry in reader.entries(user, after_seq=5)] == [6, 7]
    assert [entry.seq async for entry in reader.entries(user, after_seq=7)] == []


async def test_a_wallet_that_no_ledger_signed_is_not_shown(reader, ledger, store, user):
    await ledger.execute(deposit_command(user, 1))
    item = await store.get(wallet_key(user))
    await store.transact([Put(item.key, {**item.body, "data": item.body["data"].replace('"seq":1', '"seq":2')})])
    with pytest.raises(CorruptItem):
        await reader.wallet(user)
    with pytest.raises(CorruptItem):
        await ledger.execute(deposit_command(user, 1))
