"""As its reader has set it: numbers by language, colours by choice."""

import csv
import io
import re
from decimal import Decimal

from figures import german_dollars
from playwright.sync_api import expect


def test_a_german_reads_german_figures_and_none_is_rounded_up(german_visit, person):
    visit, page = german_visit, german_visit.page
    person.deposit("1234.56")
    # A limit is shown with every digit that was given.
    price = "20000.99999999"
    order = {"order_type": "limit_buy", "asset_id": "BTC", "quantity": "0.00123456", "price": price}
    assert person.post("/orders", order).status_code == 201
    balance = person.get("/balance")
    visit.log_in(person)
    cash = visit.region("Cash")
    expect(cash.get_by_text(german_dollars(balance["available_balance"]), exact=True)).to_be_visible()
    expect(visit.region("Portfolio value").get_by_text("1.234,56 $", exact=True).first).to_be_visible()
    visit.go("Orders")
    waiting = page.get_by_role("table", name="Open orders").get_by_role("row").filter(has_text="BTC")
    expect(waiting.get_by_text("20.000,99999999 $", exact=True).locator("visible=true")).to_be_visible()
    expect(waiting.get_by_text("0,00123456", exact=True).locator("visible=true")).to_be_visible()
    visit.go("Markets")
    bitcoin = page.get_by_role("table", name="Assets").get_by_role("row").filter(has_text="BTC")
    expect(bitcoin).to_contain_text(re.compile(r"\d\d\.\d{3},\d\d\s\$"))
    expect(bitcoin).to_contain_text(re.compile(r"[+-]?\d+,\d\d\s%"))

    # What a machine reads on stays as it is in any language.
    visit.go("Transactions")
    with page.expect_download() as download:
        visit.button("Export CSV").click()
    (row,) = csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig")))
    assert Decimal(row["Amount (USD)"]) == Decimal("1234.56")


def test_a_german_types_amounts_as_germans_do(german_visit, person):
    visit, page = german_visit, german_visit.page
    visit.log_in(person)
    visit.region("Cash").get_by_role("button", name="Deposit").click()
    deposit = visit.dialog("Deposit cash")
    # As it comes out of a statement, with the spaces around it.
    deposit.get_by_label("Amount").fill(" 1.234,50 ")
    deposit.get_by_role("button", name="Deposit", exact=True).click()
    visit.told(re.compile(r"^Deposited 1\.234,50"))
    assert Decimal(person.get("/balance")["available_balance"]) == Decimal("1234.50")

    page.goto("/markets/BTC")
    form = page.get_by_role("form", name="Trade Bitcoin")
    form.get_by_role("radio", name="Limit").click()
    form.get_by_label("Limit price").fill("20.000,5")
    form.get_by_label("Quantity").fill("0,01")
    form.get_by_role("button", name="Review buy").click()
    dialog = visit.dialog("Buy Bitcoin")
    expect(dialog.get_by_text("20.000,50")).to_be_visible()
    dialog.get_by_role("button", name="Confirm buy").click()
    expect(dialog).to_be_hidden()
    (order,) = person.get("/orders")["data"]
    assert (Decimal(order["limit_price"]), Decimal(order["quantity"])) == (Decimal("20000.5"), Decimal("0.01"))


def test_colours_follow_the_system_until_one_chooses_and_the_choice_is_kept(wide_visit):
    visit, page = wide_visit, wide_visit.page

    def choose(theme):
        page.get_by_role("button", name="Theme").click()
        page.get_by_role("menuitemradio", name=theme).click()

    def expect_theme(theme):
        expect(page.locator(f"html[data-theme={theme}]")).to_be_visible()

    page.emulate_media(color_scheme="light")
    page.goto("/markets")
    expect_theme("light")
    colour = colour_of_text(page)
    choose("Dark")
    expect_theme("dark")
    page.reload()
    visit.told("Bitcoin")
    expect_theme("dark")
    assert colour_of_text(page) != colour
    choose("System")
    expect_theme("light")
    page.emulate_media(color_scheme="dark")
    expect_theme("dark")


def colour_of_text(page):
    return page.evaluate("() => getComputedStyle(document.body).color")
