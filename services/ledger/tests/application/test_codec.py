"""What is stored reads back as it was written, is refused when it was not, and stays small."""

import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnop_core.ids import AssetId, OrderId, TransactionId, UserId
from cnop_core.money import PriceUnits
from cnop_ledger import (
    CorruptItem,
    DayTotals,
    Holding,
    InvariantViolated,
    Kind,
    Origin,
    Side,
    Stamp,
    Wallet,
    deposit,
    fill,
    hold_for,
    place_hold,
    price_trade,
    record,
)
from cnop_ledger.application.codec import put_entry, put_wallet, read_entry, read_wallet
from cnop_ledger.application.keys import entry_key, idempotency_ref, wallet_key
from cnop_ledger.testing import KEYS, NO_CAPS
from cnop_platform.store import Absent, Item
from cnop_platform.store.limits import item_bytes

USER = UserId("usr_01JBBBBBBBBBBBBBBBBBBBBBBB")
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
NAMES = st.text(string.ascii_letters + string.digits, min_size=1, max_size=10)
COUNTS = st.integers(0, 10**15)


@st.composite
def holdings(draw):
    posted = draw(st.integers(0, 10**30))
    return Holding(
        posted=posted,
        held=draw(st.integers(0, posted)),
        scale=draw(st.integers(0, 18)),
        average_cost=PriceUnits(draw(COUNTS)),
        created_ms=draw(COUNTS),
        updated_ms=draw(COUNTS),
    )


WALLETS = st.builds(
    Wallet,
    user_id=TEXT.map(UserId),
    holdings=st.dictionaries(NAMES.map(AssetId), holdings(), max_size=12),
    today=st.builds(DayTotals, COUNTS, COUNTS, COUNTS),
    open_orders=COUNTS,
    counts=st.dictionaries(st.sampled_from(Kind), COUNTS.filter(bool)),
    seq=COUNTS,
    head=NAMES,
    created_ms=COUNTS,
    updated_ms=COUNTS,
    version=st.just(1),
)
STAMPS = st.builds(Stamp, TEXT.map(TransactionId), st.builds(Origin, TEXT, TEXT, TEXT), COUNTS)


def stored(put):
    return Item(put.key, 1, put.body)


@given(WALLETS)
def test_a_wallet_reads_back_as_it_was_written(wallet):
    put = put_wallet(wallet, KEYS, head=wallet.head, condition=Absent())
    assert read_wallet(wallet.user_id, stored(put), KEYS) == wallet


@st.composite
def entries(draw):
    wallet = deposit(Wallet(USER), amount=draw(st.integers(1, 10**12)), caps=NO_CAPS, stamp=draw(STAMPS))
    order_id, stamp = OrderId("ord_1"), draw(STAMPS)
    kind = draw(st.sampled_from(["deposit", "buy", "hold", "fill", "record"]))
    if kind == "deposit":
        return wallet.entry
    if kind == "record":
        return record(wallet.wallet, order_id=order_id, stamp=stamp).entry
    trade = price_trade(side=Side.BUY, asset_id=AssetId("BTC"), scale=8, quantity=1, price=1, fee_basis_points=0)
    if kind == "buy":
        return fill(wallet.wallet, trade=trade, order_id=order_id, stamp=stamp).entry
    held = place_hold(wallet.wallet, hold=hold_for(trade), order_id=order_id, stamp=stamp)
    if kind == "hold":
        return held.entry
    return fill(held.wallet, trade=trade, order_id=order_id, stamp=stamp, held=hold_for(trade)).entry


@given(entries(), st.none() | NAMES)
def test_an_entry_reads_back_as_it_was_sealed(entry, ref):
    sealed, put = put_entry(entry, KEYS, previous="before", ref=ref)
    assert read_entry(entry.user_id, stored(put), KEYS) == sealed
    assert replace(sealed, seal=None, idempotency_ref=None) == entry
    assert sealed.seal.previous == "before"


def test_no_wallet_is_an_empty_wallet():
    assert read_wallet(USER, None, KEYS) == Wallet(USER)


