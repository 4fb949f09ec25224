"""What is good once is good once, also for twenty clients in the same instant."""

import secrets
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest
import stack_control
from authenticator_app import App
from letters import RESET, VERIFY, new_token
from platform_client import SERVICES, Person, stranger
from sensitive import remember

pytestmark = [
    pytest.mark.security,
    pytest.mark.skipif(stack_control.STATE is None, reason="needs the state folder of a local stack (CNOP_STATE)"),
]
CLIENTS = 20
# Where a password is checked, a slow machine tells some of the twenty to come back rather than let them wait too long.
BUSY = 429
_PATIENCE_SECONDS = 60
Request = Callable[[httpx.Client, int], httpx.Response]


def race(send: Request) -> list[httpx.Response]:
    """Let twenty clients, each at an address of its own and connected already, send at the same time."""
    start = threading.Barrier(CLIENTS)

    def run(http: httpx.Client, number: int) -> httpx.Response:
        start.wait(timeout=_PATIENCE_SECONDS)
        return send(http, number)

    with ExitStack() as stack, ThreadPoolExecutor(CLIENTS) as pool:
        clients = [stack.enter_context(stranger(timeout=_PATIENCE_SECONDS)) for _ in range(CLIENTS)]
        for each in clients:
            assert each.get("/inventory/assets/BTC").status_code == 200
        return list(pool.map(run, clients, range(CLIENTS)))


def statuses(answers: list[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def require_one_winner(answers: list[httpx.Response], *, losers: set[int]) -> httpx.Response:
    """Assert that one was let in, and return its answer; `losers` is what all others may have been told."""
    found = statuses(answers)
    assert found.pop(200, 0) == 1, found
    assert found.keys() <= losers, [answer.text for answer in answers if answer.status_code not in {200, *losers}]
    return next(answer for answer in answers if answer.status_code == 200)


def remember_tokens(answers: list[httpx.Response]) -> None:
    for answer in answers:
        if answer.status_code == 200:
            remember("token", *(value for name, value in answer.json().items() if name.endswith("_token")))


def test_one_refresh_token_has_one_successor(http, person):
    first = person.log_in()["refresh_token"]
    answers = race(lambda client, _: client.post("/auth/refresh", json={"refresh_token": first}))
    remember_tokens(answers)
    assert statuses(answers) == {200: CLIENTS}
    successors = {answer.json()["refresh_token"] for answer in answers}
    assert len(successors) == 1
    assert http.post("/auth/refresh", json={"refresh_token": successors.pop()}).status_code == 200


def test_one_recovery_code_signs_in_once(person):
    app = App.enrol(person)
    login = {"username": person.username, "password": person.password, "recovery_code": app.recovery_codes[3]}
    answers = race(lambda client, _: client.post("/auth/login", json=login))
    remember_tokens(answers)
    require_one_winner(answers, losers={401, 409, BUSY})
    assert person.get("/auth/mfa")["recovery_codes_left"] == len(app.recovery_codes) - 1


def test_one_totp_code_signs_in_once(person):
    app = App.enrol(person)
    login = {"username": person.username, "password": person.password, "otp": app.next_code()}
    answers = race(lambda client, _: client.post("/auth/login", json=login))
    remember_tokens(answers)
    require_one_winner(answers, losers={401, 409, BUSY})


def test_one_totp_code_confirms_one_step_up(person):
    """Without a password to check, nothing keeps the twenty apart; a session with that many failures has to wait."""
    app = App.enrol(person)
    otp, bearer = {"otp": app.next_code()}, {"Authorization": f"Bearer {person.token}"}
    answers = race(lambda client, _: client.post("/auth/step-up", json=otp, headers=bearer))
    remember_tokens(answers)
    require_one_winner(answers, losers={401, 409, BUSY})


def test_one_reset_token_sets_one_password(http, person):
    assert http.post("/auth/password/forgot", json={"email": person.email}).status_code == 202
    token = new_token(person.email, RESET)
    passwords = [secrets.token_urlsafe(18) for _ in range(CLIENTS)]
    remember("password", *passwords)
    answers = race(
        lambda client, number: client.post("/auth/password/reset", json={"token": token, "password": passwords[number]})
    )
    winner = answers.index(require_one_winner(answers, losers={409, 422, BUSY}))
    assert log_in(person, passwords[winner]) == 200
    assert log_in(person, passwords[winner - 1]) == 401


def test_one_verification_token_proves_an_address_once(person):
    token = new_token(person.email, VERIFY)
    answers = race(lambda client, _: client.post("/auth/email/verify", json={"token": token}))
    require_one_winner(answers, losers={409, 422})
    assert person.get("/auth/profile")["email_verified"] is True


def test_one_password_is_changed_once(person):
    bearer = {"Authorization": f"Bearer {person.token}"}
    passwords = [secrets.token_urlsafe(18) for _ in range(CLIENTS)]
    remember("password", *passwords)

    def change(client: httpx.Client, number: int) -> httpx.Response:
        body = {"current_password": person.password, "new_password": passwords[number]}
        return client.post("/auth/password", json=body, headers=bearer)

    answers = race(change)
    winner = answers.index(require_one_winner(answers, losers={401, 409, 422, BUSY}))
    assert log_in(person, passwords[winner]) == 200
    assert log_in(person, person.password) == 401


def test_one_enrolment_is_confirmed_once(person):
    begun = person.post("/auth/mfa/totp", {}).json()
    remember("second factor", begun["secret"], begun["uri"])
    code = {"code": App(begun["secret"], ()).next_code()}
    bearer = {"Authorization": f"Bearer {person.token}"}
    answers = race(lambda client, _: client.post("/auth/mfa/totp/confirm", json=code, headers=bearer))
    winner = require_one_winner(answers, losers={404, 409, 422, BUSY})
    assert len(winner.json()["recovery_codes"]) == 10


def test_one_name_is_registered_once():
    name = f"race_{secrets.token_hex(6)}"

    def register(client: httpx.Client, number: int) -> httpx.Response:
        body = {"username": name, "email": f"{name}{number}@example.com", "password": secrets.token_urlsafe(18)}
        return client.post("/auth/register", json=body)

    found = statuses(race(register))
    assert found.pop(201) == 1
    assert found.keys() <= {409, BUSY}


def log_in(person: Person, password: str) -> int:
    with stranger(SERVICES["user"]) as http:
        answer = http.post("/auth/login", json={"username": person.username, "password": password})
        remember_tokens([answer])
        return answer.status_code
