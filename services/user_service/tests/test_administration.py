import asyncio

import pytest
from users_under_test import START, bearer, log_in, register, signed_in

from cnop_core.errors import Forbidden
from cnop_platform.permissions import Role
from cnop_platform.request_context import RequestContext
from cnop_users.application.administration import Actor, Administration

OPERATOR = Actor("operator", RequestContext("req", "127.0.0.1", "test", via_gateway=False))


async def staff(client, service, username, *roles):
    """Register somebody with these roles and return their tokens."""
    user_id = (await register(client, username)).json()["user_id"]
    administration = service.app.state.provided[Administration]
    await administration.set_roles(user_id, frozenset(roles), actor=OPERATOR)
    return (await log_in(client, username)).json()


@pytest.fixture
async def admin(client, service):
    return await staff(client, service, "the_admin", Role.ADMIN)


async def id_of(client, tokens):
    return (await client.get("/auth/profile", headers=bearer(tokens))).json()["user_id"]


async def audited(service):
    return [item.body["record"] async for item in service.store.scan(prefix="AUDIT#")]


OPERATIONS = (
    ("GET", "/admin/users", None),
    ("GET", "/admin/users/{id}", None),
    ("GET", "/admin/users/{id}/sessions", None),
    ("PUT", "/admin/users/{id}/roles", {"roles": ["admin"]}),
    ("POST", "/admin/users/{id}/suspend", {}),
    ("POST", "/admin/users/{id}/reinstate", {}),
    ("DELETE", "/admin/users/{id}/sessions", None),
    ("GET", "/audit/events", None),
    ("GET", "/audit/chain", None),
)
READS = 3


async def statuses(client, user_id, headers):
    answers = [
        await client.request(method, path.replace("{id}", user_id), json=body, headers=headers)
        for method, path, body in OPERATIONS
    ]
    return [answer.status_code for answer in answers]


async def test_who_may_do_what(client, service, tokens):
    user_id = await id_of(client, tokens)
    support = await staff(client, service, "the_support", Role.SUPPORT)
    auditor = await staff(client, service, "the_auditor", Role.AUDITOR)
    admin = await staff(client, service, "the_admin", Role.ADMIN)
    assert await statuses(client, user_id, {}) == [401] * 9
    assert await statuses(client, user_id, bearer(tokens)) == [403] * 9
    assert await statuses(client, user_id, bearer(support)) == [200] * READS + [403] * 6
    assert await statuses(client, user_id, bearer(auditor)) == [403] * 7 + [200] * 2
    assert await statuses(client, user_id, bearer(admin)) == [200] * 9


async def test_accounts_are_listed_newest_first_without_personal_data(client, service, admin):
    for number in range(4):
        service.clock.advance(seconds=1)
        await register(client, f"person_{number}")
    first = (await client.get("/admin/users?limit=3", headers=bearer(admin))).json()
    rest = (await client.get(f"/admin/users?cursor={first['next_cursor']}", headers=bearer(admin))).json()
    names = [user["username"] for user in [*first["data"], *rest["data"]]]
    assert names == ["person_3", "person_2", "person_1", "person_0", "the_admin"]
    assert "email" not in first["data"][0]
    assert (first["has_more"], rest["has_more"]) == (True, False)


async def test_an_account_is_found_by_its_whole_name(client, admin):
    await register(client, "Ada_Lovelace")
    found = (await client.get("/admin/users?username=ADA_lovelace", headers=bearer(admin))).json()
    assert [user["username"].casefold() for user in found["data"]] == ["ada_lovelace"]
    assert (found["has_more"], found["next_cursor"]) == (False, None)
    assert (await client.get("/admin/users?username=ada", headers=bearer(admin))).json()["data"] == []
    assert (await client.get("/admin/users?username=a@b.c", headers=bearer(admin))).status_code == 422


async def test_looking_at_a_person_is_recorded(client, service, admin, tokens):
    user_id = await id_of(client, tokens)
    person = (await client.get(f"/admin/users/{user_id}", headers=bearer(admin))).json()
    assert person["email"] == "testuser@example.com"
    async with asyncio.timeout(5):
        while "person_read" not in [record["activity_name"] for record in await audited(service)]:
            await asyncio.sleep(0.01)
    assert (await client.get("/admin/users/usr_unknown_0", headers=bearer(admin))).status_code == 404
    assert (await client.get("/admin/users/short", headers=bearer(admin))).status_code == 422


async def test_new_roles_count_at_once_and_end_the_sessions(client, service, admin, tokens):
    user_id = await id_of(client, tokens)
    response = await client.put(
        f"/admin/users/{user_id}/roles", json={"roles": ["support", "customer"]}, headers=bearer(admin)
    )
    assert response.json()["roles"] == ["customer", "support"]
    assert (await client.get("/auth/profile", headers=bearer(tokens))).status_code == 401
    fresh = (await log_in(client)).json()
    assert (await client.get("/admin/users", headers=bearer(fresh))).status_code == 200
    record = next(each for each in await audited(service) if each["unmapped"].get("roles") == "customer support")
    assert record["activity_name"] == "roles_changed"
    assert record["actor"]["user"]["uid"] == await id_of(client, admin)


