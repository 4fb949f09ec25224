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
