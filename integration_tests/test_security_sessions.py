"""Sessions that end: at once, at the gateway and in every process, whatever ends them."""

import time
from collections.abc import Iterator

import httpx
import pytest
import stack_control
from letters import RESET, new_token
from platform_client import API, PAGE, SERVICES, Person, client, problem
from sensitive import remember
from staff import administrator, with_roles

pytestmark = [
    pytest.mark.security,
    pytest.mark.skipif(stack_control.STATE is None, reason="needs the state folder of a local stack (CNOP_STATE)"),
]
# What one's token opens: behind the gateway, and in each process that knows customers.
DOORS = {
    "gateway to user_service": (API, "/auth/profile"),
    "gateway to order_service": (API, "/portfolio"),
    "user_service": (SERVICES["user"], "/auth/profile"),
    "order_service": (SERVICES["order"], "/portfolio"),
}
# A hop through Valkey takes milliseconds; on a machine that has no time it takes longer, and nothing like 15 minutes.
_AT_ONCE_SECONDS = 5.0
_COOKIE = "__Host-cnop_refresh"


@pytest.fixture(scope="module")
def doors() -> Iterator[dict[str, httpx.Client]]:
    clients = {name: client(base) for name, (base, _) in DOORS.items()}
    yield clients
    for each in clients.values():
        each.close()


@pytest.fixture(scope="module")
def admin(http: httpx.Client) -> Person:
    return administrator(http)


def open_doors(doors: dict[str, httpx.Client], token: str) -> set[str]:
    """Return where this token is let in; everywhere else it must be refused as a bad token."""
    found = set()
    for name, http in doors.items():
        answer = http.get(DOORS[name][1], headers={"Authorization": f"Bearer {token}"})
        if answer.status_code == 200:
            found.add(name)
        else:
            problem(answer, 401, "AUTH_003")
    return found


def require_end(doors: dict[str, httpx.Client], token: str) -> None:
    """Assert that the token is refused everywhere: the news takes a hop through Valkey, and then it stays."""
    deadline = time.monotonic() + _AT_ONCE_SECONDS
    while still := open_doors(doors, token):
        assert time.monotonic() < deadline, f"still let in at {still}"
    for _ in range(3):
        assert open_doors(doors, token) == set()


def session_of(person: Person) -> str:
    return next(each["session_id"] for each in person.get("/auth/sessions")["data"] if each["current"])


class Device:
    """One more session of somebody."""

    def __init__(self, person: Person) -> None:
        grant = person.log_in()
        self.token: str = grant["access_token"]
        self.refresh_token: str = grant["refresh_token"]

    def require_end(self, doors: dict[str, httpx.Client], http: httpx.Client) -> None:
        """Assert that neither token is good for anything any more."""
        require_end(doors, self.token)
        assert http.post("/auth/refresh", json={"refresh_token": self.refresh_token}).status_code == 401


@pytest.fixture
def devices(person: Person) -> list[Device]:
    """Two earlier sessions of a person, who goes on with a third."""
    found = [Device(person), Device(person)]
    person.log_in()
    return found


def test_logging_out_ends_that_session_and_no_other(http, doors, person, devices):
    ended = person.token
    assert person.post("/auth/logout", {}).status_code == 200
    require_end(doors, ended)
    for device in devices:
        assert open_doors(doors, device.token) == set(doors)


def test_one_session_is_ended_from_another(http, doors, person, devices):
    lost, kept = devices
    here = session_of(person)
    person.token, own = lost.token, person.token
    session_id = session_of(person)
    person.token = own
    assert session_id != here
    assert person.call("DELETE", f"/auth/sessions/{session_id}").status_code == 200
    lost.require_end(doors, http)
    assert open_doors(doors, kept.token) == set(doors)


def test_all_other_sessions_are_ended_together(http, doors, person, devices):
    assert person.post("/auth/sessions/revoke-others", {}).status_code == 200
    for device in devices:
        device.require_end(doors, http)
    assert open_doors(doors, person.token) == set(doors)


def test_a_changed_password_ends_the_other_sessions(http, doors, person, devices):
    remember("password", changed := f"another {person.password}")
    answer = person.post("/auth/password", {"current_password": person.password, "new_password": changed})
    assert answer.status_code == 200, answer.text
    for device in devices:
        device.require_end(doors, http)
    assert open_doors(doors, person.token) == set(doors)


