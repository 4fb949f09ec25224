import json
import time
from decimal import Decimal

import pytest
from platform_client import problem

pytestmark = pytest.mark.inventory
ASSET_MEMBERS = {
    "asset_id", "name", "symbol", "description", "category", "image", "price_usd", "is_active", "availability_status",
    "scale", "min_quantity", "max_quantity", "last_updated", "market_cap", "market_cap_rank", "total_volume_24h",
    "price_change_24h", "price_change_percentage_24h", "price_change_percentage_7d", "price_change_percentage_30d",
    "high_24h", "low_24h", "circulating_supply", "total_supply", "max_supply", "ath", "ath_change_percentage",
    "ath_date", "atl", "atl_change_percentage", "atl_date",
}  # fmt: skip


def test_the_catalogue_is_public_and_complete(http):
    document = http.get("/inventory/assets").json()
    assert document["total_count"] >= 12
    assert len(document["data"]) == min(document["total_count"], 50)
    assert all(asset.keys() == ASSET_MEMBERS for asset in document["data"])
    assert {"BTC", "ETH"} <= {asset["asset_id"] for asset in document["data"]}


def test_one_asset_can_be_looked_up(http):
    asset = http.get("/inventory/assets/BTC").json()["data"]
    assert asset["asset_id"] == "BTC"
    assert 30_000 <= asset["price_usd"] <= 90_000
    assert isinstance(asset["min_quantity"], str)


def test_the_price_lives(http):
    def price():
        return json.loads(http.get("/inventory/assets/BTC").text, parse_float=Decimal)["data"]["price_usd"]

    first, deadline = price(), time.monotonic() + 15
    while price() == first:
        assert time.monotonic() < deadline, "the price did not move for 15 seconds"
        time.sleep(0.3)


def test_pages_join_up(http):
    seen, cursor = [], None
    while True:
        page = http.get("/inventory/assets", params={"limit": 5, **({"cursor": cursor} if cursor else {})}).json()
        seen += [asset["asset_id"] for asset in page["data"]]
        assert page["has_more"] == (page["next_cursor"] is not None)
        if not page["has_more"]:
            break
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) == page["total_count"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/inventory/assets/NOSUCH", 404, "NOT_FOUND"),
        ("/inventory/assets/B-T-C", 422, "VALIDATION_ERROR"),
        ("/inventory/assets/ABCDEFGHIJK", 422, "VALIDATION_ERROR"),
        ("/inventory/assets?limit=0", 422, "VALIDATION_ERROR"),
        ("/inventory/assets?limit=251", 422, "VALIDATION_ERROR"),
        ("/inventory/assets?limit=many", 422, "VALIDATION_ERROR"),
        ("/inventory/assets?cursor=made-up", 422, "VALIDATION_ERROR"),
    ],
)
def test_bad_requests_say_what_is_wrong(http, path, status, code):
    problem(http.get(path), status, code)


def test_only_an_admin_lists_assets(http, person):
    body = {"asset_id": "FAKE", "name": "Fake"}
    problem(http.post("/inventory/assets", json=body), 401, "AUTH_002")
    problem(person.post("/inventory/assets", body), 403, "PERM_001")


def ticks(http, count, *, after=None):
    """Return the ids of so many events of the price stream, as a client reads them that knows `after` already."""
    headers = {"Last-Event-ID": str(after)} if after else {}
    found = []
    with http.stream("GET", "/inventory/stream", headers=headers, timeout=30) as stream:
        assert stream.status_code == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if line.startswith("id: "):
                found.append(int(line.removeprefix("id: ")))
            if line.startswith("data: "):
                assert json.loads(line.removeprefix("data: "))["prices"]
                if len(found) == count:
                    return found
    return found


def test_the_price_stream_goes_on_after_the_event_that_a_client_names(http):
    seen = ticks(http, 3)
    assert seen == sorted(set(seen))
    assert len(seen) == 3
    assert ticks(http, 2, after=seen[0]) == seen[1:]
