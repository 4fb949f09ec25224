"""What a mouse-less customer needs, and what a chart must really draw."""

import re

from drawings import wait_until_drawn
from platform_client import Person
from playwright.sync_api import Locator, expect
from visiting import Visit

_MOST_TABS = 60
_HAS_FOCUS = "element => element === document.activeElement"


def tab_to(visit: Visit, target: Locator) -> None:
    """Press the tabulator until something has the focus."""
    expect(target).to_be_visible()
    for _ in range(_MOST_TABS):
        visit.page.keyboard.press("Tab")
        if target.evaluate(_HAS_FOCUS):
            return
    raise AssertionError(f"{target} is not reached by the keyboard")


def test_a_trade_from_log_in_to_log_out_by_the_keyboard_alone(wide_visit: Visit, funded: Person):
    visit, keyboard = wide_visit, wide_visit.page.keyboard
    visit.page.goto("/login?next=/markets/BTC")
    login = visit.page.get_by_role("form", name="Log in")
    tab_to(visit, login.get_by_label("Username or email"))
    keyboard.type(funded.username)
    tab_to(visit, login.get_by_label("Password", exact=True))
    keyboard.type(funded.password)
    keyboard.press("Enter")

    ticket = visit.page.get_by_role("form", name="Trade Bitcoin")
    tab_to(visit, ticket.get_by_label("Quantity"))
    keyboard.type("0.002")
    keyboard.press("Enter")
    dialog = visit.dialog("Buy Bitcoin")
    expect(dialog.get_by_text("Cash afterwards")).to_be_visible()
    tab_to(visit, dialog.get_by_role("button", name="Confirm buy"))
    keyboard.press("Space")
    visit.told("Bought 0.002 BTC at")
    expect(dialog).to_be_hidden()

    tab_to(visit, visit.account_menu)
    keyboard.press("Enter")
    leave = visit.page.get_by_role("menuitem", name="Log out", exact=True)
    expect(leave).to_be_visible()
    # The first letters choose, as in any menu.
    keyboard.type("log out")
    expect(leave).to_be_focused()
    keyboard.press("Enter")
    expect(visit.page.get_by_role("link", name="Log in", exact=True)).to_be_visible()


def test_the_chart_draws_candles_and_follows_the_interval(visit: Visit):
    page = visit.page
    with page.expect_response(lambda answer: "/assets/BTC/prices" in answer.url and "interval=1m" in answer.url):
        page.goto("/markets/BTC")
    for interval, spoken in (("1m", None), ("5m", "5 min"), ("1h", "1 hour")):
        if spoken is not None:
            with page.expect_response(lambda answer, of=f"interval={interval}": of in answer.url) as answered:
                page.get_by_label("Chart interval", exact=True).get_by_role("radio", name=spoken).click()
            assert answered.value.status == 200
        chart = page.get_by_role("img", name=re.compile(rf"^Bitcoin price chart, {interval} candles"))
        expect(chart).to_be_visible()
        wait_until_drawn(chart, "--positive-solid", "--negative-solid")


def test_shares_of_ones_cash_fill_in_the_quantity(visit: Visit, funded: Person):
    visit.log_in(funded, at="/markets/BTC")
    ticket = visit.page.get_by_role("form", name="Trade Bitcoin")
    quantity = ticket.get_by_label("Quantity")
    filled = []
    for share in ("25%", "50%", "Max"):
        ticket.get_by_role("button", name=share, exact=True).click()
        expect(quantity).not_to_have_value("")
        filled.append(float(quantity.input_value()))
    assert filled == sorted(filled)
    assert filled[0] > 0
    assert abs(filled[1] / filled[2] - 0.5) < 0.02
