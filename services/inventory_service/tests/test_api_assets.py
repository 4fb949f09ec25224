import asyncio
import json
from decimal import Decimal
from typing import Annotated

import pytest
import structlog
from fastapi import APIRouter
from samples import BTC, USD

from cnop_core.money import PriceUnits
from cnop_inventory.api.models import AssetAnswer, AssetListAnswer
from cnop_inventory.api.rendered import RenderedRoute
from cnop_inventory.application.market_item import MarketItem, market_put
from cnop_inventory.bootstrap import describe
from cnop_inventory.domain.default_assets import DEFAULT_ASSETS
from cnop_platform.access import RateClass, requires
from cnop_platform.catalogue import Catalogue
from cnop_platform.permissions import Permission
from cnop_platform.prices import Quote, snapshot_put
from cnop_platform.store import Key, StoreUnavailable
from cnop_platform.system import SystemClock
from cnop_platform.testing import ocsf

COUNT = len(DEFAULT_ASSETS)
NEW = {"asset_id": "new", "name": "New", "category": "coin", "scale": 6, "min_quantity": 0.5, "max_quantity": "20"}


def exact(response):
    """The answer with every digit that was sent."""
    return json.loads(response.text, parse_float=Decimal)


@pytest.fixture
async def priced(service):
    """A price and figures that no float can hold, left in the store before the service starts."""
    quote = Quote(BTC, PriceUnits(43_210 * USD + 12_345_678), SystemClock().now())
    figures = {BTC: {"market_cap": "1234567890123456789.12", "price_change_24h": "-0.00000001"}}
    await service.store.transact([snapshot_put([quote]), market_put(MarketItem(source="test", figures=figures))])


async def test_the_list_shows_the_default_catalogue_in_its_order(client):
    response = await client.get("/inventory/assets")
    answer = response.json()
    assert response.status_code == 200
    assert [each["asset_id"] for each in answer["data"]] == [draft.asset_id for draft in DEFAULT_ASSETS]
    assert answer["total_count"] == answer["active_count"] == COUNT
    assert (answer["has_more"], answer["next_cursor"]) == (False, None)


async def test_answers_have_the_shape_that_is_described(priced, client):
    AssetListAnswer.model_validate(exact(await client.get("/inventory/assets")))
    AssetAnswer.model_validate(exact(await client.get("/inventory/assets/BTC")))


async def test_prices_and_figures_are_json_numbers_with_every_digit(priced, client):
    response = await client.get("/inventory/assets/BTC")
    assert '"price_usd":43210.12345678,' in response.text
    asset = exact(response)["data"]
    assert asset["market_cap"] == Decimal("1234567890123456789.12")
    assert asset["price_change_24h"] == Decimal("-0.00000001")
    assert asset["circulating_supply"] is None


async def test_what_has_no_price_says_so(client):
    asset = (await client.get("/inventory/assets/ETH")).json()["data"]
    assert (asset["price_usd"], asset["availability_status"]) == (None, "available")


async def test_quantities_are_strings(client):
    asset = (await client.get("/inventory/assets/BTC")).json()["data"]
    assert (asset["min_quantity"], asset["max_quantity"], asset["scale"]) == ("0.001", "1000", 8)


@pytest.mark.parametrize("path", ["/inventory/assets/btc", "/inventory/assets/BTC", "/inventory/assets/bTc/"])
async def test_an_asset_is_found_in_any_case(client, path):
    assert (await client.get(path)).json()["data"]["asset_id"] == "BTC"


@pytest.mark.parametrize("asset_id", ["BTC-USD", "ABCDEFGHIJK", "%20", "B%00C", "%C3%9F", "'--"])
async def test_an_impossible_id_is_422(client, asset_id):
    response = await client.get(f"/inventory/assets/{asset_id}")
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "asset_id")


async def test_an_unknown_asset_is_404(client):
    response = await client.get("/inventory/assets/NOPE")
    assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=251", "limit"),
        ("limit=x", "limit"),
        ("sort=luck", "sort"),
        ("cursor=x", "cursor"),
        ("active_only=perhaps", "active_only"),
        ("category=" + "x" * 31, "category"),
    ],
)
async def test_a_bad_query_names_its_field(client, query, field):
    response = await client.get(f"/inventory/assets?{query}")
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, field)


async def test_unknown_parameters_are_ignored(client):
    assert (await client.get("/inventory/assets?page=7")).status_code == 200


async def test_pages_follow_on_each_other(client):
    found, parameters = [], {"sort": "-name", "limit": 5}
    while True:
        answer = (await client.get("/inventory/assets", params=parameters)).json()
        found += [each["name"] for each in answer["data"]]
        if not answer["has_more"]:
            break
        parameters["cursor"] = answer["next_cursor"]
    assert found == sorted((draft.name for draft in DEFAULT_ASSETS), key=str.casefold, reverse=True)


