import asyncio
from datetime import timedelta

import jwt
import pytest
from users_under_test import PASSWORD, ServiceUnderTest, bearer, log_in, signed_in

from cnop_users.domain import recovery_codes, totp

pytestmark = pytest.mark.security

RFC_SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_codes_are_those_of_rfc_6238(seconds, code):
    assert totp.code_at(RFC_SECRET, seconds // 30) == code


def test_recovery_codes_differ_and_forgive_how_they_are_typed():
    numbers = iter(range(100))
    codes = recovery_codes.make(lambda count: bytes([next(numbers)]) * count)
    assert len(set(codes)) == 10
    kept = [recovery_codes.fingerprint(code) for code in codes]
    left = recovery_codes.without(kept, f" {codes[3].lower().replace('-', ' ')} ")
    assert left == (*kept[:3], *kept[4:])
    assert recovery_codes.without(left, codes[3]) is None


class App:
    """An authenticator app."""

    def __init__(self, service, secret):
        self.service = service
        self.secret = totp.secret_from_text(secret)

    def code(self, *, steps=0):
        return totp.code_at(self.secret, totp.step_of(self.service.clock.now() + timedelta(seconds=30 * steps)))


async def enrol(client, service, tokens):
    response = await client.post("/auth/mfa/totp", json={}, headers=bearer(tokens))
    assert response.status_code == 200, response.text
    app = App(service, response.json()["secret"])
    confirmed = await client.post("/auth/mfa/totp/confirm", json={"code": app.code()}, headers=bearer(tokens))
    assert confirmed.status_code == 200, confirmed.text
    service.clock.advance(seconds=30)
    return app, confirmed.json()["recovery_codes"]


@pytest.mark.parametrize("addresses", [1, 6], ids=["one address", "many addresses"])
async def test_codes_that_confirm_an_app_are_not_guessed(client, service, tokens, addresses):
    begun = (await client.post("/auth/mfa/totp", json={}, headers=bearer(tokens))).json()
    right = App(service, begun["secret"]).code()
    answers = []
    for number in range(6):
        async with service.from_address(f"198.51.{number % addresses}.7") as guesser:
            body = {"code": right if number == 5 else f"{(int(right) + 1 + number) % 10**6:06}"}
            answers.append(await guesser.post("/auth/mfa/totp/confirm", json=body, headers=bearer(tokens)))
    assert [answer.status_code for answer in answers] == [422] * 5 + [429]


async def test_codes_that_confirm_an_app_are_not_guessed_at_once(client, service, tokens):
    await client.post("/auth/mfa/totp", json={}, headers=bearer(tokens))
    guesses = (
        client.post("/auth/mfa/totp/confirm", json={"code": f"{number:06}"}, headers=bearer(tokens))
        for number in range(30)
    )
    assert sorted(answer.status_code for answer in await asyncio.gather(*guesses)) == [422] * 5 + [429] * 25


@pytest.fixture
async def enrolled(client, service, tokens):
    return await enrol(client, service, tokens)


@pytest.fixture
async def proven(client, service, tokens, enrolled):
    """Tokens of the same session after the factor was shown; the next code is good again."""
    response = await step_up(client, tokens, otp=enrolled[0].code())
    assert response.status_code == 200, response.text
    service.clock.advance(seconds=30)
    return response.json()


async def step_up(client, tokens, **proof):
    return await client.post("/auth/step-up", json=proof, headers=bearer(tokens))


def amr_of(tokens):
    return jwt.decode(tokens["access_token"], options={"verify_signature": False})["amr"]


async def test_enrolment_shows_a_secret_and_a_qr_code_of_it(client, tokens):
    body = (await client.post("/auth/mfa/totp", headers=bearer(tokens))).json()
    assert len(totp.secret_from_text(body["secret"])) == 20
    assert f"secret={body['secret']}" in body["uri"]
    assert body["qr_code"].startswith("data:image/svg+xml")
    assert (await log_in(client)).status_code == 200, "nothing is enrolled before it is confirmed"


async def test_a_wrong_code_enrols_nothing_and_a_late_one_neither(client, service, tokens):
    app = App(service, (await client.post("/auth/mfa/totp", headers=bearer(tokens))).json()["secret"])
    confirm = "/auth/mfa/totp/confirm"
    assert (await client.post(confirm, json={"code": app.code(steps=5)}, headers=bearer(tokens))).status_code == 422
    assert (await client.post(confirm, json={"code": "12345"}, headers=bearer(tokens))).status_code == 422
    service.clock.advance(seconds=600)
    assert (await client.post(confirm, json={"code": app.code()}, headers=bearer(tokens))).status_code == 404
    assert (await client.get("/auth/mfa", headers=bearer(tokens))).json()["totp"] is False


async def test_enrolment_needs_a_recent_proof(client, service, tokens):
    service.clock.advance(seconds=301)
    response = await client.post("/auth/mfa/totp", json={}, headers=bearer(tokens))
    assert (response.status_code, response.json()["code"]) == (403, "PERM_002")
    fresh = (await step_up(client, tokens, password=PASSWORD)).json()
    assert set(fresh) == {"access_token", "token_type", "expires_in"}
    assert (await client.post("/auth/mfa/totp", json={}, headers=bearer(fresh))).status_code == 200


async def test_with_a_factor_the_password_alone_does_not_sign_in(client, enrolled):
    app, _ = enrolled
    response = await log_in(client)
    assert (response.status_code, response.json()["code"]) == (401, "AUTH_MFA_REQUIRED")
    assert (await log_in(client, password="not the password")).json()["code"] == "AUTH_001"
    both = await log_in(client, otp=app.code())
    assert both.status_code == 200
    assert amr_of(both.json()) == ["pwd", "otp", "mfa"]
    profile = (await client.get("/auth/profile", headers=bearer(both.json()))).json()
    assert profile["mfa"] is True


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401)])
async def test_a_clock_may_be_one_step_off(client, service, enrolled, steps, status):
    app, _ = enrolled
    service.clock.advance(seconds=90)
    assert (await log_in(client, otp=app.code(steps=steps))).status_code == status


