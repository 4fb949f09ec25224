"""A second factor that a role wants: without it there is just enough to enrol one (ASVS V6.3.3)."""

import pytest
from pydantic import ValidationError
from test_administration import staff
from test_second_factor import enrol
from users_under_test import ServiceUnderTest, bearer, log_in, make_settings, signed_in

from cnop_platform.permissions import STAFF, Role

pytestmark = pytest.mark.security
PRODUCTION = {
    "environment": "production",
    "bcrypt_cost": 12,
    "smtp_url": "smtps://user:pw@mail.test",
    "mail_from": "no-reply@shop.test",
}
NOT_WITHOUT = (("GET", "/admin/users"), ("GET", "/audit/events"), ("GET", "/balance"))


@pytest.fixture
def settings(tmp_path, valkey_server):
    return make_settings(tmp_path, valkey_server.url, second_factor_roles="admin, auditor")


async def answers(client, tokens):
    return [await client.request(method, path, headers=bearer(tokens)) for method, path in NOT_WITHOUT]


async def test_staff_enrol_a_factor_before_they_do_anything_else(client, service):
    admin = await staff(client, service, "the_admin", Role.ADMIN)
    for refused in await answers(client, admin):
        assert (refused.status_code, refused.json()["code"]) == (403, "PERM_003")
        assert "enrol one" in refused.json()["message"]
    for path in ("/auth/profile", "/auth/sessions", "/auth/events", "/auth/mfa"):
        assert (await client.get(path, headers=bearer(admin))).status_code == 200, path
    app, _ = await enrol(client, service, admin)
    assert {each.status_code for each in await answers(client, admin)} == {403}, "the session began without it"
    service.clock.advance(seconds=30)
    proven = (await log_in(client, "the_admin", otp=app.code())).json()
    assert {each.status_code for each in await answers(client, proven)} == {200}
    refreshed = (await client.post("/auth/refresh", json={"refresh_token": proven["refresh_token"]})).json()
    assert {each.status_code for each in await answers(client, refreshed)} == {200}


async def test_who_has_no_such_role_is_asked_for_nothing(client, service):
    assert (await client.get("/balance", headers=bearer(await signed_in(client)))).status_code == 200
    support = await staff(client, service, "the_support", Role.SUPPORT)
    assert (await client.get("/admin/users", headers=bearer(support))).status_code == 200


async def test_customers_can_be_asked_too(tmp_path, valkey_server, cache):
    strict = make_settings(tmp_path, valkey_server.url, second_factor_roles="customer")
    service = ServiceUnderTest(strict, cache)
    async with service.client() as client:
        tokens = await signed_in(client)
        assert (await client.get("/balance", headers=bearer(tokens))).json()["code"] == "PERM_003"
        app, _ = await enrol(client, service, tokens)
        service.clock.advance(seconds=30)
        proven = (await log_in(client, otp=app.code())).json()
        assert (await client.get("/balance", headers=bearer(proven))).status_code == 200


def test_in_production_staff_need_one_unless_it_is_said_otherwise(tmp_path):
    def roles(**values):
        return make_settings(tmp_path, "valkeys://localhost", **values).factor_roles

    assert roles() == frozenset()
    assert roles(**PRODUCTION) == STAFF == frozenset(Role) - {Role.PUBLIC, Role.CUSTOMER}
    assert roles(**PRODUCTION, second_factor_roles="") == frozenset()
    with pytest.raises(ValidationError):
        roles(second_factor_roles="admin, owner")
