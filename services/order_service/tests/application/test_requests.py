"""What is stored of a request must tell it from others in later versions too."""

from datetime import UTC, datetime

import pytest

from cnop_orders.application.changes import NewTerms
from cnop_orders.application.requests import OrderRequest, request_hash
from cnop_orders.application.trading import Promise
from cnop_orders.domain.order import OrderType, TimeInForce

FULL = OrderRequest(
    OrderType.LIMIT_BUY,
    "BTC",
    "0.10",
    price="40000",
    time_in_force=TimeInForce.GTD,
    expires_at=datetime(2026, 1, 31, 12, tzinfo=UTC),
    client_order_id="mine-1",
)


@pytest.mark.parametrize(
    ("sent", "pinned"),
    [
        (FULL.sent(), "e23d8646abdf1e0448908da0830520b51fc8ea20dc5e04f545a93dc38a52319a"),
        (
            OrderRequest(OrderType.MARKET_SELL, "ETH", "1").sent(),
            "d87cc68fd725a959b7cbb187c046dd2537bc280cc0592af78c3fab0dc9f55862",
        ),
        (
            NewTerms(price=None, quantity="2").sent("ord_1"),
            "4b24dea20100070d9ef579daaca0b7a14a47830cd12bca98186ac2924b393c4d",
        ),
        ({"order_id": "ord_1"}, "a6c9f1ce9516c0a1c477429430354b4f7deecb5e6416bfb74983847cd50ca3c7"),
    ],
)
def test_the_hash_of_a_request_never_changes(sent, pinned):
    assert request_hash(sent) == Promise("key", sent).of("orders.place").request_hash == pinned


def test_neither_the_order_of_fields_nor_one_that_was_not_sent_counts():
    sent = FULL.sent()
    assert request_hash({**dict(reversed(sent.items())), "field_of_a_later_version": None}) == request_hash(sent)


@pytest.mark.parametrize("change", [{"quantity": "0.1"}, {"client_order_id": None}, {"field_of_a_later_version": "x"}])
def test_what_was_sent_counts(change):
    assert request_hash({**FULL.sent(), **change}) != request_hash(FULL.sent())


def test_what_has_no_canonical_form_is_refused():
    with pytest.raises(TypeError, match="set"):
        request_hash({"field": {1}})
