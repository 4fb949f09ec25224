import base64
import json
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from platform_client import SERVICES, client, problem, stranger

pytestmark = pytest.mark.user


def test_the_documented_registration_works_as_written(http):
    body = {"username": "testuser", "email": "test@example.com", "password": "SecurePass123!"}
    answer = http.post("/auth/register", json=body)
    if answer.status_code == 409:  # this stack has seen the example before
        problem(answer, 409, answer.json()["code"])
        return
    assert answer.status_code == 201
    document = answer.json()
    assert document["message"] == "User registered successfully"
    assert document["username"] == "testuser"


def test_a_weak_registration_is_told_every_violated_field(http):
    document = problem(http.post("/auth/register", json={"username": "x", "password": "weak"}), 422, "VALIDATION_ERROR")
    assert {each["field"] for each in document["errors"]} == {"username", "email", "password"}
    assert "weak" not in [each["message"] for each in document["errors"]]


@pytest.mark.parametrize("username", ["admin'--", "' OR 1=1; --", "a" * 10_000, "\x00root", "üser_name"])
def test_hostile_user_names_are_refused_safely(username):
    with stranger() as http:
        answer = http.post("/auth/login", json={"username": username, "password": "anything"})
    assert answer.status_code in (401, 422), answer.text


def test_one_name_for_two_people_at_the_same_instant_is_given_once():
    name = f"race_{secrets.token_hex(6)}"

    def register(number):
        with client() as http:
            body = {"username": name, "email": f"{name}{number}@example.com", "password": secrets.token_urlsafe(18)}
            while (status := http.post("/auth/register", json=body).status_code) == 503:
                time.sleep(1)  # a machine so slow that it asks to come back
            return status

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(register, range(8))) == [201] + [409] * 7


def test_one_email_in_two_spellings_is_given_once(http, person):
    body = {
        "username": f"other_{secrets.token_hex(4)}",
        "email": person.email.upper(),
        "password": secrets.token_urlsafe(18),
    }
    assert http.post("/auth/register", json=body).status_code == 409


def test_unknown_user_and_wrong_password_look_the_same(person):
    with stranger() as http:
        unknown = http.post("/auth/login", json={"username": "nobody_here_1", "password": "wrong-password-123"})
        wrong = http.post("/auth/login", json={"username": person.username, "password": "wrong-password-123"})
    first, second = (problem(answer, 401, "AUTH_001") for answer in (unknown, wrong))
    assert first["message"] == second["message"]
    person.log_in()


def test_five_failures_block_the_address_but_not_the_person(person):
    with stranger() as http:
        guess = {"username": person.username, "password": "a-wrong-password"}
        answers = [http.post("/auth/login", json=guess) for _ in range(6)]
        right = http.post("/auth/login", json={"username": person.username, "password": person.password})
    assert {answer.status_code for answer in answers[:5]} <= {401, 429}
    problem(right, 403, "AUTH_004")
    person.log_in()


def test_the_access_token_says_what_it_must_and_no_more(person):
    header, body = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in person.token.split(".")[:2])
    assert (header["alg"], header["typ"]) == ("ES256", "at+jwt")
    assert body["sub"] == person.user_id
    assert body["roles"] == ["customer"]
    assert body["exp"] - body["iat"] == 900
    assert person.email not in json.dumps(body)


def test_the_profile_can_be_read_and_changed(person):
    before = person.get("/auth/profile")
    assert (before["username"], before["email"], before["roles"]) == (person.username, person.email, ["customer"])
    answer = person.call("PUT", "/auth/profile", json={"first_name": "Ada", "last_name": "O'Neil-Byron"})
    assert answer.status_code == 200, answer.text
    assert person.get("/auth/profile")["last_name"] == "O'Neil-Byron"
    problem(person.call("PUT", "/auth/profile", json={"roles": ["admin"]}), 422, "VALIDATION_ERROR")
    assert person.get("/auth/profile")["roles"] == ["customer"]


