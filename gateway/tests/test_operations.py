"""The table: every operation has one route, every route an operation, and nothing ambiguous gets in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnop_gateway import (
    Operation,
    OperationError,
    RateClass,
    RouteCollision,
    UndeclaredAccess,
    UnknownService,
    operations_from_openapi,
    render,
)
from cnop_gateway.operations import arrange, methods_by_path
from cnop_gateway.templates import parse

from .support import DOCUMENTS, access, operations, settings_of


def document(*paths: str, **declared) -> dict:
    return {"paths": {path: {"get": access(["customer"], **declared)} for path in paths}}


def table(*documents: dict) -> tuple[Operation, ...]:
    services = [f"service_{number}" for number in range(len(documents))]
    found = [each for name, one in zip(services, documents, strict=True) for each in operations_from_openapi(name, one)]
    return arrange(found, services)


def test_an_operation_is_read_with_its_rule():
    declared = access(["admin", "support"], "trade", cookie=True, body_limit_bytes=99, timeout_seconds=3, step_up=True)
    (operation,) = operations_from_openapi("orders", {"paths": {"/orders/{order_id}": {"post": declared}}})
    assert (operation.service, operation.method, operation.path.text) == ("orders", "POST", "/orders/{order_id}")
    assert operation.access.roles == {"admin", "support"}
    assert operation.access.rate_class is RateClass.TRADE
    assert operation.access.body_limit_bytes == 99
    assert operation.access.cookie
    assert not operation.access.public


def test_internal_operations_and_other_members_of_a_path_are_left_out():
    item = {"get": {"x-internal": True}, "parameters": [], "summary": "x", "post": access(["public"])}
    assert [each.method for each in operations_from_openapi("a", {"paths": {"/x": item}})] == ["POST"]


@pytest.mark.parametrize(
    "declared",
    [
        {},
        {"x-access": None},
        {"x-access": {}},
        access(["root"]),
        access([]),
        access(["public", "admin"]),
        access(["customer"], "unlimited"),
        access(["customer"], body_limit_bytes=0),
        access(["customer"], timeout_seconds=-1),
        access(["customer"], only_on_sundays=True),
    ],
)
def test_access_that_is_missing_or_not_understood_is_refused_by_name(declared: dict):
    with pytest.raises(UndeclaredAccess, match="orders POST /orders "):
        operations_from_openapi("orders", {"paths": {"/orders": {"post": declared}}})


@pytest.mark.parametrize(
    "path", ["orders", "/a/../b", "/a/{x}.json", "/a/{x}{y}", "/a b", "/a//b", "/a/{}", "/a%2fb", "/*"]
)
def test_a_path_that_could_be_read_in_two_ways_is_refused(path: str):
    with pytest.raises(OperationError, match="orders GET"):
        operations_from_openapi("orders", document(path))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/orders", "/orders"),
        ("/orders", "/orders/"),
        ("/orders/{a}", "/orders/{b}"),
        ("/a/{x}/c", "/a/b/{y}"),
    ],
)
def test_two_operations_for_the_same_requests_collide(one: str, other: str):
    with pytest.raises(RouteCollision) as raised:
        table(document(one), document(other))
    assert "service_0 GET" in str(raised.value)
    assert "service_1 GET" in str(raised.value)


def test_a_more_specific_path_does_not_collide_and_goes_first():
    arranged = table(document("/orders/{order_id}", "/orders/stream"), document("/orders"))
    assert [each.path.text for each in arranged] == ["/orders", "/orders/stream", "/orders/{order_id}"]


def test_other_methods_on_the_same_path_do_not_collide():
    assert len(table({"paths": {"/a": {"get": access(["admin"]), "put": access(["admin"])}}})) == 2


def test_a_service_cannot_take_the_paths_of_description_docs_and_health():
    for path in ("/openapi.json", "/docs", "/docs/{name}", "/health"):
        with pytest.raises(RouteCollision, match="user_service GET"):
            render(settings_of(), operations_from_openapi("user_service", document(path)))


def test_a_service_without_an_address_is_refused():
    with pytest.raises(UnknownService, match="order_service"):
        render(settings_of(upstreams={"user_service": {"port": 8000}}), operations())


def test_the_methods_of_a_path_include_those_of_templates_that_match_it():
    paths = {"/a/{x}": {"get": access(["admin"])}, "/a/b": {"post": access(["admin"])}}
    methods = methods_by_path(table({"paths": paths}))
    assert {path.text: each for path, each in methods.items()} == {"/a/b": ("GET", "POST"), "/a/{x}": ("GET",)}


def test_every_operation_has_exactly_one_route_on_each_listener_and_every_route_an_operation():
    config = render(settings_of(), operations())
    for listener in config["static_resources"]["listeners"]:
        (manager,) = listener["filter_chains"][0]["filters"]
        routes = manager["typed_config"]["route_config"]["virtual_hosts"][0]["routes"]
        to_services = [each["name"] for each in routes if each.get("route", {}).get("cluster") in DOCUMENTS]
        assert sorted(to_services) == sorted(each.name for each in operations())


def test_every_route_says_who_may_pass_or_is_for_anyone_or_leads_nowhere():
    """A route without an override is refused by the filters' defaults, so this pins those defaults as well."""
    config = render(settings_of(), operations())
    by_name = {each.name: each for each in operations()}
    for listener in config["static_resources"]["listeners"]:
        (manager,) = listener["filter_chains"][0]["filters"]
        filters = {each["name"]: each["typed_config"] for each in manager["typed_config"]["http_filters"]}
        assert filters["envoy.filters.http.rbac"]["rules"] == {"action": "ALLOW", "policies": {}}
        assert filters["envoy.filters.http.jwt_authn"]["rules"][0]["match"] == {"prefix": "/"}
        for route in manager["typed_config"]["route_config"]["virtual_hosts"][0]["routes"]:
            overrides = route.get("typed_per_filter_config", {})
            if route["name"] in by_name and not by_name[route["name"]].access.public:
                assert "envoy.filters.http.jwt_authn" not in overrides
                assert overrides["envoy.filters.http.rbac"]["rbac"]["rules"]["action"] == "ALLOW"


SEGMENT = st.one_of(st.sampled_from(["a", "b", "c"]), st.sampled_from(["{x}", "{y}"]))
TEMPLATE = st.lists(SEGMENT, max_size=4).map(lambda parts: parse("/" + "/".join(parts)))
CONCRETE = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=4).map(lambda parts: parse("/" + "/".join(parts)))


@given(TEMPLATE, TEMPLATE, CONCRETE)
def test_what_matches_two_templates_matches_because_they_overlap(one, other, path):
    if path.within(one) and path.within(other):
        assert one.overlaps(other)
        assert other.overlaps(one)
    if path.within(one) and one.within(other):
        assert path.within(other)
