"""What one owns: the dashboard's figures against the API's, and what moved, narrowed down and taken along."""

import csv
import io
import re
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from drawings import wait_until_drawn
from figures import dollars, percent, quantity, read
from platform_client import Person
from playwright.sync_api import APIResponse, Route, expect
from visiting import Visit


@pytest.fixture
def invested(funded: Person) -> Person:
    for answer in (funded.buy("BTC", "0.05"), funded.buy("ETH", "0.5"), funded.sell("BTC", "0.01")):
        assert answer.status_code == 201, answer.text
    until_there_is_a_past(funded)
    return funded


def until_there_is_a_past(person: Person) -> None:
    """Return when the account is older than a second, as a chart has nothing to draw before."""
    deadline = time.monotonic() + 15
    while True:
        points = person.get("/portfolio/history", params={"period": "1d"})["data"]
        if points[-1]["timestamp"] > points[0]["timestamp"]:
            return
        assert time.monotonic() < deadline, "there is no history to draw"
        time.sleep(0.1)


def held_still(visit: Visit, path: str) -> list[APIResponse]:
    """Let the page have the server's first answer again and again, as prices move meanwhile; return that answer."""
    answers: list[APIResponse] = []

    def repeat(route: Route) -> None:
        if not answers:
            answers.append(route.fetch())
        route.fulfill(response=answers[0])

    visit.page.route(lambda url: urlsplit(url).path == path, repeat)
    return answers


def figures_of(position: dict[str, str], *, is_narrow: bool) -> list[str]:
    paid = Decimal(position["quantity"]) * Decimal(position["average_cost"])
    gain = Decimal(position["unrealized_pnl"])
    always = [
        dollars(position["market_value"]),
        dollars(gain, signed=True),
        percent(gain * 100 / paid, signed=True),
    ]
    if is_narrow:
        return always
    return [
        *always,
        dollars(position["current_price"]),
        dollars(position["average_cost"]),
        percent(Decimal(position["percentage"])),
    ]


def test_the_dashboard_says_of_each_asset_what_the_portfolio_says(visit: Visit, invested: Person):
    answers = held_still(visit, "/api/v1/portfolio")
    visit.log_in(invested)
    table = visit.page.get_by_role("table", name="Positions")
    expect(table.get_by_role("row")).to_have_count(3)
    portfolio = answers[0].json()
    for position in portfolio["assets"]:
        name = f"{quantity(position['quantity'])} {position['asset_id']}"
        row = table.get_by_role("row").filter(has_text=name)
        for figure in figures_of(position, is_narrow=visit.is_narrow):
            expect(row.get_by_text(figure, exact=True).locator("visible=true").first).to_be_visible()
    summary = visit.region("Portfolio value")
    for total in ("total_portfolio_value", "total_asset_value", "usd_balance"):
        expect(summary.get_by_text(dollars(portfolio[total]), exact=True)).to_be_visible()

    parts = {position["asset_id"]: Decimal(position["market_value"]) for position in portfolio["assets"]}
    parts["Cash"] = Decimal(portfolio["usd_balance"])
    whole = sum(parts.values())
    largest_first = sorted(parts.items(), key=lambda part: -part[1])
    shares = [f"{name}{dollars(value)}{percent(value * 100 / whole)}" for name, value in largest_first]
    assert visit.page.get_by_role("list", name="Shares").get_by_role("listitem").all_text_contents() == shares

    chart = visit.page.get_by_role("img", name=re.compile("^Portfolio value over 1 day, now "))
    wait_until_drawn(chart, "--accent")
    now = read(str(chart.get_attribute("aria-label")).rpartition(" now ")[2])
    assert abs(now / Decimal(portfolio["total_portfolio_value"]) - 1) < Decimal("0.02")
    with visit.page.expect_response(lambda answer: "period=1w" in answer.url):
        visit.page.get_by_label("Period").get_by_role("radio", name="1 week").click()
    wait_until_drawn(visit.page.get_by_role("img", name=re.compile("^Portfolio value over 1 week, now ")), "--accent")


def exported(visit: Visit) -> tuple[str, list[dict[str, str]]]:
    """Have what is shown exported; return the file's name and its rows."""
    with visit.page.expect_download() as download:
        visit.button("Export CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    return download.value.suggested_filename, list(csv.DictReader(io.StringIO(text)))


def test_transactions_are_exported_as_they_are_narrowed(visit: Visit, invested: Person):
    page = visit.page
    visit.log_in(invested, at="/transactions")
    cash = page.get_by_role("table", name="Cash transactions")
    page.get_by_label("Type of movement").select_option(label="Sales")
    expect(cash.get_by_role("row")).to_have_count(2)
    page.get_by_label("From").fill(f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}")
    visit.told("Nothing matches")
    page.get_by_label("From").fill("")
    expect(cash.get_by_role("row")).to_have_count(2)
    name, rows = exported(visit)
    moved = invested.get("/balance/transactions")["transactions"]
    sales = [each for each in moved if each["transaction_type"] == "sell"]
    assert (name, len(sales)) == ("cash-transactions.csv", 1)
    assert [(row["Type"], row["Amount (USD)"], row["Transaction"]) for row in rows] == [
        ("Sale", each["amount"], each["transaction_id"]) for each in sales
    ]

    page.get_by_role("tab", name="Assets").click()
    page.get_by_label("Asset", exact=True).select_option("BTC")
    trades = page.get_by_role("table", name="BTC transactions")
    expect(trades.get_by_role("row")).to_have_count(3)
    page.get_by_label("Side").select_option(label="Purchases")
    expect(trades.get_by_role("row")).to_have_count(2)
    name, rows = exported(visit)
    told = invested.get("/assets/BTC/transactions")["data"]
    purchases = [each for each in told if each["transaction_type"] == "BUY"]
    assert (name, len(told), len(purchases)) == ("BTC-transactions.csv", 2, 1)
    columns = {"Time": "timestamp", "Quantity": "quantity", "Price (USD)": "price", "Total (USD)": "total_amount",
               "Order": "order_id", "Transaction": "transaction_id"}  # fmt: skip
    for row, each in zip(rows, purchases, strict=True):
        assert {column: row[column] for column in columns} == {column: each[key] for column, key in columns.items()}
