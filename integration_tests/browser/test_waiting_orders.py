"""Orders that need not fill at once: for how long they wait, and that one sees how they end."""

import re
from datetime import UTC, datetime, timedelta

from figures import dollars
from playwright.sync_api import Locator, expect
from test_limit_orders import in_a_moment
from test_trading import orders_of, review, ticket

_NOTHING_WAITS = "Nothing is waiting for its price."
_FAR_BELOW, _FAR_ABOVE = "20000", "95000"


def wait_for(visit, how_long: str) -> Locator:
    """Choose in the ticket for how long a limit order waits; return the ticket."""
    form = ticket(visit)
    form.get_by_role("radio", name="Limit").click()
    form.get_by_label("Time in force").select_option(label=how_long)
    return form


def place(dialog: Locator) -> None:
    dialog.get_by_role("button", name="Confirm buy").click()
    expect(dialog).to_be_hidden()


def open_orders(visit) -> Locator:
    return visit.page.get_by_role("table", name="Open orders")


def test_an_order_comes_back_untraded_or_waits_until_a_date_as_its_owner_chose(visit, funded):
    visit.log_in(funded, at="/markets/BTC")
    wait_for(visit, "Immediate or cancel")
    dialog = review(visit, "0.01", limit=_FAR_BELOW)
    warning = "The market does not meet your limit now: placed like this, nothing is traded."
    expect(dialog.get_by_text(warning)).to_be_visible()
    place(dialog)
    visit.told("Your order to buy 0.01 BTC was not filled: the market did not meet your limit. Nothing was traded.")
    visit.told(_NOTHING_WAITS)
    (missed,) = orders_of(funded)
    assert (missed["time_in_force"], missed["status"]) == ("IOC", "cancelled")

    form = wait_for(visit, "Until a date")
    form.get_by_label("Limit price").fill(_FAR_BELOW)
    form.get_by_label("Quantity").fill("0.01")
    form.get_by_role("button", name="Review buy").click()
    expect(form.get_by_text("Choose when the order ends.")).to_be_visible()
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    form.get_by_label("Ends").fill(f"{tomorrow:%Y-%m-%d}T12:30")
    end = f"Until {tomorrow:%b} {tomorrow.day}, {tomorrow:%Y}, 12:30 PM"
    dialog = review(visit, "0.01", limit=_FAR_BELOW)
    expect(dialog.get_by_text(end)).to_be_visible()
    place(dialog)
    expect(open_orders(visit).get_by_text(end)).to_be_visible()
    waiting = orders_of(funded)[0]
    assert (waiting["time_in_force"], waiting["status"]) == ("GTD", "pending")
    assert waiting["expires_at"].startswith(f"{tomorrow:%Y-%m-%d}T12:30:00")


def test_one_sees_a_waiting_order_fill_and_sells_shares_of_what_it_bought(visit, funded):
    visit.log_in(funded, at="/markets/BTC")
    place(review(visit, "0.01", limit=_FAR_BELOW))
    expect(open_orders(visit).get_by_text("Limit buy")).to_be_visible()
    # Another device lifts the limit above any price that there can be, and the engine finds it there.
    (order,) = orders_of(funded)
    lifted = funded.call("PATCH", f"/orders/{order['order_id']}", json={"price": _FAR_ABOVE})
    assert lifted.status_code == 200, lifted.text
    visit.told(re.compile(r"^Bought 0\.01 BTC at \$[\d,]+\.\d\d for \$[\d,]+\.\d\d\.$"))
    visit.told(_NOTHING_WAITS)
    expect(visit.region("Your position").get_by_text("0.01 BTC")).to_be_visible()
    (filled,) = orders_of(funded)
    assert filled["status"] == "completed"
    form = ticket(visit)
    expect(form.get_by_text(f"Available {dollars(funded.get('/balance')['available_balance'])}")).to_be_visible()

    form.get_by_role("radio", name="Sell").click()
    expect(form.get_by_text("Available 0.01 BTC")).to_be_visible()
    for share, quantity in (("25%", "0.0025"), ("50%", "0.005"), ("75%", "0.0075"), ("Max", "0.01")):
        form.get_by_role("button", name=share, exact=True).click()
        expect(form.get_by_label("Quantity")).to_have_value(quantity)


def test_one_sees_a_waiting_order_end_at_its_time(wide_visit, funded):
    wide_visit.log_in(funded, at="/orders")
    wide_visit.told(_NOTHING_WAITS)
    terms = {"time_in_force": "GTD", "expires_at": in_a_moment(3)}
    order = {"order_type": "limit_buy", "asset_id": "BTC", "quantity": "0.01", "price": _FAR_BELOW, **terms}
    assert funded.post("/orders", order).status_code == 201
    expect(open_orders(wide_visit).get_by_text("Limit buy")).to_be_visible()
    wide_visit.told(re.compile(r"^Your order to buy 0\.01 BTC at \$20,000\.00 has expired\. Nothing was traded\.$"))
    wide_visit.told(_NOTHING_WAITS)
