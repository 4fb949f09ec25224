"""Every page: no violation of WCAG 2.2 AA that axe can find, in either theme, and nothing wider than the window."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import expect
from stack_control import STATE

_EVERYTHING = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
_COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
# A page behind an open dialog is dimmed, and out of reach.
_RUN = """rules => axe.run(document.querySelector('[role=dialog]') ?? document,
    {...rules, resultTypes: ['violations']})"""
_REST = """() => {
    const still = new CSSStyleSheet();
    still.replaceSync('*, ::before, ::after { transition: none !important; animation: none !important; }');
    document.adoptedStyleSheets = [still];
    return new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)));
}"""
_WIDEST_PX = 2560
# Path, and a text by which the page is complete.
VISITORS = (
    ("/markets", "Bitcoin"),
    ("/markets/SOL", "Log in to trade"),
    ("/markets/NONE", "is not listed"),
    ("/login", "Forgot it?"),
    ("/register", "Already registered?"),
    ("/forgot-password", "Send me a link"),
    ("/reset-password#token=none", "New password"),
    ("/verify-email", "This address is not complete."),
    ("/nowhere", "This page does not exist"),
)
CUSTOMERS = (
    ("/dashboard", "Unrealized gain"),
    ("/markets", "Bitcoin"),
    ("/markets/BTC", "Average cost"),
    ("/orders", "Completed"),
    ("/transactions", "Purchase"),
    ("/security", "This device"),
)
NEWCOMERS = (
    ("/dashboard", "Nothing to draw yet"),
    ("/orders", "No orders yet"),
    ("/transactions", "No cash movements yet"),
)
STAFF = (
    ("/operator/users", "Active"),
    ("/operator/orders", "Username"),
    ("/operator/assets", "Bitcoin"),
    ("/operator/audit", "Logged in"),
    ("/operator/health", "User service"),
)


def look_at(visit, pages):
    """Open the pages one after the other; return what is wrong with them."""
    return [wrong for path, text in pages for wrong in faults(visit, path, text)]


def faults(visit, path, text):
    arrive(visit, path, text)
    visit.page.evaluate(AXE_SCRIPT)
    yield from violations(visit, path, "dark", _EVERYTHING)
    yield from overflow(visit, path, visit.width)
    if not visit.is_narrow:
        # The other theme differs in its colours alone; and a phone shows the same ones as a wide window.
        yield from violations(visit, path, "light", _COLOURS)
        yield from widened(visit, path)


def arrive(visit, path, text):
    visit.page.goto(path)
    visit.told(text)
    expect(visit.page.locator("main .animate-pulse")).to_have_count(0)


def violations(visit, where, theme, rules):
    visit.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    expect(visit.page.locator(f"html[data-theme={theme}]")).to_be_visible()
    # Colours fade from one theme to the other; axe must not see them half-way.
    visit.page.evaluate(_REST)
    for found in visit.page.evaluate(_RUN, rules)["violations"]:
        yield f"{where} ({theme}): {found['id']}: {found['help']}: {[node['html'][:200] for node in found['nodes']]}"


def overflow(visit, path, window):
    width = visit.page.evaluate("() => document.documentElement.scrollWidth")
    if width > window:
        yield f"{path} is {width} px wide in a window of {window} px"


def widened(visit, path):
    """Say what is wrong on the widest screens; afterwards the window is as wide as it was."""
    visit.page.set_viewport_size({"width": _WIDEST_PX, "height": visit.height})
    visit.page.evaluate(_REST)
    yield from overflow(visit, path, _WIDEST_PX)
    visit.page.set_viewport_size({"width": visit.width, "height": visit.height})


def test_pages_of_visitors(visit):
    assert look_at(visit, VISITORS) == []


def test_pages_of_customers_and_their_dialogs(visit, funded):
    assert funded.buy("BTC", "0.01").status_code == 201
    limit = {"order_type": "limit_buy", "asset_id": "BTC", "quantity": "0.01", "price": "20000"}
    assert funded.post("/orders", limit).status_code == 201
    visit.log_in(funded)
    wrong = look_at(visit, CUSTOMERS)
    visit.page.goto("/dashboard")
    visit.button("Deposit").click()
    expect(visit.dialog("Deposit cash").get_by_label("Amount")).to_be_visible()
    visit.page.evaluate(AXE_SCRIPT)
    assert [*wrong, *violations(visit, "deposit", "dark", _EVERYTHING)] == []


def test_pages_of_somebody_who_has_nothing_yet(visit, person):
    visit.log_in(person)
    assert look_at(visit, NEWCOMERS) == []


@pytest.mark.skipif(not STATE, reason="CNOP_STATE does not name the state folder of a local stack")
def test_pages_of_staff(visit, admin, person):
    visit.log_in(admin, at="/operator/users")
    one = (f"/operator/users/{person.user_id}", "Two-step login")
    assert look_at(visit, (*STAFF, one)) == []
