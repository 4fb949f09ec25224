"""Runs last: nothing that any test of this run typed, was given, or told about themselves may be in a log.

One exception is the gateway's: a path that it does not route is logged as it came, without its query, so that scans can
be seen. The platform itself puts nothing secret into a path; the tokens in its letters stand behind a `#`.

The journey here adds what the others do not do: mistakes, at which software likes to repeat what it was told.
"""

import base64
import json
import secrets
import subprocess
import time
import uuid
from pathlib import Path

import httpx
import pytest
import sensitive
import stack_control
from authenticator_app import one_time_code
from letters import RESET, new_token
from platform_client import SERVICES, Person, client, stranger

pytestmark = [
    pytest.mark.secrets,
    pytest.mark.skipif(stack_control.STATE is None, reason="needs the state folder of a local stack (CNOP_STATE)"),
]
STATE = Path(stack_control.STATE or "")


def made_up(kind: str) -> str:
    """Return a distinctive value that from now on must not turn up anywhere."""
    value = f"Zq7!{secrets.token_urlsafe(15)}"
    sensitive.remember(kind, value)
    return value


@pytest.fixture(scope="module")
def careless(http):
    """Somebody who tells everything about themselves, and then does everything wrong that one can do."""
    phone = f"1555{secrets.randbelow(10**10):010d}"
    profile = {"first_name": "Zephyrine", "last_name": "Quackenbush", "phone": phone, "date_of_birth": "1931-07-29"}
    sensitive.remember("personal datum", *profile.values())
    person = Person.register(http, **profile)
    sensitive.remember("username", person.username)
    use_everything(person)
    make_mistakes(person, http)
    enrol_a_second_factor(person)
    reset_the_password(person, http)
    wait_for_the_log(http)
    return person


def wait_for_the_log(http: httpx.Client) -> None:
    """Return when the gateway, which writes its log in blocks, has written all that went before."""
    request_id = str(uuid.uuid4())
    assert http.get("/inventory/assets/BTC", headers={"X-Request-ID": request_id}).status_code == 200
    deadline = time.monotonic() + 30
    while request_id not in (STATE / "logs" / "gateway.log").read_text(errors="replace"):
        assert time.monotonic() < deadline, "the gateway's log does not show the last request"
        time.sleep(0.2)


def use_everything(person: Person) -> None:
    person.get("/auth/profile")
    address = f"second-{secrets.token_hex(6)}@example.com"
    sensitive.remember("email address", address)
    changed = person.call(
        "PUT", "/auth/profile", json={"email": address, "first_name": "Zephyrina", "last_name": "Quack"}
    )
    assert changed.status_code == 200, changed.text
    sensitive.remember("personal datum", "Zephyrina")
    person.email = address
    person.deposit("100.00")
    person.get(f"/portfolio/{person.username}")
    person.get("/auth/account/export")


def make_mistakes(person: Person, http: httpx.Client) -> None:
    with stranger() as elsewhere:
        for name in (person.username, person.email, made_up("name typed at login")):
            elsewhere.post("/auth/login", json={"username": name, "password": made_up("wrong password")})
        # A password typed into the field of the name is the classic.
        elsewhere.post("/auth/login", json={"username": made_up("password as name"), "password": "x"})
    for body in (
        {"username": "no", "email": made_up("email address"), "password": "short", "phone": made_up("phone number")},
        {"username": person.username, "password": [made_up("password in a list")]},
        {"username": person.username, "password": {"is": made_up("password in an object")}},
        {made_up("password as field name"): "x", "password": made_up("password"), "otp": made_up("code")},
    ):
        for path in ("/auth/register", "/auth/login", "/auth/password/reset"):
            assert 400 <= http.post(path, json=body).status_code < 500
            with client(SERVICES["user"]) as service:
                assert 400 <= service.post(path, json=body).status_code < 500
    for content in (
        f'{{"password": "{made_up("password")}", }}',
        f'"{made_up("password")}"',
        made_up("password") * 2000,
    ):
        answer = http.post("/auth/login", content=content, headers={"content-type": "application/json"})
        assert 400 <= answer.status_code < 500
    for token in (made_up("refresh token"), f"usr_1.{made_up('refresh token')}"):
        assert 400 <= http.post("/auth/refresh", json={"refresh_token": token}).status_code < 500
    credentials = base64.b64encode(f"{person.username}:{made_up('password')}".encode()).decode()
    sensitive.remember("basic credentials", credentials)
    for header in (f"Basic {credentials}", f"Bearer {made_up('token')}", f"Bearer {person.token}x", person.token):
        assert http.get("/balance", headers={"Authorization": header}).status_code == 401
    for path in (
        f"/balance?access_token={made_up('token in the address')}",
        f"/auth/oidc/nowhere/callback?code={made_up('code')}&state={made_up('state')}",
        f"/orders/{made_up('token in the path')}",
    ):
        assert 300 <= http.get(path).status_code < 500
    http.get("/inventory/assets", headers={"Cookie": f"session={made_up('cookie')}", "Referer": made_up("referer")})


