"""Every adapter: what it stores exactly, and what it refuses."""

import enum
from decimal import Decimal
from types import MappingProxyType

import pytest

from cnop_platform.store import Check, Delete, InvalidQuery, InvalidWrite, Key, Put, Version
from cnop_platform.store.limits import MAX_DEPTH, item_bytes
from cnop_platform.store.port import MAX_ITEM_BYTES, MAX_TRANSACTION_BYTES

A = Key("P#1", "A")
BIG = 10**38 - 1


class Side(enum.StrEnum):
    BUY = "buy"


def nested(levels):
    value = "x"
    for _ in range(levels):
        value = [value]
    return value


def in_order(value):
    if isinstance(value, dict):
        return {name: in_order(value[name]) for name in sorted(value)}
    return [in_order(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": "", "zero": 0, "yes": True, "no": False, "nothing": None},
        {"positive": BIG, "negative": -BIG, "beyond_64_bits": 2**63, "beyond_float": 2**53 + 1},
        {"trailing_zeros": 10**37, "round": 1_000_000},
        {"nested": {"list": [1, "two", None, True, {"deep": [[], {}, ""]}], "empty": {}}},
        {"ünïcödé 名前": "Grüße, 世界 🌍 \u2028 \x00 \x7f \\ \" '", "a.b#c:d/e": "names of any kind"},
        {"size": "x", "version": "reserved words", "pk": 1, "body": {"body": 2}},
        {"deepest": nested(MAX_DEPTH - 1)},
        {"number_as_text": "1.50", "exponent": "1e5"},
    ],
    ids=["empty", "edges", "large", "zeros", "nested", "unicode", "reserved", "deep", "text"],
)
async def test_a_body_reads_back_exactly(store, body):
    await store.transact([Put(A, body)])
    stored = (await store.get(A)).body
    assert stored == body
    assert repr(stored) == repr(in_order(body)), "True is not 1, and names come back in sorted order"


async def test_other_sequences_mappings_and_enums_are_stored_as_plain_values(store):
    await store.transact(
        [Put(A, MappingProxyType({"side": Side.BUY, "pair": (1, 2), "map": MappingProxyType({"a": 1})}))]
    )
    assert (await store.get(A)).body == {"side": "buy", "pair": [1, 2], "map": {"a": 1}}


UNSTORABLE = (
    1.5,
    0.0,
    float("nan"),
    Decimal("1.5"),
    b"bytes",
    bytearray(b"bytes"),
    {1, 2},
    object(),
    10**38,
    -(10**38),
    "\ud800",
    {1: "name is no text"},
    {"": "name is empty"},
    {"\udfff": 1},
    nested(MAX_DEPTH),
)


async def test_what_not_every_store_can_hold_is_refused(store):
    for value in UNSTORABLE:
        for body in ({"v": value}, {"list": [{"v": value}]}):
            with pytest.raises(InvalidWrite):
                await store.transact([Put(Key("P#2", "A"), {}), Put(A, body)])
    assert await store.get(Key("P#2", "A")) is None


async def test_a_body_must_be_a_mapping(store):
    with pytest.raises(InvalidWrite, match="mapping"):
        await store.transact([Put(A, ["list"])])


MALFORMED = {
    "no write": [],
    "something else": ["put"],
    "a key twice": [Put(A, {}), Delete(A)],
    "put and check": [Put(A, {}), Check(A, Version(1))],
    "too many": [Put(Key("P#1", f"{n}"), {}) for n in range(101)],
    "negative version": [Put(A, {}, Version(-1))],
    "huge version": [Put(A, {}, Version(2**63))],
    "version is a bool": [Put(A, {}, Version(True))],
    "condition is a text": [Put(A, {}, "absent")],
    "expired before 1970": [Put(A, {}, expires_at=-1)],
    "expires in a fraction": [Put(A, {}, expires_at=1.5)],
    "expires too late": [Put(A, {}, expires_at=2**63)],
}


async def test_a_malformed_transaction_is_refused(store):
    for name, writes in MALFORMED.items():
        with pytest.raises(InvalidWrite):
            await store.transact(writes)
        assert await store.get(A) is None, name


async def test_an_impossible_key_is_refused_in_a_write_and_holds_nothing_in_a_read(store):
    too_long = (Key("p" * 2049, "A"), Key("P", "s" * 1025), Key("é" * 1025, "A"))
    for key in (Key("", "A"), Key("P", ""), Key("\ud800", "A"), *too_long):
        for write in (Put(key, {}), Delete(key), Check(key, Version(1)), Put(A, {}, index=key)):
            with pytest.raises(InvalidWrite):
                await store.transact([write])
        assert await store.get(key) is None
        assert await store.get_many([key]) == {}


async def test_the_longest_key_is_stored(store):
    key = Key("é" * 1024, "ß" * 512)
    await store.transact([Put(key, {"n": 1}, index=Key("é" * 1024, "ß" * 512))])
    assert (await store.get(key)).body == {"n": 1}
    assert [item.key for item in (await store.query_index(key.pk, start=key.sk)).items] == [key]


async def test_an_item_of_almost_400_kb_is_stored_and_a_larger_one_refused(store):
    room = MAX_ITEM_BYTES - item_bytes(Put(A, {"text": ""}))
    await store.transact([Put(A, {"text": "x" * room})])
    assert len((await store.get(A)).body["text"]) == room
    with pytest.raises(InvalidWrite, match=str(MAX_ITEM_BYTES)):
        await store.transact([Put(A, {"text": "x" * (room + 1)})])
    with pytest.raises(InvalidWrite, match=str(MAX_ITEM_BYTES)):
        await store.transact([Put(A, {"text": "é" * (room // 2 + 1)})])


async def test_a_large_body_of_numbers_is_stored(store):
    body = {f"n{index:05}": BIG - index for index in range(2_000)}
    await store.transact([Put(A, body)])
    assert (await store.get(A)).body == body


async def test_a_transaction_of_more_than_4_mb_is_refused(store):
    text = "x" * 399_000
    assert 11 * len(text) > MAX_TRANSACTION_BYTES
    with pytest.raises(InvalidWrite, match=str(MAX_TRANSACTION_BYTES)):
        await store.transact([Put(Key("P", str(n)), {"text": text}) for n in range(11)])
    await store.transact([Put(Key("P", str(n)), {"text": text}) for n in range(10)])
    assert len((await store.query("P")).items) == 10


async def test_reads_beyond_their_limits_are_refused(store):
    with pytest.raises(InvalidQuery):
        await store.get_many([Key("P", str(n)) for n in range(101)])
    for limit in (0, -1, 1001):
        with pytest.raises(InvalidQuery):
            await store.query("P", limit=limit)
        with pytest.raises(InvalidQuery):
            await store.query_index("P", limit=limit)
    for bounds in (
        {"prefix": "a", "start": "b"},
        {"prefix": "a", "end": "b"},
        {"start": "\ud800"},
        {"prefix": "s" * 1025},
    ):
        with pytest.raises(InvalidQuery):
            await store.query("P", **bounds)
