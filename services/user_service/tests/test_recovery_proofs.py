"""A recovery code in place of the factor that its owner has lost, within a session."""

import asyncio

import pytest
from test_second_factor import amr_of, enrol, step_up
from users_under_test import bearer, log_in

pytestmark = pytest.mark.security


@pytest.fixture
async def enrolled(client, service, tokens):
    return await enrol(client, service, tokens)


async def test_a_recovery_code_steps_up_once_so_that_a_lost_app_can_be_removed(client, service, enrolled, tokens):
    _, codes = enrolled
    service.clock.advance(seconds=301)
    assert (await client.delete("/auth/mfa/totp", headers=bearer(tokens))).json()["code"] == "PERM_002"
    fresh = await step_up(client, tokens, recovery_code=codes[0].lower())
    assert fresh.status_code == 200, fresh.text
    assert amr_of(fresh.json()) == ["recovery_code", "mfa"]
    again = await step_up(client, fresh.json(), recovery_code=codes[0])
    assert (again.status_code, again.json()["code"]) == (401, "AUTH_MFA_REQUIRED")
    state = (await client.get("/auth/mfa", headers=bearer(fresh.json()))).json()
    assert state["recovery_codes_left"] == 9
    assert (await client.delete("/auth/mfa/totp", headers=bearer(fresh.json()))).status_code == 200


async def test_recovery_codes_are_not_guessed_within_a_session(client, enrolled, tokens):
    _, codes = enrolled
    guesses = ["AAAAA-BBBBB"] * 5 + [codes[0]]
    statuses = [(await step_up(client, tokens, recovery_code=guess)).status_code for guess in guesses]
    assert statuses == [401] * 5 + [429]


async def test_of_many_who_step_up_with_one_recovery_code_at_once_one_does(client, enrolled):
    app, codes = enrolled
    first = (await log_in(client, otp=app.code())).json()
    second = (await log_in(client, recovery_code=codes[1])).json()
    answers = await asyncio.gather(*(step_up(client, each, recovery_code=codes[0]) for each in (first, second)))
    assert sorted(answer.status_code for answer in answers) == [200, 401]


async def test_a_recovery_code_is_no_proof_without_a_factor(client, tokens):
    assert (await step_up(client, tokens, recovery_code="AAAAA-BBBBB")).json()["code"] == "AUTH_MFA_REQUIRED"
