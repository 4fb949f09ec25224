import itertools

import pytest

from cnop_orders.domain.errors import OrderClosed
from cnop_orders.domain.lifecycle import TRANSITIONS, Event, Status, next_status

LEGAL = {
    ("pending", "fill"): "completed",
    ("pending", "cancel"): "cancelled",
    ("pending", "expire"): "expired",
    ("pending", "replace"): "pending",
}


@pytest.mark.parametrize(("status", "event"), [*itertools.product(Status, Event)])
def test_every_pair_of_status_and_event_is_legal_as_listed_or_raises(status, event):
    if (status.value, event.value) in LEGAL:
        assert next_status(status, event).value == LEGAL[status.value, event.value]
    else:
        with pytest.raises(OrderClosed, match=status.value):
            next_status(status, event)


def test_the_table_holds_nothing_else():
    assert {(status.value, event.value): after.value for (status, event), after in TRANSITIONS.items()} == LEGAL


def test_only_a_pending_order_goes_anywhere():
    assert {status for status, _ in TRANSITIONS} == {Status.PENDING}