async def test_the_same_roles_again_end_nothing(client, admin, tokens):
    user_id = await id_of(client, tokens)
    await client.put(f"/admin/users/{user_id}/roles", json={"roles": ["customer"]}, headers=bearer(admin))
    assert (await client.get("/auth/profile", headers=bearer(tokens))).status_code == 200


@pytest.mark.parametrize("roles", [[], ["public"], ["root"], "admin", None, ["admin"] * 5])
async def test_what_is_no_role_is_invalid(client, admin, tokens, roles):
    user_id = await id_of(client, tokens)
    response = await client.put(f"/admin/users/{user_id}/roles", json={"roles": roles}, headers=bearer(admin))
    assert response.status_code == 422


async def test_changing_roles_needs_a_recent_proof(client, service, admin, tokens):
    user_id = await id_of(client, tokens)
    service.clock.advance(seconds=301)
    response = await client.put(f"/admin/users/{user_id}/roles", json={"roles": ["admin"]}, headers=bearer(admin))
    assert (response.status_code, response.json()["code"]) == (403, "PERM_002")


async def test_nobody_changes_their_own_rights(client, admin):
    user_id = await id_of(client, admin)
    for method, path, body in OPERATIONS[READS : READS + 3]:
        response = await client.request(method, path.replace("{id}", user_id), json=body, headers=bearer(admin))
        assert response.status_code == 409
    assert (await client.get("/auth/profile", headers=bearer(admin))).json()["roles"] == ["admin"]


async def test_a_suspended_person_is_out_at_once_and_back_when_reinstated(client, admin, tokens):
    user_id = await id_of(client, tokens)
    assert (await client.post(f"/admin/users/{user_id}/suspend", headers=bearer(admin))).json()["status"] == "suspended"
    assert (await client.get("/balance", headers=bearer(tokens))).status_code == 401
    refresh = await client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert refresh.status_code == 401
    out = await log_in(client)
    assert (out.status_code, out.json()["code"]) == (401, "AUTH_001")
    assert (await client.post(f"/admin/users/{user_id}/reinstate", headers=bearer(admin))).status_code == 200
    assert (await log_in(client)).status_code == 200


async def test_sign_ins_during_a_suspension_do_not_outlive_it(client, admin, tokens):
    user_id = await id_of(client, tokens)
    suspend = client.post(f"/admin/users/{user_id}/suspend", headers=bearer(admin))
    *logins, suspended = await asyncio.gather(*(log_in(client) for _ in range(4)), suspend)
    assert suspended.status_code == 200
    for login in logins:
        if login.status_code == 200:
            assert (await client.get("/auth/profile", headers=bearer(login.json()))).status_code == 401
    sessions = (await client.get(f"/admin/users/{user_id}/sessions", headers=bearer(admin))).json()["data"]
    assert sessions == []


async def test_somebody_is_signed_out_everywhere(client, admin, tokens):
    user_id = await id_of(client, tokens)
    other = (await log_in(client)).json()
    assert len((await client.get(f"/admin/users/{user_id}/sessions", headers=bearer(admin))).json()["data"]) == 2
    response = await client.delete(f"/admin/users/{user_id}/sessions", headers=bearer(admin))
    assert response.json()["revoked"] == 2
    for each in (tokens, other):
        assert (await client.get("/auth/profile", headers=bearer(each))).status_code == 401
    assert (await client.delete("/admin/users/usr_unknown_0/sessions", headers=bearer(admin))).status_code == 404


async def events(client, tokens, query=""):
    response = await client.get(f"/audit/events{query}", headers=bearer(tokens))
    assert response.status_code == 200, response.text
    return response.json()


async def test_the_trail_is_read_newest_first_across_days_and_by_page(client, service, admin):
    for _ in range(3):
        service.clock.advance(seconds=86_400)
        last = (await log_in(client, "the_admin")).json()
    whole = await events(client, last)
    names = [record["activity_name"] for record in whole["data"]]
    assert names[:3] == ["login"] * 3
    assert sorted(names[3:]) == ["account_registered", "login", "roles_changed"], "all of one millisecond"
    seen, cursor = [], ""
    while cursor is not None:
        page = await events(client, last, f"?limit=2{cursor and '&cursor=' + cursor}")
        seen += page["data"]
        cursor = page["next_cursor"]
    assert seen == whole["data"]
    assert not whole["has_more"]


async def test_the_end_of_the_chain_is_verified_for_those_who_read_the_trail(client, service, admin):
    answer = await client.get("/audit/chain", headers=bearer(admin))
    assert answer.status_code == 200, answer.text
    chain = answer.json()
    assert (chain["intact"], chain["checkpoints"], chain["sealed_at"], chain["faults"]) == (True, 0, None, [])


