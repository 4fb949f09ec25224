"""Every adapter: order, ranges, pages and cursors."""

import base64

import pytest

from cnop_platform.store import Delete, InvalidCursor, Key, Put
from cnop_platform.store.paging import index_span, table_span

SORT_KEYS = [
    "",
    "A",
    "AB",
    "B",
    "a",
    "z",
    "~",
    "\x7f",
    "é",
    "ÿ",
    "ࠀ",
    "\ud7ff",
    "\ue000",
    "\uffff",
    "𐀀",
    "🌍",
    "\U0010ffff",
]


async def fill(store, keys, **options):
    for start in range(0, len(keys), 100):
        await store.transact([Put(key, {"sk": key.sk}, **options) for key in keys[start : start + 100]])


async def read_all(query, pk, **options):
    """All pages after one another; every page but the last is full."""
    items, cursor = [], None
    while True:
        page = await query(pk, cursor=cursor, **options)
        items.extend(page.items)
        if page.cursor is None:
            return items
        assert len(page.items) == options["limit"]
        cursor = page.cursor


def sort_keys(items):
    return [item.key.sk for item in items]


@pytest.fixture
async def numbers(store):
    await fill(
        store, [Key("P", f"ENTRY#{n:04}") for n in range(25)] + [Key("P", "WALLET"), Key("P#", "x"), Key("O", "x")]
    )
    return store


async def test_an_empty_partition_is_an_empty_page(store):
    page = await store.query("nothing here")
    assert (page.items, page.cursor) == ((), None)


async def test_an_impossible_partition_is_empty(store):
    for pk in ("", "p" * 3000, "\ud800"):
        assert (await store.query(pk)).items == ()
        assert (await store.query_index(pk)).items == ()


async def test_items_come_in_the_order_of_their_utf8_bytes(store):
    keys = [Key("P", "x" + suffix) for suffix in SORT_KEYS]
    await fill(store, list(reversed(keys)))
    expected = sorted((key.sk for key in keys), key=str.encode)
    assert sort_keys((await store.query("P")).items) == expected
    assert sort_keys((await store.query("P", forward=False)).items) == expected[::-1]


async def test_a_prefix_selects_exactly_what_starts_with_it(store):
    keys = [Key("P", head + tail) for head in ("w", "x", "y") for tail in SORT_KEYS]
    keys += [Key("P", "x" + head + tail) for head in SORT_KEYS[-3:] for tail in SORT_KEYS[1:]]
    await fill(store, list(dict.fromkeys(keys)))
    for prefix in ("", "x", "xA", "x\x7f", "xé", "x\ud7ff", "x\U0010ffff", "x\U0010ffff\U0010ffff", "none"):
        expected = sorted({key.sk for key in keys if key.sk.startswith(prefix)}, key=str.encode)
        assert sort_keys((await store.query("P", prefix=prefix)).items) == expected, prefix


async def test_a_range_includes_both_of_its_ends(numbers):
    for start, end, expected in [
        ("ENTRY#0003", "ENTRY#0005", [3, 4, 5]),
        ("ENTRY#0003x", "ENTRY#0005x", [4, 5]),
        (None, "ENTRY#0001", [0, 1]),
        ("ENTRY#0023", "ENTRY#9999", [23, 24]),
        ("ENTRY#0005", "ENTRY#0005", [5]),
        ("ENTRY#0005", "ENTRY#0003", []),
        ("ENTRY#5", "ENTRY#6", []),
        (None, "", []),
    ]:
        names = [f"ENTRY#{n:04}" for n in expected]
        assert sort_keys((await numbers.query("P", start=start, end=end)).items) == names
        assert sort_keys((await numbers.query("P", start=start, end=end, forward=False)).items) == names[::-1]


async def test_a_range_without_end_reaches_to_the_last_item(numbers):
    assert sort_keys((await numbers.query("P", start="ENTRY#0024")).items) == ["ENTRY#0024", "WALLET"]
    assert len((await numbers.query("P", start="")).items) == 26


