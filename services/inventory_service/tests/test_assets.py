from dataclasses import replace
from datetime import timedelta

import pytest
from samples import NOW, asset

from cnop_inventory.domain.assets import (
    AssetChange,
    InvalidAsset,
    InvalidAssetId,
    ScaleImmutable,
    change_asset,
    changed_fields,
    list_asset,
    parse_asset_id,
)
from cnop_inventory.domain.default_assets import DEFAULT_ASSETS
from cnop_inventory.domain.simulation import LEVELS

LATER = NOW + timedelta(minutes=1)


@pytest.mark.parametrize("text", ["btc", "BTC", "bTc"])
def test_ids_are_the_same_in_any_case(text):
    assert parse_asset_id(text) == "BTC"


@pytest.mark.parametrize("text", ["", "BTC-USD", "B C", "ABCDEFGHIJK", "\uff22\uff34\uff23", "BTC\n", "ß"])
def test_anything_but_ten_letters_and_digits_is_no_id(text):
    with pytest.raises(InvalidAssetId):
        parse_asset_id(text)


def test_an_asset_is_listed_with_its_quantities_in_units():
    listed = asset("new", scale=6, min_quantity="0.5", max_quantity="20")
    assert (listed.asset_id, listed.symbol, listed.updated_at) == ("NEW", "NEW", NOW)
    assert (listed.min_quantity, listed.max_quantity) == (500_000, 20_000_000)


@pytest.mark.parametrize(
    ("field", "draft"),
    [
        ("scale", {"scale": 9}),
        ("scale", {"scale": -1}),
        ("min_quantity", {"min_quantity": "0"}),
        ("min_quantity", {"min_quantity": "0.001", "scale": 2}),
        ("max_quantity", {"max_quantity": "-1"}),
        ("max_quantity", {"min_quantity": "2", "max_quantity": "1"}),
    ],
)
def test_an_impossible_asset_is_refused_by_the_field(field, draft):
    with pytest.raises(InvalidAsset) as raised:
        asset(**draft)
    assert [error.field for error in raised.value.errors] == [field]


def test_a_change_touches_what_it_names_and_the_time():
    before = asset()
    after = change_asset(before, AssetChange(name="Renamed", is_active=False, min_quantity="1"), now=LATER)
    assert after == replace(before, name="Renamed", is_active=False, min_quantity=10**8, updated_at=LATER)
    assert changed_fields(before, after) == ["name", "min_quantity", "is_active"]


def test_a_change_to_what_is_already_so_changes_nothing():
    before = asset()
    assert change_asset(before, AssetChange(name=before.name, scale=before.scale), now=LATER) == before


def test_the_scale_cannot_change():
    with pytest.raises(ScaleImmutable) as raised:
        change_asset(asset(scale=8), AssetChange(scale=6), now=LATER)
    assert raised.value.stable_code == "SCALE_IMMUTABLE"


def test_a_change_may_not_turn_the_range_round():
    with pytest.raises(InvalidAsset):
        change_asset(asset(max_quantity="5"), AssetChange(min_quantity="6"), now=LATER)


def test_the_default_catalogue_is_at_least_twelve_different_well_described_assets():
    listed = [list_asset(draft, now=NOW) for draft in DEFAULT_ASSETS]
    assert len({each.asset_id for each in listed}) == len(listed) >= 12
    assert len({each.rank for each in listed}) == len(listed)
    assert all(each.is_active and len(each.description) > 20 and each.category for each in listed)


def test_every_default_asset_has_a_simulated_level():
    assert {draft.asset_id for draft in DEFAULT_ASSETS} == set(LEVELS)
