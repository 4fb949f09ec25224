"""What a mouse-less customer needs, and what a chart must really draw."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from drawings import wait_until_drawn, wait_until_line
from figures import dollars
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


def past_candles() -> list[dict[str, str]]:
    """Make a past that no young stack has: an hourly candle for two days, each unlike the others."""
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    prices = [60_000 + 10 * index for index in range(49)]
    return [
        {
            "time": (hour - timedelta(hours=48 - index)).isoformat().replace("+00:00", "Z"),
            "open": f"{opening}.25",
            "high": f"{closing + 7}.50",
            "low": f"{opening - 7}.75",
            "close": f"{closing}.25",
        }
        for index, (opening, closing) in enumerate(pairwise(prices))
    ]


def test_the_legend_tells_the_candle_that_one_looks_at(visit: Visit):
    page, candles = visit.page, past_candles()
    page.route("**/assets/BTC/prices*", lambda route: route.fulfill(json={"data": candles}))
    page.goto("/markets/BTC")
    page.get_by_label("Chart interval", exact=True).get_by_role("radio", name="1 hour").click()
    chart = page.get_by_role("img", name=re.compile("^Bitcoin price chart, 1h candles"))
    wait_until_drawn(chart, "--positive-solid", "--negative-solid")
    legend = page.get_by_role("list", name="Candle")
    # The running candle began where the last one ended.
    expect(legend).to_contain_text(f"Open {dollars(candles[-1]['close'])}")

    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] / 2)
    expect(legend).not_to_contain_text(f"Open {dollars(candles[-1]['close'])}")
    names = ("Open", "High", "Low", "Close")
    told = [[f"{name} {dollars(candle[name.lower()])}" for name in names] for candle in candles]
    text = " ".join(legend.inner_text().split())
    assert [figures for figures in told if all(figure in text for figure in figures)] != [], text


def test_ones_orders_and_cost_are_levels_of_the_chart_as_long_as_they_are_real(visit: Visit, funded: Person):
    assert funded.buy("BTC", "0.01").status_code == 201
    limit = {"order_type": "limit_buy", "asset_id": "BTC", "quantity": "0.01", "price": "20000.50"}
    order = funded.post("/orders", limit).json()["data"]
    visit.log_in(funded, at="/markets/BTC")
    levels = visit.page.get_by_role("list", name="Your levels")
    (position,) = funded.get("/portfolio")["assets"]
    expect(levels.get_by_role("listitem")).to_have_text(
        [f"Average cost {dollars(position['average_cost'])}", "Buy 0.01 $20,000.50"]
    )
    chart = visit.page.get_by_role("img", name=re.compile("^Bitcoin price chart"))
    wait_until_line(chart, "--muted", drawn=True)

    # Another device moves the order; this one cancels it, and sells what there is.
    assert funded.call("PATCH", f"/orders/{order['order_id']}", json={"price": "25000"}).status_code == 200
    expect(levels).to_contain_text("Buy 0.01 $25,000.00")
    visit.page.get_by_role("button", name=re.compile("^Cancel limit buy")).click()
    visit.page.get_by_role("dialog").get_by_role("button", name=re.compile("^Cancel")).last.click()
    visit.told("Nothing is waiting for its price.")
    expect(levels.get_by_role("listitem")).to_have_count(1)
    sale = {"order_type": "market_sell", "asset_id": "BTC", "quantity": "0.01"}
    assert funded.post("/orders", sale).status_code == 201
    expect(levels).to_have_count(0)
    wait_until_line(chart, "--muted", drawn=False)


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