def enrol_a_second_factor(person: Person) -> None:
    begun = person.post("/auth/mfa/totp", {}).json()
    sensitive.remember("second factor", begun["secret"], begun["uri"])
    wrong = person.post("/auth/mfa/totp/confirm", {"code": "000000"})
    assert 400 <= wrong.status_code < 500
    code = one_time_code(begun["secret"])
    confirmed = person.post("/auth/mfa/totp/confirm", {"code": code})
    assert confirmed.status_code == 200, confirmed.text
    sensitive.remember("one-time code", f'"{code}"')
    recovery = confirmed.json()["recovery_codes"]
    sensitive.remember("recovery code", *recovery)
    login = {"username": person.username, "password": person.password}
    assert person.http.post("/auth/login", json=login).json()["code"] == "AUTH_MFA_REQUIRED"
    answer = person.http.post("/auth/login", json={**login, "recovery_code": recovery[0]})
    assert answer.status_code == 200, answer.text
    person.token = answer.json()["access_token"]
    sensitive.remember("token", person.token, answer.json()["refresh_token"])
    again = person.http.post("/auth/refresh", json={"refresh_token": answer.json()["refresh_token"]}).json()
    sensitive.remember("token", again["access_token"], again["refresh_token"])


def reset_the_password(person: Person, http: httpx.Client) -> None:
    assert http.post("/auth/password/forgot", json={"email": person.email}).status_code == 202
    token = new_token(person.email, RESET)
    sensitive.remember("reset token", token)
    password = made_up("password")
    for attempt in (password[:5], password):
        answer = http.post("/auth/password/reset", json={"token": token, "password": attempt})
    assert answer.status_code == 200, answer.text
    person.post("/auth/logout", {})


def test_no_log_holds_what_people_typed_or_got(careless):
    logs = sorted((STATE / "logs").iterdir())
    assert {"gateway.log", "user_service.log", "order_service.log", "valkey.log"} <= {log.name for log in logs}
    values = sensitive.seen()
    assert len(values) > 40
    assert list(sensitive.leaks(logs, values)) == []


def test_no_log_holds_a_key_of_the_stack(careless):
    keys = {path.read_text().strip(): path.name for path in (STATE / "secrets" / "vault").iterdir()}
    for pem in (STATE / "secrets" / "user_service" / "signing").glob("*.pem"):
        keys[pem.read_text().splitlines()[1]] = pem.name
    assert list(sensitive.leaks(sorted((STATE / "logs").iterdir()), keys)) == []


def test_the_audit_trail_names_people_by_opaque_ids_only(careless, tmp_path):
    argv = [str(stack_control.COMMAND), "audit", "export", "--state", str(STATE)]
    exported = tmp_path / "audit.jsonl"
    with exported.open("wb") as file:
        subprocess.run(argv, stdout=file, stderr=subprocess.DEVNULL, timeout=90, check=True)
    records = [json.loads(line) for line in exported.read_text().splitlines()]
    assert any(careless.user_id in json.dumps(record) for record in records)
    assert list(sensitive.leaks([exported], sensitive.seen())) == []


def test_a_value_that_was_written_down_would_be_found(tmp_path):
    log = tmp_path / "service.log"
    log.write_text('{"event": "login", "email": "ada%40example.com"}\n{"event": "fine"}\n')
    sensitive.remember("email address", "ada@example.com")
    found = list(sensitive.leaks([log], sensitive.seen()))
    assert len(found) == 1
    assert "service.log:1 holds a email address" in found[0]
    assert "ada" not in found[0]