async def test_a_category_can_be_asked_for(client):
    answer = (await client.get("/inventory/assets?category=DeFi")).json()
    assert {each["category"] for each in answer["data"]} == {"defi"}
    assert answer["total_count"] == len(answer["data"]) == 2


async def test_a_reader_that_has_the_answer_gets_304(client):
    first = await client.get("/inventory/assets")
    assert first.headers["cache-control"] == "public, max-age=1"
    for tag in (first.headers["etag"], "*", f'"other", W/{first.headers["etag"]}'):
        again = await client.get("/inventory/assets", headers={"If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert (await client.get("/inventory/assets", headers={"If-None-Match": '"other"'})).status_code == 200


async def test_a_rendered_answer_belongs_to_its_query_alone(client):
    for _ in range(2):
        assert len((await client.get("/inventory/assets?limit=1")).json()["data"]) == 1
        assert len((await client.get("/inventory/assets?limit=2")).json()["data"]) == 2
        assert (await client.get("/inventory/assets/BTC")).json()["data"]["asset_id"] == "BTC"


async def test_the_service_logs_a_rendered_answer_once_and_leaves_its_repeats_to_the_gateway(client):
    with structlog.testing.capture_logs() as lines:
        for _ in range(3):
            await client.get("/inventory/assets")
        await client.get("/inventory/assets/NOPE")
    written = [(line["route"], line["status"]) for line in lines if line["log_level"] == "info"]
    assert written == [("/inventory/assets", 200), ("/inventory/assets/{asset_id}", 404)]
    assert [line["route"] for line in lines if line["log_level"] == "debug"] == ["/inventory/assets"] * 2


async def test_an_admins_answer_is_never_given_to_others(service, client):
    created = await client.post("/inventory/assets", json=NEW, headers=service.bearer("admin"))
    assert created.status_code == 201
    assert (await client.post("/inventory/assets", json=NEW)).status_code == 401
    assert (await client.get("/inventory/assets/NEW")).headers["cache-control"] == "public, max-age=1"
    assert created.headers["cache-control"] == "no-store"


async def test_only_public_routes_may_share_their_answers():
    router = APIRouter(route_class=RenderedRoute)

    async def private(_: Annotated[object, requires(Permission.MANAGE_ASSETS, rate=RateClass.READ)]) -> None: ...

    with pytest.raises(ValueError, match="not public"):
        router.add_api_route("/private", private)


async def test_while_the_store_is_away_reads_answer_503_and_recover(service, client, monkeypatch):
    await client.get("/inventory/assets")

    async def away(*args, **kwargs):
        raise StoreUnavailable("the store is away")

    with monkeypatch.context() as patch:
        patch.setattr(Catalogue, "all", away)
        response = await client.get("/inventory/assets")
        assert (response.status_code, response.json()["code"]) == (503, "SVC_001")
        assert response.headers["retry-after"] == "1"
    assert (await client.get("/inventory/assets")).status_code == 200


async def test_a_shared_answer_carries_the_callers_own_request_id_and_the_edges_headers(client):
    answers = [await client.get("/inventory/assets") for _ in range(2)]
    assert len({each.headers["x-request-id"] for each in answers}) == 2
    assert {each.headers["x-content-type-options"] for each in answers} == {"nosniff"}


async def test_operators_list_an_asset_and_all_see_it_at_once(service, client):
    await client.get("/inventory/assets/NEW")
    response = await client.post("/inventory/assets", json=NEW, headers=service.bearer("admin"))
    assert response.status_code == 201
    asset = response.json()["data"]
    assert (asset["asset_id"], asset["symbol"], asset["min_quantity"], asset["scale"]) == ("NEW", "NEW", "0.5", 6)
    assert (await client.get("/inventory/assets/new")).json()["data"] == asset


async def test_listing_twice_is_a_conflict(service, client):
    response = await client.post("/inventory/assets", json={**NEW, "asset_id": "btc"}, headers=service.bearer("admin"))
    assert (response.status_code, response.json()["code"]) == (409, "ASSET_EXISTS")


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("asset_id", {"asset_id": "no-good"}),
        ("name", {"name": ""}),
        ("name", {"name": "a\nb"}),
        ("category", {"category": "Layer 1"}),
        ("image", {"image": "javascript:alert(1)"}),
        ("image", {"image": "http://plain.example/x.svg"}),
        ("scale", {"scale": 9}),
        ("scale", {"scale": "8"}),
        ("scale", {"scale": True}),
        ("is_active", {"is_active": "yes"}),
        ("min_quantity", {"min_quantity": "1e3"}),
        ("min_quantity", {"min_quantity": "0.0000001"}),
        ("max_quantity", {"max_quantity": "0.1"}),
        ("surprise", {"surprise": 1}),
    ],
)
async def test_a_bad_listing_names_its_field(service, client, field, change):
    response = await client.post("/inventory/assets", json={**NEW, **change}, headers=service.bearer("admin"))
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, field)
    assert (await client.get("/inventory/assets/NEW")).status_code == 404