@pytest.mark.parametrize(
    "selection", [{"prefix": "ENTRY#"}, {"start": "ENTRY#", "end": "ENTRY#9"}], ids=["prefix", "range"]
)
async def test_pages_give_every_item_once(numbers, selection):
    expected = [f"ENTRY#{n:04}" for n in range(25)]
    for limit in (1, 7, 24, 25, 26, 1000):
        items = await read_all(numbers.query, "P", limit=limit, **selection)
        assert sort_keys(items) == expected, limit
        items = await read_all(numbers.query, "P", limit=limit, forward=False, **selection)
        assert sort_keys(items) == expected[::-1], limit


async def test_no_cursor_means_that_there_is_no_more(numbers):
    assert (await numbers.query("P", prefix="ENTRY#", limit=25)).cursor is None
    assert (await numbers.query("P", prefix="ENTRY#", limit=24)).cursor is not None


async def test_a_page_goes_on_when_its_last_item_was_deleted_and_others_came(numbers):
    page = await numbers.query("P", prefix="ENTRY#", limit=3)
    await numbers.transact(
        [Delete(page.items[-1].key), Put(Key("P", "ENTRY#0000x"), {}), Put(Key("P", "ENTRY#0002x"), {})]
    )
    following = await numbers.query("P", prefix="ENTRY#", limit=3, cursor=page.cursor)
    assert sort_keys(following.items) == ["ENTRY#0002x", "ENTRY#0003", "ENTRY#0004"]


async def test_a_page_of_a_thousand_large_items_is_complete(store):
    keys = [Key("P", f"{n:04}") for n in range(1001)]
    for start in range(0, len(keys), 100):
        await store.transact([Put(key, {"text": "x" * 3000}) for key in keys[start : start + 100]])
    page = await store.query("P", limit=1000)
    assert sort_keys(page.items) == [key.sk for key in keys[:1000]]
    assert sort_keys((await store.query("P", limit=1000, cursor=page.cursor)).items) == ["1000"]


async def test_the_index_holds_only_items_that_name_it(store):
    await fill(store, [Key("P", "plain")])
    await store.transact([Put(Key("P", "open"), {"n": 1}, index=Key("OPEN#BTC", "0001"))])
    page = await store.query_index("OPEN#BTC")
    assert [(item.key, item.index, item.body, item.version) for item in page.items] == [
        (Key("P", "open"), Key("OPEN#BTC", "0001"), {"n": 1}, 1)
    ]
    assert (await store.query_index("P")).items == ()


async def test_an_item_moves_within_and_leaves_the_index(store):
    key = Key("P", "order")
    await store.transact([Put(key, {}, index=Key("OPEN", "1"))])
    await store.transact([Put(key, {}, index=Key("OPEN", "2"))])
    assert [item.index.sk for item in (await store.query_index("OPEN")).items] == ["2"]
    await store.transact([Put(key, {}, index=Key("CLOSED", "2"))])
    assert (await store.query_index("OPEN")).items == ()
    await store.transact([Put(key, {})])
    assert (await store.query_index("CLOSED")).items == ()
    await store.transact([Put(key, {}, index=Key("OPEN", "1"))])
    await store.transact([Delete(key)])
    assert (await store.query_index("OPEN")).items == ()


@pytest.mark.parametrize("forward", [True, False], ids=["forward", "back"])
async def test_pages_of_the_index_give_every_item_once_even_with_equal_sort_keys(store, forward):
    places = {Key(f"P#{n % 5}", f"{n:02}"): Key("OPEN", f"{n // 8}") for n in range(30)}
    await store.transact([Put(key, {}, index=place) for key, place in places.items()])
    await store.transact([Put(Key("P#0", "elsewhere"), {}, index=Key("OPEN#", "1"))])
    for limit in (1, 3, 7, 30, 40):
        items = await read_all(store.query_index, "OPEN", limit=limit, forward=forward)
        assert sorted(item.key for item in items) == sorted(places), limit
        order = [item.index.sk for item in items]
        assert order == sorted(order, reverse=not forward)


async def test_a_range_of_the_index_includes_both_of_its_ends(store):
    await store.transact([Put(Key("P", f"{n}"), {}, index=Key("OPEN", f"{n}")) for n in range(9)])
    page = await store.query_index("OPEN", start="3", end="5", limit=2)
    assert sort_keys(page.items) == ["3", "4"]
    assert sort_keys((await store.query_index("OPEN", start="3", end="5", cursor=page.cursor)).items) == ["5"]
    assert sort_keys((await store.query_index("OPEN", start="7", forward=False)).items) == ["8", "7"]
    assert (await store.query_index("OPEN", start="5", end="3")).items == ()