@pytest.mark.parametrize("damage", ["forged balance", "another owner", "no signature", "no data"])
def test_a_wallet_that_no_ledger_wrote_is_refused(damage):
    wallet = deposit(Wallet(USER), amount=500, caps=NO_CAPS, stamp=a_stamp()).wallet
    item = stored(put_wallet(wallet, KEYS, head="h", condition=Absent()))
    owner = USER
    if damage == "forged balance":
        item = replace(item, body={**item.body, "data": item.body["data"].replace("500", "501")})
    elif damage == "another owner":
        owner = UserId("usr_other")
        item = replace(item, key=wallet_key(owner))
    elif damage == "no signature":
        item = replace(item, body={"data": item.body["data"]})
    else:
        item = replace(item, body={})
    with pytest.raises(CorruptItem, match="verification"):
        read_wallet(owner, item, KEYS)


@pytest.mark.parametrize("text", ['{"v":2}', "{}", "[]", "nonsense", '{"v":1,"has":{},"at":[1,2]}'])
def test_signed_text_of_another_format_is_refused(text):
    item = Item(wallet_key(USER), 1, {"data": text, "key": KEYS.signing_id, "mac": KEYS.sign(wallet_key(USER), text)})
    with pytest.raises(CorruptItem):
        read_wallet(USER, item, KEYS)


def test_a_holding_that_breaks_its_invariant_cannot_be_built():
    with pytest.raises(InvariantViolated):
        Holding(posted=1, held=2, scale=8, average_cost=PriceUnits(0), created_ms=0, updated_ms=0)


def a_stamp():
    return Stamp(
        TransactionId("txn_01JCCCCCCCCCCCCCCCCCCCCCCC"),
        Origin(USER, "2001:db8:85a3:8d3:1319:8a2e:370:7348", "01945e2a-7b1c-7def-8123-456789abcdef"),
        1_769_860_800_000,
    )


ASSETS = ["BTC", "ETH", "SOL", "XRP", "ADA", "DOGE", "DOT", "AVAX", "LINK", "LTC", "MATIC", "UNI"]
NOW = 1_769_860_800_000
DAY = 86_400_000


def a_wallet_of(assets, *, held=0):
    """Half a year of trading: figures with as many digits as they usually have."""
    return Wallet(
        user_id=USER,
        holdings={
            AssetId(name): Holding(1_23456789, held, 8, PriceUnits(67_890_12345678), NOW + index * DAY, NOW + 180 * DAY)
            for index, name in enumerate(["USD", *assets])
        },
        today=DayTotals(20_484, 1_000_000, 500_000),
        open_orders=12,
        counts=dict.fromkeys(Kind, 123),
        seq=984,
        created_ms=NOW,
        updated_ms=NOW + 190 * DAY,
    )


def stored_bytes(put):
    """What DynamoDB counts: `item_bytes` allows for an index and an expiry, which these items do not have."""
    return item_bytes(put) - len("expires_atgsi1pkgsi1sk") - 21 * 2 + 5


def size_of_wallet(*args, **kwargs):
    return stored_bytes(put_wallet(a_wallet_of(*args, **kwargs), KEYS, head="h" * 22, condition=Absent()))


def test_a_wallet_of_cash_and_12_assets_fits_in_one_write_unit():
    assert size_of_wallet(ASSETS) <= 1_024


def test_a_wallet_grows_by_less_than_60_bytes_per_asset():
    assert (size_of_wallet(ASSETS) - size_of_wallet([])) / len(ASSETS) < 60


def test_the_entry_of_a_market_order_fits_in_one_write_unit():
    sale = price_trade(
        side=Side.SELL,
        asset_id=AssetId("MATIC"),
        scale=8,
        quantity=1_23456789,
        price=67_890_123456,
        fee_basis_points=25,
    )
    change = fill(a_wallet_of(ASSETS), trade=sale, order_id=OrderId("ord_01JDDDDDDDDDDDDDDDDDDDDDDD"), stamp=a_stamp())
    entry, put = put_entry(change.entry, KEYS, previous="p" * 22, ref=idempotency_ref("order", "key"))
    assert put.key == entry_key(USER, 985)
    assert len(entry.postings) == 5
    assert stored_bytes(put) <= 850
