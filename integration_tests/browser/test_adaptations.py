"""For eyes, hands and paper that are not everybody's: high contrast, small fingers, and a printer."""

import re

import pytest
from playwright.sync_api import expect
from stack_control import STATE
from test_every_page import CUSTOMERS, STAFF, arrive

# WCAG 2.2, success criterion 2.5.8, without its exceptions for what stands alone.
_SMALLEST_PX = 24
_SMALL_TARGETS = """smallest => [...document.querySelectorAll('a, button, input, select, summary')]
    .filter(each => each.checkVisibility() && !each.closest('.sr-only') && !each.classList.contains('sr-only'))
    .map(each => [each, each.getBoundingClientRect()])
    .filter(([, box]) => box.width < smallest || box.height < smallest)
    .map(([each, box]) => `${each.outerHTML.slice(0, 120)} is ${box.width} x ${box.height}`)"""
_CHOSEN = """() => {
    const probe = document.body.appendChild(document.createElement('i'));
    probe.style.forcedColorAdjust = 'none';
    probe.style.backgroundColor = 'SelectedItem';
    const colour = getComputedStyle(probe).backgroundColor;
    probe.remove();
    return colour;
}"""
_WHITE, _NEARLY_BLACK = "rgb(255, 255, 255)", "rgb(16, 21, 29)"


def too_small(visit, pages):
    for path, text in pages:
        arrive(visit, path, text)
        for target in visit.page.evaluate(_SMALL_TARGETS, _SMALLEST_PX):
            yield f"{path}: {target}"


def test_a_finger_meets_everything_that_can_be_pressed(visit, funded):
    assert funded.buy("BTC", "0.01").status_code == 201
    limit = {"order_type": "limit_buy", "asset_id": "BTC", "quantity": "0.01", "price": "20000"}
    assert funded.post("/orders", limit).status_code == 201
    visit.log_in(funded)
    assert list(too_small(visit, CUSTOMERS)) == []


@pytest.mark.skipif(not STATE, reason="CNOP_STATE does not name the state folder of a local stack")
def test_a_finger_meets_everything_in_the_console(phone_visit, admin):
    phone_visit.log_in(admin, at="/operator/users")
    assert list(too_small(phone_visit, STAFF)) == []


def test_high_contrast_shows_what_is_chosen_and_what_can_be_pressed(visit, funded):
    visit.page.emulate_media(forced_colors="active")
    visit.log_in(funded, at="/markets/BTC")
    form = visit.page.get_by_role("form", name="Trade Bitcoin")
    places = visit.page.get_by_role("navigation", name="Main")
    place = places.get_by_role("link", name="Markets", exact=True).locator("visible=true")
    colour = visit.page.evaluate(_CHOSEN)
    for chosen in (form.get_by_role("radio", name="Buy"), form.get_by_role("radio", name="Market"), place):
        expect(chosen).to_have_css("background-color", colour)
    for other in (form.get_by_role("radio", name="Sell"), form.get_by_role("radio", name="Limit")):
        expect(other).not_to_have_css("background-color", colour)
    review = form.get_by_role("button", name="Review buy")
    assert review.evaluate("element => parseFloat(getComputedStyle(element).borderTopWidth)") >= 1


def test_paper_gets_the_list_and_nothing_to_press_in_black_on_white(visit, funded):
    visit.page.emulate_media(color_scheme="dark")
    visit.log_in(funded, at="/transactions")
    table = visit.page.get_by_role("table", name="Cash transactions")
    expect(table.get_by_text("Deposit")).to_be_visible()
    visit.page.emulate_media(media="print", color_scheme="dark")
    expect(table.get_by_text("Deposit")).to_be_visible()
    for pressed in (visit.account_menu, visit.button("Export CSV"), visit.page.get_by_role("tab", name="Assets")):
        expect(pressed).to_be_hidden()
    expect(visit.page.get_by_role("navigation", name=re.compile("Main")).first).to_be_hidden()
    card = visit.page.locator("main section").first
    expect(card).to_have_css("background-color", _WHITE)
    expect(card).to_have_css("color", _NEARLY_BLACK)
