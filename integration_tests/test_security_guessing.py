"""Guessing: passwords, names, codes. Who guesses is stopped; who is guessed at gets in; nothing tells who exists."""

import secrets
import time

import httpx
import pytest
from platform_client import API, SERVICES, Person, client, problem, stranger, stranger_address
from sensitive import remember
from stack_control import STATE
from staff import administrator

pytestmark = pytest.mark.security

WRONG = "not-the-password-1"
# What differs from one answer to the next, whomever it is about.
_VARYING_HEADERS = {"date", "x-request-id", "ratelimit", "x-ratelimit-remaining", "x-ratelimit-reset"}
_VARYING_MEMBERS = {"timestamp", "request_id"}
DOORS = pytest.mark.parametrize("base", [API, SERVICES["user"]], ids=["at the gateway", "at the service"])


def guess(http: httpx.Client, name: str, **headers: str) -> httpx.Response:
    return http.post("/auth/login", json={"username": name, "password": WRONG}, headers=headers)


def log_in(http: httpx.Client, person: Person) -> httpx.Response:
    answer = http.post("/auth/login", json={"username": person.username, "password": person.password})
    if answer.status_code == 200:
        remember("token", answer.json()["access_token"], answer.json()["refresh_token"])
    return answer


def network() -> str:
    """Return the first three numbers of a network of 254 loopback addresses that nobody else uses."""
    return stranger_address().rpartition(".")[0]


def nobody() -> str:
    return f"nobody_{secrets.token_hex(6)}"


@DOORS
def test_five_failures_block_the_address(person, base):
    with stranger(base) as http:
        for _ in range(5):
            problem(guess(http, person.username), 401, "AUTH_001")
        problem(log_in(http, person), 403, "AUTH_004")
        problem(guess(http, nobody()), 403, "AUTH_004")


FORGED = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "True-Client-IP", "X-Client-IP", "CF-Connecting-IP")


@DOORS
def test_a_forged_source_address_opens_no_blocked_one(person, base):
    with stranger(base) as http:
        for number, header in enumerate(FORGED):
            forged = f"203.0.113.{number}" if header != "Forwarded" else f"for=203.0.113.{number}"
            answer = guess(http, person.username, **{header: forged})
            problem(answer, *((401, "AUTH_001") if number < 5 else (403, "AUTH_004")))
        for header in FORGED:
            problem(guess(http, nobody(), **{header: "127.0.0.1", "X-Cnop-Gateway": "g" * 43}), 403, "AUTH_004")


@DOORS
def test_a_forged_source_address_blocks_nobody_else(person, base):
    victim = stranger_address()
    with stranger(base) as http:
        for _ in range(5):
            guess(http, nobody(), **{"X-Forwarded-For": victim, "X-Cnop-Gateway": "0" * 43})
    with stranger(base, address=victim) as http:
        assert log_in(http, person).status_code == 200


@DOORS
def test_a_network_from_which_many_addresses_guess_at_many_names_is_blocked(base):
    """Each address stays below its own limit; together, in a /24, they do not (50 failures)."""
    around, statuses = network(), []
    for number in range(1, 15):
        with stranger(base, address=f"{around}.{number}") as http:
            statuses += [guess(http, nobody()).status_code for _ in range(4)]
    assert statuses == [401] * 50 + [403] * 6
    with stranger(base) as elsewhere:
        problem(guess(elsewhere, nobody()), 401, "AUTH_001")


def test_a_name_guessed_at_from_everywhere_is_slowed_down_but_its_owner_gets_in(http, person):
    """Nobody can lock somebody else out: not where they were before, and elsewhere for moments only."""
    with stranger() as home:
        assert log_in(home, person).status_code == 200
        answers = []
        for _ in range(12):
            with stranger() as attacker:
                answers.append(guess(attacker, person.username))
        assert {answer.status_code for answer in answers[:10]} == {401}
        assert {answer.status_code for answer in answers[10:]} <= {401, 429}
        assert log_in(home, person).status_code == 200
    deadline = time.monotonic() + 20
    with stranger() as abroad:
        while (answer := log_in(abroad, person)).status_code == 429:
            assert time.monotonic() < deadline
            assert 1 <= int(answer.headers["retry-after"]) <= 4
            time.sleep(0.3)
        assert answer.status_code == 200


