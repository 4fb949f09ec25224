"""What a person sees while something is away, and that work goes on when it is back."""

import pytest
from playwright.sync_api import expect
from stack_control import RECOVERY_SECONDS, STATE, kill, unattended, wait_until_recovered
from test_trading import orders_of, review

needs_state = pytest.mark.skipif(not STATE, reason="CNOP_STATE does not name the state folder of a local stack")


def is_stream(answer):
    return answer.url.endswith("/orders/stream") and answer.ok


@needs_state
def test_an_order_during_an_outage_is_said_to_be_unclear_and_goes_through_once_afterwards(visit, funded):
    visit.log_in(funded, at="/markets/BTC")
    dialog = review(visit, "0.002")
    visit.expects(503, "/api/v1/")
    visit.expects(0, "/api/v1/")
    with unattended():
        pid = kill("order_service")
        dialog.get_by_role("button", name="Confirm buy").click()
        expect(dialog.get_by_text("Pressing the button again is safe: it counts only once.")).to_be_visible()
    wait_until_recovered("order_service", pid)
    dialog.get_by_role("button", name="Confirm buy").click()
    visit.told("Bought 0.002 BTC at")
    assert len(orders_of(funded)) == 1


@needs_state
def test_pages_say_what_is_away_and_recover(phone_visit, wide_visit, funded, admin):
    visit, console = phone_visit, wide_visit
    visit.log_in(funded, at="/markets")
    console.log_in(admin, at="/operator/health")
    for each in (visit, console):
        each.expects(503, "/api/v1/")
        each.expects(0, "/api/v1/")
    orders = console.page.get_by_role("list", name="Services").get_by_role("listitem").filter(has_text="Order service")
    expect(orders.get_by_text("Healthy")).to_be_visible()
    with unattended():
        pid = kill("order_service")
        visit.go("Orders")
        failed = visit.region("History").get_by_role("alert")
        expect(failed.get_by_text("Part of the service is away at the moment.")).to_be_visible()
        expect(orders.get_by_text("Unhealthy")).to_be_visible()
    wait_until_recovered("order_service", pid)
    failed.get_by_role("button", name="Try again").click()
    visit.told("No orders yet")
    expect(orders.get_by_text("Healthy")).to_be_visible()


@needs_state
def test_a_stream_that_was_cut_is_resumed_after_the_last_change_that_arrived(visit, person):
    person.deposit("10.00")
    with visit.page.expect_response(is_stream):
        visit.log_in(person)
    cash = visit.region("Cash")
    expect(cash.get_by_text("$10.00")).to_be_visible()
    visit.expects(503, "/api/v1/")
    visit.expects(0, "/api/v1/")
    with visit.page.expect_response(is_stream, timeout=RECOVERY_SECONDS * 1000) as resumed:
        pid = kill("order_service")
        person.deposit("5.00")
    assert "last-event-id" in resumed.value.request.headers
    expect(cash.get_by_text("$15.00")).to_be_visible()
    wait_until_recovered("order_service", pid)
    person.deposit("2.50")
    expect(cash.get_by_text("$17.50")).to_be_visible()


def test_being_offline_is_said_and_passes(visit, person):
    visit.log_in(person)
    # What the page, or the browser for its tab, happens to ask for meanwhile.
    visit.expects(0, "/api/v1/")
    visit.expects(0, "/favicon.svg")
    visit.context.set_offline(offline=True)
    visit.told("You are offline.")
    visit.context.set_offline(offline=False)
    expect(visit.page.get_by_text("You are offline.")).to_have_count(0)
    visit.go("Markets")
    expect(visit.page.get_by_role("table", name="Assets")).to_be_visible()