async def test_a_code_is_good_once_and_older_ones_are_void_with_it(client, service, enrolled):
    app, _ = enrolled
    service.clock.advance(seconds=90)
    code, older = app.code(), app.code(steps=-1)
    assert (await log_in(client, otp=code)).status_code == 200
    for used in (code, older):
        assert (await log_in(client, otp=used)).json()["code"] == "AUTH_MFA_REQUIRED"


async def test_of_many_who_use_one_code_at_once_one_gets_in(client, enrolled):
    app, _ = enrolled
    responses = await asyncio.gather(*(log_in(client, otp=app.code()) for _ in range(5)))
    assert sum(response.status_code == 200 for response in responses) == 1


async def test_guessing_codes_blocks_the_address_although_the_password_is_right(client, enrolled):
    statuses = [(await log_in(client, otp="000000")).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [403]


async def test_a_recovery_code_signs_in_once(client, enrolled):
    _, codes = enrolled
    assert len(codes) == 10
    response = await log_in(client, recovery_code=codes[0].lower())
    assert response.status_code == 200
    assert amr_of(response.json()) == ["pwd", "recovery_code", "mfa"]
    state = (await client.get("/auth/mfa", headers=bearer(response.json()))).json()
    assert state == {"password": True, "totp": True, "passkeys": False, "recovery_codes_left": 9}
    assert (await log_in(client, recovery_code=codes[0])).status_code == 401
    assert (await log_in(client, recovery_code="AAAAA-BBBBB")).status_code == 401


async def test_of_many_who_use_one_recovery_code_at_once_one_gets_in(client, enrolled):
    _, codes = enrolled
    responses = await asyncio.gather(*(log_in(client, recovery_code=codes[0]) for _ in range(5)))
    assert sum(response.status_code == 200 for response in responses) == 1


async def test_renewed_recovery_codes_void_the_old_ones(client, enrolled, proven):
    _, old = enrolled
    new = (await client.post("/auth/mfa/recovery-codes", headers=bearer(proven))).json()["recovery_codes"]
    assert (await log_in(client, recovery_code=old[1])).status_code == 401
    assert (await log_in(client, recovery_code=new[1])).status_code == 200


async def test_step_up_wants_the_factor_once_there_is_one(client, service, enrolled, tokens):
    app, _ = enrolled
    assert (await step_up(client, tokens, password=PASSWORD)).json()["code"] == "AUTH_MFA_REQUIRED"
    assert (await step_up(client, tokens)).json()["code"] == "AUTH_MFA_REQUIRED"
    assert (await step_up(client, tokens, otp="000000")).status_code == 401
    fresh = await step_up(client, tokens, otp=app.code())
    assert fresh.status_code == 200
    assert amr_of(fresh.json()) == ["otp", "mfa"]
    assert (await step_up(client, tokens, otp=app.code())).status_code == 401, "the code was used"


async def test_a_step_up_lasts_five_minutes_and_stays_in_its_session(client, service, tokens):
    service.clock.advance(seconds=400)
    fresh = (await step_up(client, tokens, password=PASSWORD)).json()
    service.clock.advance(seconds=300)
    change = {"email": "new@example.com"}
    assert (await client.put("/auth/profile", json=change, headers=bearer(fresh))).status_code == 200
    service.clock.advance(seconds=1)
    assert (
        await client.put("/auth/profile", json={"email": "b@example.com"}, headers=bearer(fresh))
    ).status_code == 403
    await client.post("/auth/logout", headers=bearer(fresh))
    assert (await client.get("/auth/profile", headers=bearer(fresh))).status_code == 401


async def test_a_step_up_ends_the_token_that_asked_for_it_everywhere(client, settings, service, cache, tokens):
    """Whoever stole the token before does not go on beside its owner."""
    fresh = (await step_up(client, tokens, password=PASSWORD)).json()
    elsewhere = ServiceUnderTest(settings, cache, store=service.store, clock=service.clock)
    async with elsewhere.client() as other:
        for each in (client, other):
            assert (await each.get("/auth/profile", headers=bearer(tokens))).status_code == 401
            assert (await each.get("/auth/profile", headers=bearer(fresh))).status_code == 200
    assert (await step_up(client, tokens, password=PASSWORD)).status_code == 401
    body = {"refresh_token": tokens["refresh_token"]}
    assert (await client.post("/auth/refresh", json=body)).status_code == 200


async def test_a_step_up_that_fails_ends_nothing(client, tokens):
    assert (await step_up(client, tokens, password="not the password")).status_code == 401
    assert (await client.get("/auth/profile", headers=bearer(tokens))).status_code == 200


async def test_guessing_the_password_by_step_up_is_limited(client, tokens):
    statuses = [(await step_up(client, tokens, password="not the password")).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]


async def test_large_withdrawals_need_a_fresh_proof_where_a_factor_is_enrolled(client, service, enrolled, tokens):
    app, _ = enrolled
    await client.post("/balance/deposit", json={"amount": "5000"}, headers=bearer(tokens))
    service.clock.advance(seconds=301)
    large = await client.post("/balance/withdraw", json={"amount": "1000.01"}, headers=bearer(tokens))
    assert (large.status_code, large.json()["code"]) == (403, "PERM_002")
    small = await client.post("/balance/withdraw", json={"amount": "1000.00"}, headers=bearer(tokens))
    assert small.status_code == 201
    fresh = (await step_up(client, tokens, otp=app.code())).json()
    again = await client.post("/balance/withdraw", json={"amount": "1000.01"}, headers=bearer(fresh))
    assert again.status_code == 201


async def test_a_large_withdrawal_in_small_parts_needs_a_proof_as_the_whole_does(client, service, enrolled, tokens):
    app, _ = enrolled
    await client.post("/balance/deposit", json={"amount": "5000"}, headers=bearer(tokens))
    service.clock.advance(seconds=301)

    async def take(amount, held=tokens):
        return (await client.post("/balance/withdraw", json={"amount": amount}, headers=bearer(held))).status_code

    assert [await take(amount) for amount in ("600", "400", "0.01")] == [201, 201, 403]
    fresh = (await step_up(client, tokens, otp=app.code())).json()
    assert await take("600", fresh) == 201


async def test_without_a_factor_a_large_withdrawal_needs_nothing_more(client, service, tokens):
    await client.post("/balance/deposit", json={"amount": "5000"}, headers=bearer(tokens))
    service.clock.advance(seconds=301)
    large = await client.post("/balance/withdraw", json={"amount": "1000.01"}, headers=bearer(tokens))
    assert large.status_code == 201


async def test_a_password_change_needs_the_factor_shown_lately(client, service, enrolled, tokens):
    app, _ = enrolled
    service.clock.advance(seconds=301)
    body = {"current_password": PASSWORD, "new_password": "another fine passphrase 7"}
    assert (await client.post("/auth/password", json=body, headers=bearer(tokens))).status_code == 403
    fresh = (await step_up(client, tokens, otp=app.code())).json()
    assert (await client.post("/auth/password", json=body, headers=bearer(fresh))).status_code == 200


async def test_a_removed_factor_is_asked_for_no_more(client, service, enrolled, proven):
    _, codes = enrolled
    assert (await client.delete("/auth/mfa/totp", headers=bearer(proven))).status_code == 200
    assert (await log_in(client)).status_code == 200
    assert (await client.delete("/auth/mfa/totp", headers=bearer(proven))).status_code == 404
    assert (await client.post("/auth/mfa/recovery-codes", headers=bearer(proven))).status_code == 404
    stored = [item.key.sk async for item in service.store.scan(prefix="USER#")]
    assert not {"TOTP", "TOTP-PENDING", "RECOVERY-CODES"} & set(stored)
    assert (await enrol(client, service, proven))[1] != codes


async def test_an_enrolled_app_is_not_replaced_behind_its_back(client, proven):
    assert (await client.post("/auth/mfa/totp", headers=bearer(proven))).status_code == 409


SENSITIVE = [
    ("DELETE", "/auth/mfa/totp", None),
    ("POST", "/auth/mfa/recovery-codes", {}),
    ("POST", "/auth/mfa/totp", {}),
    ("POST", "/auth/passkeys/enrol/options", {}),
    ("PUT", "/auth/profile", {"email": "thief@example.com"}),
    ("POST", "/auth/password", {"current_password": PASSWORD, "new_password": "another fine passphrase 7"}),
    ("POST", "/balance/withdraw", {"amount": "1000.01"}),
    ("DELETE", "/auth/account", None),
]


@pytest.mark.parametrize(("method", "path", "body"), SENSITIVE)
async def test_a_password_of_just_now_is_no_proof_once_a_factor_is_enrolled(
    client, enrolled, tokens, method, path, body
):
    """The token is older than the factor, and far younger than five minutes."""
    await client.post("/balance/deposit", json={"amount": "5000"}, headers=bearer(tokens))
    before = (await client.get("/auth/profile", headers=bearer(tokens))).json()
    response = await client.request(method, path, json=body, headers=bearer(tokens))
    assert (response.status_code, response.json()["code"]) == (403, "PERM_002")
    assert (await client.get("/auth/profile", headers=bearer(tokens))).json() == before
    assert (await client.get("/auth/mfa", headers=bearer(tokens))).json()["totp"] is True
    balance = (await client.get("/balance", headers=bearer(tokens))).json()["current_balance"]
    assert balance == "5000.00"


@pytest.mark.parametrize(("method", "path", "body"), SENSITIVE)
async def test_the_factor_opens_what_the_password_does_not(client, tokens, proven, method, path, body):
    await client.post("/balance/deposit", json={"amount": "5000"}, headers=bearer(proven))
    response = await client.request(method, path, json=body, headers=bearer(proven))
    assert response.status_code != 403


async def test_a_large_withdrawal_that_was_made_is_answered_again_when_its_proof_is_old(
    client, service, enrolled, tokens, proven
):
    await client.post("/balance/deposit", json={"amount": "5000"}, headers=bearer(proven))

    async def withdraw(key):
        headers = {**bearer(proven), "Idempotency-Key": key}
        return await client.post("/balance/withdraw", json={"amount": "1000.01"}, headers=headers)

    first = await withdraw("once")
    assert first.status_code == 201
    service.clock.advance(seconds=400)
    again = await withdraw("once")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await withdraw("twice")).json()["code"] == "PERM_002"


