import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import asset, quote

from cnop_inventory.domain.listing import ListedAsset
from cnop_inventory.domain.paging import SORTS, AssetQuery, InvalidPaging, select_page

MARKET = [
    ListedAsset(asset("AAA", rank=3, name="zeta", category="meme"), quote(5)),
    ListedAsset(asset("BBB", rank=1, name="Alpha"), quote(10), {"price_change_percentage_24h": "-2.5"}),
    ListedAsset(asset("CCC", rank=2, name="beta", is_active=False), quote(1)),
    ListedAsset(asset("DDD", rank=1, name="Gamma"), None, {"price_change_percentage_24h": "1.25"}),
]


def ids(page):
    return [each.asset.asset_id for each in page.assets]


def read_all(query, market=MARKET):
    found, cursor = [], None
    while True:
        page = select_page(market, AssetQuery(**{**query, "cursor": cursor}))
        found += ids(page)
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("rank", ["BBB", "DDD", "CCC", "AAA"]),
        ("-rank", ["AAA", "CCC", "DDD", "BBB"]),
        ("asset_id", ["AAA", "BBB", "CCC", "DDD"]),
        ("name", ["BBB", "CCC", "DDD", "AAA"]),
        ("-price", ["BBB", "AAA", "CCC", "DDD"]),
        ("-change", ["DDD", "CCC", "AAA", "BBB"]),
    ],
)
def test_each_order_is_total_and_can_be_turned_round(sort, expected):
    assert ids(select_page(MARKET, AssetQuery(active_only=False, sort=sort))) == expected


def test_a_category_is_found_in_any_case():
    assert ids(select_page(MARKET, AssetQuery(category="MEME"))) == ["AAA"]


def test_the_counts_are_those_of_the_whole_selection():
    page = select_page(MARKET, AssetQuery(active_only=False, limit=1))
    assert (len(page.assets), page.total_count, page.active_count) == (1, 4, 3)
    active = select_page(MARKET, AssetQuery(limit=1))
    assert (active.total_count, active.active_count) == (3, 3)


@given(
    sort=st.sampled_from(SORTS),
    limit=st.integers(1, 6),
    prices=st.lists(st.integers(1, 3), min_size=0, max_size=12),
)
def test_pages_of_any_size_show_every_asset_once_in_the_same_order(sort, limit, prices):
    market = [ListedAsset(asset(f"A{i}", rank=price, name=str(price)), quote(price)) for i, price in enumerate(prices)]
    whole = ids(select_page(market, AssetQuery(sort=sort, limit=250)))
    assert read_all({"sort": sort, "limit": limit}, market) == whole
    assert sorted(whole) == sorted(each.asset.asset_id for each in market)


@pytest.mark.parametrize("cursor", ["", "x", "!!!", "e30", "WzFd", "W10", "é", "A" * 199])
def test_a_made_up_cursor_is_refused(cursor):
    with pytest.raises(InvalidPaging):
        select_page(MARKET, AssetQuery(cursor=cursor))


def test_a_cursor_of_another_order_is_refused():
    cursor = select_page(MARKET, AssetQuery(sort="name", limit=1)).next_cursor
    with pytest.raises(InvalidPaging):
        select_page(MARKET, AssetQuery(sort="rank", cursor=cursor))


@pytest.mark.parametrize("sort", ["", "-", "--rank", "Rank", "market_cap"])
def test_an_unknown_order_is_refused(sort):
    with pytest.raises(InvalidPaging):
        select_page(MARKET, AssetQuery(sort=sort))
