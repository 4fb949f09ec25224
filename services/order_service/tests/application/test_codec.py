from hypothesis import given
from hypothesis import strategies as st

from cnop_ledger.testing import KEYS
from cnop_orders.application.codec import OrderCodec
from cnop_orders.application.keys import open_index, price_text
from cnop_orders.domain.lifecycle import Status
from cnop_orders.domain.order import Order, OrderType, TimeInForce
from cnop_platform.store import Absent, Item
from cnop_platform.store.codec import decode_body, encode_body

CODEC = OrderCodec(KEYS)
AMOUNT = st.integers(0, 10**15)
OPTIONAL = st.one_of(st.none(), AMOUNT)
ORDERS = st.builds(
    Order,
    order_id=st.just("ord_01KB0000000000000000000000"),
    order_type=st.sampled_from(OrderType),
    asset_id=st.sampled_from(["BTC", "ETH"]),
    scale=st.integers(0, 18),
    quantity=AMOUNT,
    created_ms=AMOUNT,
    updated_ms=AMOUNT,
    fee_basis_points=st.integers(0, 1000),
    limit_price=OPTIONAL,
    time_in_force=st.one_of(st.none(), st.sampled_from(TimeInForce)),
    expires_ms=OPTIONAL,
    client_order_id=st.one_of(st.none(), st.text(max_size=64)),
    status=st.sampled_from(Status),
    executed_price=OPTIONAL,
    total=OPTIONAL,
    fee=OPTIONAL,
    completed_ms=OPTIONAL,
)


@given(order=ORDERS)
def test_an_order_comes_back_as_it_was_stored(order):
    put = CODEC.put("usr_1", order, condition=Absent())
    stored = Item(put.key, 1, decode_body(encode_body(put.body)), None, put.index)
    assert CODEC.read(stored) == order


@given(order=ORDERS)
def test_only_open_limit_orders_are_in_the_index(order):
    indexed = open_index(order)
    assert (indexed is not None) == (order.status is Status.PENDING and order.limit_price is not None)
    if indexed is not None:
        assert indexed.pk == f"OPEN#{order.asset_id}#{order.order_type.value.split('_')[1]}"


@given(first=AMOUNT, second=AMOUNT)
def test_prices_sort_as_text_as_they_do_as_numbers(first, second):
    assert (price_text(first) < price_text(second)) == (first < second)


def test_a_market_order_is_a_small_item():
    order = Order(
        "ord_01KB0000000000000000000000", OrderType.MARKET_BUY, "BTC", 8, 10**11, 10**13, 10**13, 25,
        client_order_id="c" * 64, status=Status.COMPLETED, executed_price=10**14, total=10**7, fee=10**5,
        completed_ms=10**13,
    )  # fmt: skip
    put = CODEC.put("usr_01KB0000000000000000000000", order, condition=Absent())
    assert len(encode_body(put.body)) + len(put.key.pk) + len(put.key.sk) < 500
