"""The console's other pages: the catalogue, somebody's orders, the audit trail, and what each role sees of them."""

import re
import time

import pytest
from platform_client import Person, problem
from playwright.sync_api import expect
from stack_control import STATE
from staff import with_roles
from test_markets import change
from test_operator import find
from test_trading import orders_of

pytestmark = pytest.mark.skipif(not STATE, reason="CNOP_STATE does not name the state folder of a local stack")
ASSET = "/inventory/assets/ATOM"
_TEN_SECONDS_MS = 10_000


@pytest.fixture
def cosmos(admin):
    """An asset that other journeys leave alone; afterwards it is as it was."""
    before = admin.get(ASSET)["data"]
    yield before
    as_it_was = {name: before[name] for name in ("name", "min_quantity", "is_active")}
    restored = admin.call("PATCH", ASSET, json=as_it_was)
    assert restored.status_code == 200, restored.text


def test_an_asset_that_is_changed_or_stopped_is_so_for_customers(phone_visit, wide_visit, admin, funded, cosmos):
    visit, customer, name = phone_visit, wide_visit, cosmos["name"]
    order = {"order_type": "limit_buy", "asset_id": "ATOM", "quantity": "10", "price": "0.01"}
    assert funded.post("/orders", order).status_code == 201
    customer.page.clock.install()
    customer.log_in(funded, at="/markets")
    expect(customer.page.get_by_role("link", name=re.compile(f"^{name} "))).to_be_visible()

    visit.log_in(admin, at="/operator/assets")
    visit.button(f"Edit {name}").click()
    form = visit.page.get_by_role("form", name="Asset")
    form.get_by_label("Smallest order").fill("much")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_label("Smallest order")).to_have_attribute("aria-invalid", "true")
    form.get_by_label("Smallest order").fill("2")
    form.get_by_label("Name").fill("Cosmos of old")
    form.get_by_role("button", name="Save").click()
    visit.told("ATOM is changed.")

    # Nobody reloads: while its prices arrive by themselves, the list learns within half a minute what else changed.
    price = customer.page.get_by_role("row").filter(has_text="BTC").get_by_role("cell").nth(2)
    for _ in range(3):
        change(price)
        customer.page.clock.fast_forward(_TEN_SECONDS_MS)
    customer.page.get_by_role("link", name=re.compile("^Cosmos of old ")).click()
    ticket = customer.page.get_by_role("form", name="Trade Cosmos of old")
    ticket.get_by_label("Quantity").fill("1")
    ticket.get_by_role("button", name="Review buy").click()
    expect(ticket.get_by_text("The least you can trade is 2 ATOM.")).to_be_visible()

    visit.button("Stop trading Cosmos of old").click()
    visit.dialog("Stop trading Cosmos of old").get_by_role("button", name="Stop trading").click()
    visit.told("ATOM is no longer traded.")
    customer.page.reload()
    customer.told("“ATOM” is not listed")
    problem(funded.buy("ATOM", "2"), 422, "ASSET_UNAVAILABLE")
    customer.go("Orders")
    history = customer.page.get_by_role("table", name="Orders")
    expect(history.get_by_text("Cancelled").locator("visible=true")).to_be_visible()
    visit.button("Trade Cosmos of old again").click()
    visit.told("ATOM is traded again.")
    until_traded(funded)


def until_traded(person):
    """Return when the service that trades has heard that it may again."""
    deadline = time.monotonic() + 15
    while (answer := person.buy("ATOM", "2")).status_code != 201:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.2)


def test_somebody_s_orders_and_their_audit_records_are_found(visit, admin, funded):
    assert funded.buy("BTC", "0.002").status_code == 201
    (order,) = orders_of(funded)
    visit.log_in(admin, at="/operator/orders")
    search = visit.page.get_by_role("searchbox", name="Username")
    search.fill("nobody_of_this_name")
    visit.expects(404, "/api/v1/orders")
    visit.button("Search").click()
    visit.told("Nobody has this username")
    search.fill(funded.username.upper())
    visit.button("Search").click()
    row = visit.page.get_by_role("table", name=re.compile("^Orders of")).get_by_role("row").filter(has_text="BTC")
    expect(row.get_by_text("Completed")).to_be_visible()
    row.get_by_role("button").click()
    details = visit.dialog("Market buy of BTC")
    expect(details.get_by_text(order["order_id"])).to_be_visible()
    details.get_by_role("button", name="Close").click()

    visit.page.get_by_role("link", name="Audit", exact=True).click()
    chain = visit.region("Audit chain")
    expect(chain.get_by_text("Intact", exact=True)).to_be_visible()
    expect(chain.get_by_text(re.compile(r"^Sealed last .+ records were verified just now\.$"))).to_be_visible()
    visit.page.get_by_role("searchbox", name="Account id").fill(funded.user_id)
    visit.button("Search").click()
    visit.page.get_by_label("Class of event").select_option(label="Authentication")
    records = visit.page.get_by_role("table", name="Audit records")
    expect(records.get_by_role("row")).to_have_count(2)
    expect(records.get_by_text("Logged in")).to_be_visible()
    visit.page.reload()
    expect(records.get_by_role("row")).to_have_count(2)
    records.get_by_role("button", name=re.compile("^Show the record")).click()
    expect(visit.dialog("Audit record").get_by_text(funded.user_id)).to_be_visible()


def expect_to_be_closed(visit, path, *, asks):
    visit.expects(403, asks)
    visit.page.goto(path)
    visit.told("Your account may not do this.")


def test_support_looks_at_people_and_orders_and_changes_nothing(visit, admin, person, http):
    customer = Person.register(http)
    admin.log_in()
    visit.log_in(with_roles(person, "support", by=admin), at="/operator")
    pages = visit.page.get_by_role("navigation", name="Console").get_by_role("link")
    expect(pages).to_have_text(["Users", "Orders", "Health"])
    find(visit, customer)
    expect(visit.region("Holdings").get_by_text("All together")).to_be_visible()
    expect(visit.region("Sessions").get_by_text("python-httpx")).to_be_visible()
    for act in ("Roles", "Reset password", "Suspend", "End all"):
        expect(visit.button(act)).to_have_count(0)
    expect_to_be_closed(visit, "/operator/audit", asks="/audit/")
    visit.page.goto("/dashboard")
    visit.told("This account does not trade")


def test_an_auditor_reads_the_trail_and_nothing_else(visit, admin, person):
    admin.log_in()
    visit.log_in(with_roles(person, "auditor", by=admin), at="/operator")
    expect(visit.region("Audit chain").get_by_text("Intact", exact=True)).to_be_visible()
    pages = visit.page.get_by_role("navigation", name="Console").get_by_role("link")
    expect(pages).to_have_text(["Audit", "Health"])
    expect_to_be_closed(visit, "/operator/users", asks="/admin/users")