async def test_the_trail_is_filtered_by_person_class_and_time(client, service, admin):
    service.clock.advance(seconds=3600)
    admin = (await log_in(client, "the_admin")).json()
    user = (await register(client)).json()["user_id"]
    await log_in(client)
    about = await events(client, admin, f"?actor={user}")
    assert {record["user"]["uid"] for record in about["data"]} == {user}
    logins = await events(client, admin, "?class=authentication")
    assert {record["class_uid"] for record in logins["data"]} == {3002}
    both = await events(client, admin, f"?actor={user}&class=account_change")
    assert [record["activity_name"] for record in both["data"]] == ["account_registered"]
    early = await events(client, admin, "?end=2026-01-31T12:30:00Z")
    assert len(early["data"]) == 3
    late = await events(client, admin, "?start=2026-01-31T13:30:00%2B01:00")
    assert len(late["data"]) == 3


@pytest.mark.parametrize(
    "query", ["?class=x", "?start=yesterday", "?start=2026-01-31T12:00:00", "?cursor=x", "?limit=0"]
)
async def test_a_bad_question_to_the_trail_is_invalid(client, admin, query):
    assert (await client.get(f"/audit/events{query}", headers=bearer(admin))).status_code == 422


async def test_a_short_page_still_leads_on(client, service, admin, monkeypatch):
    monkeypatch.setattr("cnop_users.application.audit_log._MOST_LOOKED_AT", 2)
    for _ in range(3):
        service.clock.advance(seconds=1)
        await log_in(client, "the_admin")
    page = await events(client, admin, "?class=account_change")
    assert (page["data"], page["has_more"]) == ([], True)
    while not page["data"]:
        page = await events(client, admin, f"?class=account_change&cursor={page['next_cursor']}")
    assert page["data"][0]["activity_name"] == "account_registered"


async def test_signed_in_people_are_told_apart_from_strangers(client, service):
    tokens = await signed_in(client)
    assert service.clock.now() == START
    assert (await client.get("/admin/users", headers=bearer(tokens))).json()["code"] == "PERM_001"


async def test_support_sees_how_to_write_to_somebody_but_not_their_phone_number(client, service, admin):
    answer = await register(client, "with_phone", phone="15551234567")
    support = await staff(client, service, "the_support", Role.SUPPORT)
    path = f"/admin/users/{answer.json()['user_id']}"
    assert (await client.get(path, headers=bearer(admin))).json()["phone"] == "15551234567"
    shown = (await client.get(path, headers=bearer(support))).json()
    assert (shown["phone"], shown["email"].partition("@")[1]) == (None, "@")


@pytest.mark.parametrize("instant", ["0001-01-01T00:04:17Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00"])
@pytest.mark.parametrize("bound", ["start", "end"])
async def test_the_trail_is_asked_for_times_in_which_there_can_be_one(client, admin, bound, instant):
    answer = await client.get("/audit/events", params={bound: instant}, headers=bearer(admin))
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")


async def test_of_two_administrators_who_depose_each_other_at_once_one_remains(client, service):
    tokens = [await staff(client, service, name, Role.ADMIN) for name in ("first_admin", "second_admin")]
    first, second = [await id_of(client, each) for each in tokens]

    def depose(user_id, by):
        body = {"roles": ["customer"]}
        return client.put(f"/admin/users/{user_id}/roles", json=body, headers=bearer(by))

    answers = await asyncio.gather(depose(second, tokens[0]), depose(first, tokens[1]))
    assert sorted(answer.status_code for answer in answers) in ([200, 401], [200, 403])
    profiles = [(await log_in(client, name)).json() for name in ("first_admin", "second_admin")]
    reading = [(await client.get("/admin/users", headers=bearer(each))).status_code for each in profiles]
    assert sorted(reading) == [200, 403]


async def test_an_administrator_whose_role_was_taken_meanwhile_changes_nothing(client, service, tokens):
    """The role is lost between the door and the commit, as when two act at once."""
    admin = await staff(client, service, "the_admin", Role.ADMIN)
    actor = Actor(await id_of(client, admin), OPERATOR.context)
    administration = service.app.state.provided[Administration]
    await administration.set_roles(actor.user_id, frozenset({Role.CUSTOMER}), actor=OPERATOR)
    with pytest.raises(Forbidden):
        await administration.set_roles(await id_of(client, tokens), frozenset({Role.ADMIN}), actor=actor)


async def test_an_administrator_does_not_erase_themselves_before_the_role_is_taken(client, service, admin):
    answer = await client.delete("/auth/account", headers=bearer(admin))
    assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
    assert (await client.get("/admin/users", headers=bearer(admin))).status_code == 200
    administration = service.app.state.provided[Administration]
    await administration.set_roles(await id_of(client, admin), frozenset({Role.CUSTOMER}), actor=OPERATOR)
    fresh = (await log_in(client, "the_admin")).json()
    assert (await client.delete("/auth/account", headers=bearer(fresh))).status_code == 200