async def test_get_many_reads_what_exists(store):
    keys = [Key(f"P#{n}", "A") for n in range(100)]
    await fill(store, keys[::2])
    found = await store.get_many(keys)
    assert set(found) == set(keys[::2])
    assert all(item.key == key and item.version == 1 for key, item in found.items())
    assert await store.get_many([]) == {}
    assert set(await store.get_many([keys[0], keys[0]])) == {keys[0]}


async def test_a_scan_walks_over_every_item_once(store):
    keys = [Key(f"USER#{n:04}", sk) for n in range(450) for sk in ("A", "B")] + [Key("WALLET#1", "W")]
    await fill(store, keys)
    assert sorted([item.key async for item in store.scan()]) == sorted(keys)
    assert sorted([item.key async for item in store.scan(prefix="USER#04")]) == sorted(
        key for key in keys if key.pk.startswith("USER#04")
    )
    assert [item async for item in store.scan(prefix="NOBODY")] == []


async def test_a_cursor_works_only_for_the_query_that_made_it(numbers):
    await fill(numbers, [Key("OTHER", f"ENTRY#{n:04}") for n in range(9)])
    cursor = (await numbers.query("P", prefix="ENTRY#", limit=2)).cursor
    assert (await numbers.query("P", prefix="ENTRY#", limit=9, cursor=cursor)).items[0].key.sk == "ENTRY#0002"
    for pk, options in [
        ("OTHER", {"prefix": "ENTRY#"}),
        ("P", {}),
        ("P", {"prefix": "ENTRY"}),
        ("P", {"start": "ENTRY#"}),
        ("P", {"prefix": "ENTRY#", "forward": False}),
    ]:
        with pytest.raises(InvalidCursor):
            await numbers.query(pk, cursor=cursor, **options)
    with pytest.raises(InvalidCursor):
        await numbers.query_index("P", cursor=cursor)


async def test_a_forged_cursor_reads_nothing_outside_the_query(numbers):
    """Whoever knows the source can make one that passes for genuine; the range still comes from the query."""
    await numbers.transact(
        [Put(Key("P", "x"), {}, index=Key("OPEN", "5")), Put(Key("Q", "x"), {}, index=Key("SHUT", "5"))]
    )
    span = table_span("P", prefix="ENTRY#", start=None, end=None, forward=True, limit=100)
    for position in (("A",), ("WALLET",), ("\ud800",), ("ENTRY#" + "x" * 2000,)):
        with pytest.raises(InvalidCursor):
            await numbers.query("P", prefix="ENTRY#", cursor=span.cursor_at(position))
    index = index_span("OPEN", start="3", end="7", forward=True, limit=100)
    for position in (("1", "P", "x"), ("8", "P", "x"), ("5", "", "x"), ("5", "P", "\ud800"), ("5", "p" * 3000, "x")):
        with pytest.raises(InvalidCursor):
            await numbers.query_index("OPEN", start="3", end="7", cursor=index.cursor_at(position))
    page = await numbers.query_index("OPEN", start="3", end="7", cursor=index.cursor_at(("3", "Q", "x")))
    assert [item.key for item in page.items] == [Key("P", "x")]


async def test_a_made_up_cursor_is_refused(numbers):
    for cursor in ("", "x", "====", "AAAA", "é", "\ud800", "A" * 20_000, "A" * 12_000, "*" * 40):
        with pytest.raises(InvalidCursor):
            await numbers.query("P", cursor=cursor)
        with pytest.raises(InvalidCursor):
            await numbers.query_index("P", cursor=cursor)


async def test_no_changed_cursor_reads_anything(numbers):
    cursor = (await numbers.query("P", prefix="ENTRY#", limit=2)).cursor
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        with pytest.raises(InvalidCursor):
            await numbers.query("P", prefix="ENTRY#", cursor=base64.urlsafe_b64encode(changed).rstrip(b"=").decode())