async def test_a_delisted_asset_leaves_the_list_and_stays_readable(service, client):
    before = (await client.get("/inventory/assets")).json()
    response = await client.patch("/inventory/assets/btc", json={"is_active": False}, headers=service.bearer("admin"))
    assert response.status_code == 200
    after = (await client.get("/inventory/assets")).json()
    assert after["total_count"] == before["total_count"] - 1
    everything = (await client.get("/inventory/assets?active_only=false")).json()
    assert (everything["total_count"], everything["active_count"]) == (COUNT, COUNT - 1)
    asset = (await client.get("/inventory/assets/BTC")).json()["data"]
    assert (asset["is_active"], asset["availability_status"]) == (False, "unavailable")


async def test_the_scale_of_a_listed_asset_is_fixed(service, client):
    response = await client.patch("/inventory/assets/BTC", json={"scale": 2}, headers=service.bearer("admin"))
    assert (response.status_code, response.json()["code"]) == (422, "SCALE_IMMUTABLE")
    same = await client.patch("/inventory/assets/BTC", json={"scale": 8}, headers=service.bearer("admin"))
    assert same.status_code == 200


@pytest.mark.parametrize("asset_id", ["NOPE", "no-good"])
async def test_only_what_is_listed_can_be_changed(service, client, asset_id):
    response = await client.patch(f"/inventory/assets/{asset_id}", json={"name": "X"}, headers=service.bearer("admin"))
    assert response.status_code == (404 if asset_id == "NOPE" else 422)


@pytest.mark.parametrize(("roles", "status"), [(None, 401), ("customer", 403), ("support", 403), ("auditor", 403)])
async def test_only_admins_write_the_catalogue(service, client, roles, status):
    headers = service.bearer(roles) if roles else {}
    assert (await client.post("/inventory/assets", json=NEW, headers=headers)).status_code == status
    assert (await client.patch("/inventory/assets/BTC", json={"name": "X"}, headers=headers)).status_code == status
    assert (await client.get("/inventory/assets/BTC")).json()["data"]["name"] == "Bitcoin"


async def records(service):
    return [item.body["record"] async for item in service.store.scan(prefix="AUDIT#")]


async def test_each_change_is_in_the_audit_trail_with_who_and_what(service, client):
    await client.post("/inventory/assets", json=NEW, headers=service.bearer("admin"))
    await client.patch("/inventory/assets/NEW", json={"name": "Newer", "rank": 5}, headers=service.bearer("admin"))
    await client.patch("/inventory/assets/NEW", json={"name": "Newer"}, headers=service.bearer("admin"))
    found = [(each["activity_name"], each["actor"]["user"]["uid"], each["unmapped"]) for each in await records(service)]
    assert sorted(found, key=str) == [
        ("asset_changed", "usr_1", {"asset_id": "NEW", "fields": "name,rank"}),
        ("asset_listed", "usr_1", {"asset_id": "NEW", "fields": ""}),
    ]
    assert [ocsf.problems(record) for record in await records(service)] == [[], []]
    assert {record["entity"]["uid"] for record in await records(service)} == {"NEW"}


async def test_a_refused_listing_leaves_no_record(service, client):
    await client.post("/inventory/assets", json={**NEW, "asset_id": "BTC"}, headers=service.bearer("admin"))
    assert [each["activity_name"] for each in await records(service)] == []


async def test_replicas_that_change_one_asset_at_once_lose_nothing(service):
    async with service.client() as first, service.client() as second:
        for number in range(10):
            headers = service.bearer("admin")
            one = first.patch("/inventory/assets/BTC", json={"rank": number + 1}, headers=headers)
            other = second.patch("/inventory/assets/BTC", json={"description": f"Text {number}"}, headers=headers)
            assert [each.status_code for each in await asyncio.gather(one, other)] == [200, 200]
    item = await service.store.get(Key("ASSETS", "BTC"))
    assert (item.body["rank"], item.body["description"]) == (10, "Text 9")


async def test_health_tells_of_the_missing_valkey_and_stays_ready(client):
    response = await client.get("/health")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["checks"] == {"store": "ok", "valkey": "failed", "chores": "ok"}


def test_the_description_needs_no_connection_and_declares_every_access():
    paths = describe()["paths"]
    access = {
        (path, method): (operation["x-access"]["roles"], operation["x-access"]["rate_class"])
        for path, operations in paths.items()
        for method, operation in operations.items()
        if path.startswith("/inventory")
    }
    assert access == {
        ("/inventory/assets", "get"): (["public"], "read"),
        ("/inventory/assets/{asset_id}", "get"): (["public"], "read"),
        ("/inventory/assets/{asset_id}/prices", "get"): (["public"], "read"),
        ("/inventory/stream", "get"): (["public"], "stream"),
        ("/inventory/assets", "post"): (["admin"], "write"),
        ("/inventory/assets/{asset_id}", "patch"): (["admin"], "write"),
    }
    assert paths["/inventory/stream"]["get"]["x-access"]["stream"]
