from typing import Annotated

import pytest
import structlog

from cnop_platform.access import Principal, RateClass, UndeclaredAccess, public, requires
from cnop_platform.app import create_app, describe, service_router
from cnop_platform.permissions import Permission, Role
from cnop_platform.policies import InvalidPolicies, Question, load_policies, load_role_matrix, policies_folder

pytestmark = pytest.mark.security

EVERY_MEMBER = {"customer", "support", "auditor", "admin"}
GRANTS = {
    "auth:register": {"public"},
    "auth:login": {"public"},
    "auth:refresh": {"public"},
    "auth:recover": {"public"},
    "keys:read": {"public"},
    "assets:read": {"public"},
    "prices:stream": {"public"},
    "profile:read": EVERY_MEMBER,
    "profile:update": EVERY_MEMBER,
    "session:logout": EVERY_MEMBER,
    "sessions:manage": EVERY_MEMBER,
    "credentials:manage": EVERY_MEMBER,
    "account:export": EVERY_MEMBER,
    "account:delete": EVERY_MEMBER,
    "events:read": EVERY_MEMBER,
    "balance:read": EVERY_MEMBER,
    "balance:deposit": EVERY_MEMBER,
    "balance:withdraw": EVERY_MEMBER,
    "orders:place": {"customer"},
    "orders:preview": {"customer"},
    "orders:read": {"customer", "support", "admin"},
    "orders:cancel": {"customer"},
    "orders:replace": {"customer"},
    "orders:stream": {"customer"},
    "portfolio:read": {"customer", "support", "admin"},
    "portfolio:history": {"customer"},
    "holdings:read": {"customer"},
    "assets:manage": {"admin"},
    "users:read": {"support", "admin"},
    "users:read-phone": {"admin"},
    "users:manage": {"admin"},
    "audit:read": {"auditor", "admin"},
}


def test_the_policies_grant_exactly_this():
    matrix = load_role_matrix(policies_folder())
    assert {permission.value: {role.value for role in roles} for permission, roles in matrix.items()} == GRANTS


def test_what_no_policy_permits_nobody_holds(tmp_path):
    (tmp_path / "roles.cedar").write_text("")
    (tmp_path / "schema.cedarschema").write_text((policies_folder() / "schema.cedarschema").read_text())
    assert set(load_role_matrix(tmp_path).values()) == {frozenset()}


def test_policies_that_do_not_fit_the_schema_are_refused(tmp_path):
    (tmp_path / "schema.cedarschema").write_text((policies_folder() / "schema.cedarschema").read_text())
    (tmp_path / "roles.cedar").write_text('permit (principal, action == Action::"orders:steal", resource);')
    with pytest.raises(InvalidPolicies):
        load_role_matrix(tmp_path)


def test_a_decision_names_the_policies_that_made_it():
    engine = load_policies(policies_folder())
    customer = frozenset({Role.CUSTOMER})
    granted = engine.decide(Question(customer, Permission.PLACE_ORDER))
    assert (granted.allowed, granted.policies) == (True, ("customers-trade",))
    denied = engine.decide(Question(customer, Permission.MANAGE_USERS))
    assert (denied.allowed, denied.policies, denied.needs_step_up) == (False, (), False)
    stale = engine.decide(Question(customer, Permission.DELETE_ACCOUNT, step_up=True))
    assert (stale.allowed, stale.policies) == (False, ("sensitive-acts-need-a-fresh-login",))
    assert stale.needs_step_up
    assert engine.decide(Question(customer, Permission.DELETE_ACCOUNT, step_up=True, fresh_login=True)).allowed


def test_a_fresh_login_grants_nothing_by_itself():
    engine = load_policies(policies_folder())
    decision = engine.decide(Question(frozenset(), Permission.DELETE_ACCOUNT, step_up=True, fresh_login=True))
    assert (decision.allowed, decision.needs_step_up) == (False, False)


def test_whom_no_role_admits_is_not_sent_to_log_in_again():
    stale = Question(frozenset({Role.CUSTOMER}), Permission.MANAGE_USERS, step_up=True)
    decision = load_policies(policies_folder()).decide(stale)
    assert (decision.allowed, decision.policies, decision.needs_step_up) == (False, (), False)


def test_a_public_route_needs_a_public_grant():
    async def exposed(_: Annotated[None, public(Permission.READ_AUDIT, rate=RateClass.READ)]) -> None: ...

    with pytest.raises(UndeclaredAccess, match="audit:read"):
        app_with(exposed)


def app_with(endpoint):
    router = service_router(tags=["x"])
    router.get("/thing")(endpoint)
    return create_app(name="x", title="x", version="1", routers=[router], wire=None)


def test_a_route_without_access_keeps_the_service_from_starting():
    async def undeclared() -> None: ...

    with pytest.raises(UndeclaredAccess, match="GET /thing"):
        app_with(undeclared)


def test_a_route_with_two_declarations_keeps_the_service_from_starting():
    async def contradictory(
        _: Annotated[None, public(Permission.READ_ASSETS, rate=RateClass.READ)],
        principal: Annotated[Principal, requires(Permission.READ_AUDIT, rate=RateClass.READ)],
    ) -> None: ...

    with pytest.raises(UndeclaredAccess, match="2 times"):
        app_with(contradictory)