def test_guessing_the_password_of_ones_own_session_is_limited_too(person):
    """A stolen session must not become the password: step-up and password change count as sign-ins do."""
    bearer = {"Authorization": f"Bearer {person.token}"}
    with stranger() as http:
        for _ in range(3):
            assert http.post("/auth/step-up", json={"password": WRONG}, headers=bearer).status_code == 401
        change = {"current_password": WRONG, "new_password": secrets.token_urlsafe(18)}
        for _ in range(2):
            assert http.post("/auth/password", json=change, headers=bearer).status_code == 422
        right = {"password": person.password}
        problem(http.post("/auth/step-up", json=right, headers=bearer), 429, "RATE_001")
    # The session has to wait wherever it is used from; its owner begins another, and is not in anybody's way.
    problem(person.post("/auth/step-up", right), 429, "RATE_001")
    person.log_in()
    assert person.post("/auth/step-up", right).status_code == 200


def told(answer: httpx.Response) -> tuple[int, object, list[tuple[str, str]]]:
    """Return all that a caller could tell one answer from another by, but for its time."""
    body = {name: value for name, value in answer.json().items() if name not in _VARYING_MEMBERS}
    headers = sorted((name, value) for name, value in answer.headers.items() if name not in _VARYING_HEADERS)
    return answer.status_code, body, headers


@pytest.fixture(scope="module")
def suspended(http: httpx.Client) -> Person:
    if STATE is None:
        pytest.skip("needs the state folder of a local stack (CNOP_STATE)")
    person = Person.register(http)
    assert administrator(http).post(f"/admin/users/{person.user_id}/suspend", {}).status_code == 200
    return person


@DOORS
def test_a_failed_sign_in_tells_nothing_about_the_account(person, suspended, base):
    with stranger(base) as http:
        answers = [
            guess(http, nobody()),
            guess(http, person.username),
            guess(http, person.email.upper()),
            log_in(http, suspended),
        ]
    for answer in answers:
        problem(answer, 401, "AUTH_001")
        assert told(answer) == told(answers[0])


@DOORS
def test_asking_for_a_reset_letter_tells_nothing_about_the_account(person, suspended, base):
    with stranger(base) as http:
        names = (nobody(), person.username, person.email, f"{nobody()}@example.com", suspended.email)
        answers = [http.post("/auth/password/forgot", json={"email": name}) for name in names]
        # More than are sent to one person in an hour, which nobody is told either.
        answers += [http.post("/auth/password/forgot", json={"email": person.email}) for _ in range(4)]
    for answer in answers:
        assert answer.status_code == 202, answer.text
        assert told(answer) == told(answers[0])


@DOORS
def test_asking_again_for_the_letter_that_proves_ones_address_succeeds_only_while_one_is_sent(http, person, base):
    with client(base) as door:
        bearer = {"Authorization": f"Bearer {person.token}"}
        answers = [door.post("/auth/email/resend", json={}, headers=bearer) for _ in range(5)]
    sent = [answer for answer in answers if answer.status_code == 202]
    assert answers[: len(sent)] == sent
    assert 0 < len(sent) < len(answers)
    for answer in sent:
        assert told(answer) == told(sent[0])
    for answer in answers[len(sent) :]:
        problem(answer, 429, "RATE_001")


@DOORS
@pytest.mark.parametrize("path", ["/auth/password/reset", "/auth/email/verify"])
def test_a_made_up_token_of_a_letter_tells_nothing_about_the_account(person, base, path):
    unknown = f"usr_{'0' * 26}.{'A' * 43}"
    body = {"password": secrets.token_urlsafe(18)} if path.endswith("reset") else {}
    with client(base) as http:
        answers = [
            http.post(path, json={"token": token, **body}) for token in (unknown, f"{person.user_id}.{'A' * 43}")
        ]
    assert told(answers[0]) == told(answers[1])
    problem(answers[0], 422, "VALIDATION_ERROR")


@DOORS
def test_a_made_up_refresh_token_tells_nothing_about_the_account(person, base):
    session = person.get("/auth/sessions")["data"][0]["session_id"]
    made_up = (f"usr_{'0' * 26}.{session}.{'A' * 43}", f"{person.user_id}.{session}.{'A' * 43}", "nothing at all")
    with client(base) as http:
        answers = [http.post("/auth/refresh", json={"refresh_token": token}) for token in made_up]
    for answer in answers:
        problem(answer, 401, "AUTH_003")
        assert told(answer) == told(answers[0])