async def test_no_secret_or_code_is_stored_in_the_clear(client, service, enrolled):
    app, codes = enrolled
    stored = "".join([str(item) async for item in service.store.scan()])
    assert totp.secret_text(app.secret) not in stored
    assert not any(code in stored or recovery_codes.fingerprint(code) in stored for code in codes)


async def test_factors_are_their_owners_alone(client, service, enrolled):
    app, codes = enrolled
    other = await signed_in(client, "otheruser")
    assert (await client.get("/auth/mfa", headers=bearer(other))).json()["totp"] is False
    other_app, _ = await enrol(client, service, other)
    assert (await log_in(client, otp=other_app.code())).status_code == 401
    assert (await log_in(client, "otheruser", recovery_code=codes[0])).status_code == 401
    for method, path in (
        ("GET", "/auth/mfa"),
        ("POST", "/auth/mfa/totp"),
        ("POST", "/auth/mfa/totp/confirm"),
        ("DELETE", "/auth/mfa/totp"),
        ("POST", "/auth/mfa/recovery-codes"),
        ("POST", "/auth/step-up"),
    ):
        assert (await client.request(method, path)).status_code == 401
    assert app.secret != other_app.secret


async def test_codes_guessed_at_once_within_a_session_are_as_few_as_codes_one_by_one(client, tokens, enrolled):
    async def guess():
        return (await client.post("/auth/step-up", json={"otp": "000000"}, headers=bearer(tokens))).status_code

    assert sorted(await asyncio.gather(*(guess() for _ in range(30)))) == [401] * 5 + [429] * 25