def test_the_description_carries_the_declaration(service):
    operation = describe(service.app)["paths"]["/payments"]["post"]
    assert operation["x-access"] == {
        "permission": "balance:deposit",
        "roles": ["admin", "auditor", "customer", "support"],
        "rate_class": "trade",
        "step_up": False,
        "owner": "self",
        "body_limit_bytes": 100,
        "timeout_seconds": 10,
        "stream": False,
        "cookie": False,
    }
    assert operation["security"] == [{"bearer": []}]
    assert describe(service.app)["paths"]["/greetings/{name}"]["get"]["x-access"]["roles"] == [Role.PUBLIC]


async def test_the_description_that_is_served_defines_what_it_refers_to(service, client):
    served = (await client.get("/openapi.json")).json()
    assert served == describe(service.app)
    assert "Problem" in served["components"]["schemas"]
    assert "bearer" in served["components"]["securitySchemes"]


async def test_no_token_is_401_before_the_body_is_looked_at(client):
    answer = await client.post("/payments", content="{not json", headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_002")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("value", ["Bearer invalid_token", "Basic YTpi", "Bearer", "bearer  ", "invalid_token"])
async def test_a_bad_token_is_401(client, value):
    answer = await client.get("/audit-view", headers={"Authorization": value})
    assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_003")


async def test_a_token_in_query_or_cookie_is_not_looked_at(service, client):
    token = service.mint.token(now=service.now, roles=["admin"])
    answer = await client.get(
        "/audit-view", params={"access_token": token}, headers={"Cookie": f"access_token={token}"}
    )
    assert answer.json()["code"] == "AUTH_002"


async def test_two_authorization_headers_are_refused(service, client):
    header = service.bearer(roles=["admin"])["Authorization"]
    answer = await client.get("/audit-view", headers=[("Authorization", header), ("Authorization", header)])
    assert answer.status_code == 401


@pytest.mark.parametrize(("roles", "status"), [(["admin"], 200), (["auditor"], 200), (["customer"], 403), ([], 403)])
async def test_only_granted_roles_pass(service, client, roles, status):
    answer = await client.get("/audit-view", headers=service.bearer(roles=roles))
    assert answer.status_code == status


async def test_a_refusal_is_audited_without_the_token(service, client):
    headers = service.bearer(roles=["customer"])
    answer = await client.get("/audit-view", headers=headers)
    assert answer.json()["code"] == "PERM_001"
    await service.audit.drain()
    (item,) = [item async for item in service.store.scan(prefix="AUDIT#")]
    record = item.body["record"]
    assert record["activity_name"] == "access_denied"
    assert record["actor"]["user"]["uid"] == "usr_1"
    assert record["src_endpoint"]["ip"] == "203.0.113.9"
    assert record["metadata"]["correlation_uid"] == answer.headers["x-request-id"]
    assert headers["Authorization"].split()[1] not in str(item.body)


@pytest.mark.parametrize(("role", "policy"), [("auditor", "auditors-read-the-trail"), ("admin", "admins-operate")])
async def test_the_log_line_of_a_request_names_the_policies_that_decided(service, client, role, policy):
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        await client.get("/audit-view", headers=service.bearer(roles=[role]))
        await client.get("/audit-view", headers=service.bearer(roles=["customer"]))
    admitted, refused = [line for line in lines if line["event"] == "request"]
    assert (admitted["policies"], admitted["user_id"], admitted["status"]) == ((policy,), "usr_1", 200)
    assert (refused["policies"], refused["status"]) == ((), 403)


async def test_an_ended_session_is_refused_at_once(service, client):
    headers = service.bearer(roles=["admin"])
    assert (await client.get("/audit-view", headers=headers)).status_code == 200
    service.sessions.ended.add("ses_1")
    assert (await client.get("/audit-view", headers=headers)).json()["code"] == "AUTH_003"


@pytest.mark.parametrize(
    ("enrolled", "amr", "status"),
    [(False, ["pwd"], 200), (True, ["pwd"], 403), (True, ["pwd", "otp", "mfa"], 200), (True, ["pop", "mfa"], 200)],
)
async def test_a_sensitive_act_needs_the_second_factor_of_who_has_one(service, client, enrolled, amr, status):
    service.factors.enrolled = {"usr_1"} if enrolled else set()
    response = await client.delete("/account", headers=service.bearer(auth_time=service.now, amr=amr))
    assert response.status_code == status
    assert status == 200 or response.json()["code"] == "PERM_002"


async def test_a_service_that_cannot_ask_for_factors_takes_no_other_proof(service, client):
    client._transport.app.state.gatekeeper._factors = None
    assert (await client.delete("/account", headers=service.bearer())).status_code == 403
    assert (await client.delete("/account", headers=service.bearer(amr=["pwd", "mfa"]))).status_code == 200


async def test_a_sensitive_act_needs_a_fresh_login(service, client):
    fresh = await client.delete("/account", headers=service.bearer(auth_time=service.now - 299))
    stale = await client.delete("/account", headers=service.bearer(auth_time=service.now - 301))
    assert fresh.status_code == 200
    assert (stale.status_code, stale.json()["code"]) == (403, "PERM_002")
