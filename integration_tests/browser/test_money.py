"""Cash in and out, and the lists of what moved."""

import csv
import io
import re

from playwright.sync_api import expect


def fill(visit, kind, amount):
    """Ask for a deposit or a withdrawal; return the dialog."""
    visit.region("Cash").get_by_role("button", name=kind).click()
    dialog = visit.dialog(f"{kind} cash")
    dialog.get_by_label("Amount").fill(amount)
    dialog.get_by_role("button", name=kind, exact=True).click()
    return dialog


def test_limits_of_the_day_are_shown_before_they_bite(visit, person):
    visit.log_in(person)
    dialog = fill(visit, "Deposit", "10000.01")
    expect(dialog.get_by_text("$10,000.00 left today")).to_be_visible()
    expect(dialog.get_by_label("Amount")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Amount").fill("6000")
    dialog.get_by_role("button", name="Deposit", exact=True).click()
    visit.told(re.compile(r"Deposited \$6,000\.00\."))

    dialog = fill(visit, "Withdraw", "5000.01")
    expect(dialog.get_by_text("$5,000.00 left today")).to_be_visible()
    expect(dialog.get_by_label("Amount")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Amount").fill("250.50")
    dialog.get_by_role("button", name="Withdraw", exact=True).click()
    visit.told(re.compile(r"Withdrew \$250\.50\."))
    assert person.get("/balance")["current_balance"] == "5749.50"


def test_transactions_are_exported_as_csv_to_the_cent(visit, person):
    for amount in ("10.00", "20.05", "30.10"):
        person.deposit(amount)
    visit.log_in(person, at="/transactions")
    expect(visit.page.get_by_role("table", name="Cash transactions").get_by_role("row")).to_have_count(4)
    with visit.page.expect_download() as download:
        visit.page.get_by_role("button", name=re.compile("CSV|Export")).click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"))))
    told = person.get("/balance/transactions")["transactions"]
    assert [row["Amount (USD)"] for row in rows] == [each["amount"] for each in told] == ["30.10", "20.05", "10.00"]
    assert [row["Transaction"] for row in rows] == [each["transaction_id"] for each in told]
