"""The list of markets, as somebody sees it who is not logged in: in any order, narrowed down, and alive."""

import re
from decimal import Decimal

from figures import read
from playwright.sync_api import Locator, expect
from visiting import PATIENCE_MS, Visit

_PRICE = re.compile(r"\$[\d,.]+")
_CHANGE = re.compile(r"[+-]?\d+\.\d\d%")
_BY_FIGURE = (
    ("Price", "descending", "Price, highest first", _PRICE),
    ("Price", "ascending", "Price, lowest first", _PRICE),
    ("24 h", "descending", "Change, best first", _CHANGE),
    ("24 h", "ascending", "Change, worst first", _CHANGE),
)
# The next change of a price: what was shown, what is shown, how the new figure looks and whether it really moves.
_NEXT_CHANGE = """(cell, patience) => new Promise((resolve, reject) => {
    const watcher = new MutationObserver(records => {
        const all = nodes => records.flatMap(record => [...record[nodes]]);
        const priced = nodes => all(nodes).find(node => node.textContent.startsWith('$'));
        const [before, after] = [priced('removedNodes'), priced('addedNodes')];
        if (before === undefined || after === undefined) return;
        watcher.disconnect();
        const moves = after.getAnimations().length > 0;
        resolve({ before: before.textContent, after: after.textContent, look: after.className, moves });
    });
    watcher.observe(cell, { childList: true });
    setTimeout(() => reject(new Error('the price did not change')), patience);
})"""


def open_markets(visit: Visit) -> Locator:
    visit.page.goto("/markets")
    table = visit.page.get_by_role("table", name="Assets")
    expect(table).to_be_visible()
    return table


def shown(table: Locator) -> list[str]:
    """Return the rows' texts of one moment."""
    return table.locator("tbody tr").all_inner_texts()


def names(table: Locator) -> list[str]:
    return table.locator("tbody tr a span.font-medium").all_inner_texts()


def choose_order(visit: Visit, column: str, name: str) -> None:
    if visit.is_narrow:
        visit.page.get_by_label("Sort by").select_option(label=name)
    else:
        visit.page.get_by_role("columnheader", name=column).get_by_role("button").click()


def test_markets_are_sorted_by_what_they_show_in_either_direction(visit: Visit):
    table = open_markets(visit)
    for column, direction, name, figure in _BY_FIGURE:
        choose_order(visit, column, name)
        expect(table.locator(f"th[aria-sort={direction}]")).to_contain_text(column)
        figures = [read(figure.search(row)[0]) for row in shown(table)]
        assert len(figures) >= 12
        assert figures == sorted(figures, reverse=direction == "descending"), name
    for direction, name in (("ascending", "Name, A to Z"), ("descending", "Name, Z to A")):
        choose_order(visit, "Asset", name)
        expect(table.locator(f"th[aria-sort={direction}]")).to_contain_text("Asset")
        assert names(table) == sorted(names(table), key=str.casefold, reverse=direction == "descending")


def test_markets_are_narrowed_to_a_category_and_to_favourites_that_the_browser_keeps(visit: Visit, http):
    page, table = visit.page, open_markets(visit)
    listed = http.get("/inventory/assets", params={"limit": 250}).json()["data"]
    lending = {asset["name"] for asset in listed if asset["category"] == "defi"}
    assert 0 < len(lending) < len(listed)
    page.get_by_label("Category").select_option(label="DeFi")
    expect(table.locator("tbody tr")).to_have_count(len(lending))
    assert set(names(table)) == lending

    starred = {"Ethereum", min(lending)}
    page.get_by_role("button", name=f"Favourite {min(lending)}").click()
    page.get_by_label("Category").select_option(label="All categories")
    page.get_by_role("button", name="Favourite Ethereum").click()
    visit.button("Favourites").click()
    expect(table.locator("tbody tr")).to_have_count(len(starred))
    page.reload()
    expect(table.locator("tbody tr")).to_have_count(len(starred))
    assert set(names(table)) == starred
    page.get_by_role("button", name="Favourite Ethereum").click()
    expect(table.locator("tbody tr")).to_have_count(1)


def test_prices_move_by_themselves_and_flash_by_where_they_went(visit: Visit):
    asked = visit.calls("GET", "/api/v1/inventory/assets")
    with visit.page.expect_request(lambda request: request.url.endswith("/inventory/stream")):
        row = open_markets(visit).get_by_role("row").filter(has_text="BTC")
    priced = row.get_by_role("cell").nth(2)
    change(priced)
    before = len(asked)
    for _ in range(2):
        changed = change(priced)
        went = "up" if read(changed["after"]) > read(changed["before"]) else "down"
        assert f"animate-flash-{went}" in changed["look"]
        assert changed["moves"]
    # They come by the stream: nobody asks for each.
    assert len(asked) <= before + 1
    expect(row.get_by_text(_CHANGE).locator("visible=true").first).to_be_visible()
    if not visit.is_narrow:
        line = row.get_by_role("cell").last.locator("svg path")
        expect(line).to_have_attribute("d", re.compile(r"^M[\d. ]+(L[\d. ]+){2,}$"))
        assert Decimal(line.evaluate("path => path.getTotalLength()")) > 0


def change(priced: Locator) -> dict[str, str]:
    return dict(priced.evaluate(_NEXT_CHANGE, PATIENCE_MS))