def test_a_reset_password_ends_every_session(http, doors, person, devices):
    assert http.post("/auth/password/forgot", json={"email": person.email}).status_code == 202
    token = new_token(person.email, RESET)
    remember("password", changed := f"another {person.password}")
    assert http.post("/auth/password/reset", json={"token": token, "password": changed}).status_code == 200
    for device in devices:
        device.require_end(doors, http)
    require_end(doors, person.token)


def test_a_suspension_ends_every_session(http, doors, admin, person, devices):
    assert admin.post(f"/admin/users/{person.user_id}/suspend", {}).status_code == 200
    for device in devices:
        device.require_end(doors, http)
    require_end(doors, person.token)


def test_a_role_taken_away_is_gone_at_once(http, doors, admin, person):
    with_roles(person, "customer", "support", by=admin)
    assert person.call("GET", "/admin/users").status_code == 200
    before = person.token
    with_roles(person, "customer", by=admin)
    require_end(doors, before)
    assert person.call("GET", "/admin/users").status_code == 403


def test_an_erased_person_is_gone_at_once(http, doors, person, devices):
    assert person.call("DELETE", "/auth/account").status_code == 200
    for device in devices:
        device.require_end(doors, http)
    require_end(doors, person.token)


def test_a_stolen_refresh_token_ends_the_session_of_thief_and_owner(http, doors, person):
    """Whoever comes second with a spent token shows that there are two of them; which one is the thief is unknown."""
    stolen = Device(person)
    owner = http.post("/auth/refresh", json={"refresh_token": stolen.refresh_token}).json()
    remember("token", owner["access_token"], owner["refresh_token"])
    latest = http.post("/auth/refresh", json={"refresh_token": owner["refresh_token"]}).json()
    remember("token", latest["access_token"], latest["refresh_token"])
    problem(http.post("/auth/refresh", json={"refresh_token": stolen.refresh_token}), 401, "AUTH_003")
    require_end(doors, stolen.token)
    require_end(doors, latest["access_token"])
    problem(http.post("/auth/refresh", json={"refresh_token": latest["refresh_token"]}), 401, "AUTH_003")


def test_a_made_up_refresh_token_ends_nobodys_session(http, doors, person):
    device = Device(person)
    head, _, secret = device.refresh_token.rpartition(".")
    for attempt in (f"{head}.{secret[::-1]}", f"{head}.{'A' * len(secret)}", f"{head}.", secret, "x" * 5000):
        assert 400 <= http.post("/auth/refresh", json={"refresh_token": attempt}).status_code < 500
    assert open_doors(doors, device.token) == set(doors)
    assert http.post("/auth/refresh", json={"refresh_token": device.refresh_token}).status_code == 200


def test_the_refresh_cookie_is_out_of_reach_for_scripts_and_for_other_sites(http, person):
    login = {"username": person.username, "password": person.password, "session": "cookie"}
    answer = http.post("/auth/login", json=login, headers={"Origin": PAGE})
    assert answer.status_code == 200, answer.text
    assert "refresh_token" not in answer.json()
    name_and_value, *attributes = [part.strip() for part in answer.headers["set-cookie"].split(";")]
    token = name_and_value.removeprefix(f"{_COOKIE}=")
    remember("token", token, answer.json()["access_token"])
    assert {part.lower() for part in attributes} >= {"httponly", "secure", "samesite=strict", "path=/"}
    assert not any(part.lower().startswith("domain") for part in attributes)

    cookie = {"Cookie": f"{_COOKIE}={token}"}
    foreign = (
        "https://attacker.test",
        f"{PAGE}.attacker.test",
        "null",
        PAGE.replace("http://", "https://"),
        f"{PAGE}/",
    )
    for origin in foreign:
        assert http.post("/auth/refresh", headers={**cookie, "Origin": origin}).status_code == 403, origin
    assert http.post("/auth/refresh", headers=cookie).status_code == 403
    assert http.post("/auth/refresh", json={"refresh_token": token}).status_code == 401
    refreshed = http.post("/auth/refresh", headers={**cookie, "Origin": PAGE})
    assert refreshed.status_code == 200, refreshed.text
    remember("token", refreshed.json()["access_token"])
    http.cookies.clear()
