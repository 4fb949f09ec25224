import os
import secrets
import shutil
from pathlib import Path

import pytest
from platform_client import PAGE
from playwright.sync_api import expect, sync_playwright

CHROMIUM = os.environ.get("CNOP_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
SCREENSHOTS = os.environ.get("CNOP_SCREENSHOTS")
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; install it to run the browser journey"),
]


class Visit:
    """One browser window, and everything it complained about."""

    def __init__(self, page, name):
        self.page, self.name, self.complaints = page, name, []
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._note)

    def _note(self, message):
        if "Content Security Policy" in message.text or message.text.startswith("Refused to"):
            self.complaints.append(message.text)

    def picture(self, step):
        if SCREENSHOTS:
            self.page.screenshot(path=Path(SCREENSHOTS) / f"{self.name}-{step}.png")

    def button(self, name):
        return self.page.get_by_role("button", name=name, exact=True)


@pytest.fixture(params=[("desktop", 1440, 900), ("phone", 390, 844)], ids=lambda each: each[0])
def visit(request):
    name, width, height = request.param
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        # Chromium asks the system whom to trust, which need not know a local stack's authority.
        page = browser.new_page(
            viewport={"width": width, "height": height}, base_url=PAGE, ignore_https_errors=PAGE.startswith("https:")
        )
        yield Visit(page, name)
        browser.close()


def test_a_person_registers_trades_and_leaves(visit):
    page, name, password = visit.page, f"web_{secrets.token_hex(6)}", secrets.token_urlsafe(18)

    page.goto("/register")
    form = page.get_by_role("form", name="Create account")
    form.get_by_label("Username").fill(name)
    form.get_by_label("Email").fill(f"{name}@example.com")
    form.get_by_label("Password", exact=True).fill(password)
    visit.picture("1-register")
    form.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()

    page.get_by_role("region", name="Cash").get_by_role("button", name="Deposit").click()
    dialog = page.get_by_role("dialog", name="Deposit cash")
    dialog.get_by_label("Amount").fill("1000")
    dialog.get_by_role("button", name="Deposit", exact=True).click()
    expect(page.get_by_role("region", name="Cash").get_by_text("$1,000.00").first).to_be_visible()
    visit.picture("2-dashboard")

    page.goto("/markets")
    expect(page.get_by_role("table", name="Assets")).to_be_visible()
    visit.picture("3-markets")
    page.goto("/markets/BTC")
    trade(visit, "buy", "0.005")
    visit.picture("4-bought")

    page.goto("/dashboard")
    positions = page.get_by_role("region", name="Positions")
    expect(positions.get_by_text("BTC").first).to_be_visible()
    visit.picture("5-portfolio")

    page.goto("/markets/BTC")
    trade(visit, "sell", "0.005")
    page.goto("/orders")
    expect(page.get_by_role("table", name="Orders").get_by_role("row")).to_have_count(3)
    visit.picture("6-orders")

    page.get_by_role("button", name="Account").click()
    page.get_by_role("menuitem", name="Log out", exact=True).click()
    expect(page.get_by_text("You are logged out.")).to_be_visible()
    page.goto("/dashboard")
    expect(page.get_by_role("form", name="Log in")).to_be_visible()
    assert visit.complaints == []


def trade(visit, side, quantity):
    form = visit.page.get_by_role("form", name="Trade Bitcoin")
    form.get_by_role("radio", name=side.capitalize()).click()
    form.get_by_label("Quantity").fill(quantity)
    form.get_by_role("button", name=f"Review {side}").click()
    dialog = visit.page.get_by_role("dialog", name=f"{side.capitalize()} Bitcoin")
    dialog.get_by_role("button", name=f"Confirm {side}").click()
    done = {"buy": "Bought", "sell": "Sold"}[side]
    expect(visit.page.get_by_text(f"{done} {quantity} BTC").first).to_be_visible()