def test_logging_out_ends_the_session_at_once_everywhere(person):
    assert person.get("/auth/profile")
    assert person.post("/auth/logout", {}).json() == {"message": "Logged out successfully"}
    for path in ("/auth/profile", "/balance", "/portfolio", "/orders"):
        problem(person.call("GET", path), 401, "AUTH_003")
    for service, path in (("user", "/auth/profile"), ("order", "/portfolio")):
        with client(SERVICES[service]) as direct:
            problem(direct.get(path, headers={"Authorization": f"Bearer {person.token}"}), 401, "AUTH_003")


def test_a_refresh_token_is_rotated_and_a_concurrent_refresh_gets_the_same_successor(http, person):
    first = person.log_in()
    second = http.post("/auth/refresh", json={"refresh_token": first["refresh_token"]})
    assert second.status_code == 200, second.text
    grace = http.post("/auth/refresh", json={"refresh_token": first["refresh_token"]})
    assert grace.json()["refresh_token"] == second.json()["refresh_token"]
    assert http.post("/auth/refresh", json={"refresh_token": "made-up"}).status_code == 401


def test_cash_goes_in_and_out_to_the_cent(person):
    person.deposit("1000.10")
    answer = person.post("/balance/withdraw", {"amount": "0.20"})
    assert answer.status_code == 201
    assert answer.json()["balance"] == "999.90"
    balance = person.get("/balance")
    assert (balance["current_balance"], balance["available_balance"], balance["held_balance"]) == (
        "999.90",
        "999.90",
        "0.00",
    )
    history = person.get("/balance/transactions")
    assert [each["amount"] for each in history["transactions"]] == ["0.20", "1000.10"]
    assert [each["balance_after"] for each in history["transactions"]] == ["999.90", "1000.10"]
    assert history["total_count"] == 2


@pytest.mark.parametrize(
    "amount", ["0", "-1", "0.001", "1e3", "NaN", "Infinity", "", " 1", "1000000.01", True, None, [], {}, "1" * 40]
)
def test_bad_amounts_change_nothing(person, amount):
    problem(person.post("/balance/deposit", {"amount": amount}), 422, "VALIDATION_ERROR")
    assert person.cash() == 0


def test_a_json_number_means_exactly_what_it_says(person):
    headers = {"content-type": "application/json"}
    answer = person.call("POST", "/balance/deposit", content='{"amount": 0.1}', headers=headers)
    assert answer.status_code == 201
    assert person.get("/balance")["current_balance"] == "0.10"


def test_more_than_there_is_cannot_be_withdrawn(person):
    person.deposit("10.00")
    problem(person.post("/balance/withdraw", {"amount": "10.01"}), 422, "INSUFFICIENT_FUNDS")
    assert person.cash() == Decimal("10.00")


def test_the_daily_cap_holds(person):
    person.deposit("9999.99")
    problem(person.post("/balance/deposit", {"amount": "0.02"}), 422, "DAILY_LIMIT")
    person.deposit("0.01")
    assert person.cash() == Decimal("10000.00")


def test_two_withdrawals_of_the_last_dollar_succeed_once(person):
    person.deposit("1.00")
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: person.post("/balance/withdraw", {"amount": "1.00"}).status_code, range(8)))
    assert sorted(statuses) == [201] + [422] * 7
    assert person.cash() == 0


def test_a_repeated_deposit_with_one_key_counts_once(person):
    key = {"Idempotency-Key": f"deposit-{secrets.token_hex(8)}"}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: person.post("/balance/deposit", {"amount": "5.00"}, headers=key), range(6)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert person.cash() == Decimal("5.00")
    assert person.post("/balance/deposit", {"amount": "6.00"}, headers=key).status_code == 409


def test_nobody_reads_without_a_token(http):
    for path in ("/auth/profile", "/balance", "/balance/transactions", "/auth/sessions"):
        problem(http.get(path), 401, "AUTH_002")
        problem(http.get(path, headers={"Authorization": "Bearer invalid_token"}), 401, "AUTH_003")
