"""Forged access tokens, at the gateway and at every service's own port: always 401, never a 5xx."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
import pytest
import stack_control
from forgery import TOKENS, WITHOUT_ROLES, Forge
from platform_client import API, PAGE, SERVICES, Person, client, problem
from staff import STAFF, administrator, with_roles

pytestmark = [
    pytest.mark.security,
    pytest.mark.skipif(stack_control.STATE is None, reason="needs the state folder of a local stack (CNOP_STATE)"),
]


@cache
def connection(base: str) -> httpx.Client:
    return client(base)


@dataclass(frozen=True)
class Door:
    """Somewhere a token can be shown: an address, and an operation behind it that answers whoever holds every role."""

    name: str
    base: str
    method: str
    path: str
    admitted: int

    def ask(self, headers: list[tuple[str, str]], **options: Any) -> httpx.Response:
        """Send the request with these headers."""
        body = {"json": {}} if self.method == "POST" else {}
        return connection(self.base).request(self.method, self.path, headers=headers, **body, **options)


_OPERATIONS = {
    "user": ("GET", "/auth/profile", 200),
    "order": ("GET", "/portfolio", 200),
    "inventory": ("POST", "/inventory/assets", 422),
}
DOORS = [
    *(Door(f"gateway to {service}", API, *_OPERATIONS[service]) for service in _OPERATIONS),
    *(Door(f"{service} itself", SERVICES[service], *_OPERATIONS[service]) for service in _OPERATIONS),
    Door("the page's gateway", f"{PAGE}/api/v1", *_OPERATIONS["user"]),
]
each_door = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)


@pytest.fixture(scope="module")
def admin(http: httpx.Client) -> Person:
    return administrator(http)


@pytest.fixture(scope="module")
def everybody(http: httpx.Client, admin: Person) -> Person:
    """Somebody with every role, so that no door can refuse them for the lack of one."""
    return with_roles(Person.register(http), "customer", *STAFF, by=admin)


@pytest.fixture(scope="module")
def forge(everybody: Person) -> Forge:
    return Forge(everybody.token)


@pytest.fixture(scope="module", autouse=True)
def hung_up() -> Iterator[None]:
    yield
    for base in {door.base for door in DOORS}:
        connection(base).close()
    connection.cache_clear()


def bearer(token: str) -> list[tuple[str, str]]:
    return [("Authorization", f"Bearer {token}")]


def require_refusal(answer: httpx.Response, code: str = "AUTH_003") -> None:
    """Assert that this is how a bad token is refused (RFC 6750, section 3): nothing told but that it is bad."""
    problem(answer, 401, code)
    assert answer.headers["www-authenticate"].startswith("Bearer")


@each_door
def test_a_token_made_here_with_nothing_wrong_is_admitted_at(door, forge):
    """The control: were it refused, the refusals below would prove nothing."""
    for token in (forge.good, forge.signed(), forge.claiming(jti="another"), forge.headed()):
        assert door.ask(bearer(token)).status_code == door.admitted


@pytest.mark.parametrize("attack", TOKENS)
def test_no_door_takes_a_token_with(attack, forge):
    token = TOKENS[attack](forge)
    for door in DOORS:
        answer = door.ask(bearer(token))
        if attack in WITHOUT_ROLES and door.base not in SERVICES.values():
            # A token that only the platform itself could have signed, and nothing else wrong with it: the gateway
            # compares roles before the service has a look, and finds none that it knows.
            problem(answer, 403, "PERM_001")
        else:
            require_refusal(answer)


def test_forged_tokens_leave_the_good_one_good(forge):
    for door in DOORS:
        assert door.ask(bearer(forge.good)).status_code == door.admitted


def ways(good: str) -> Iterator[tuple[str, list[tuple[str, str]], dict[str, Any]]]:
    """Yield ways to bring a good token along that are none."""
    yield "two headers", [*bearer(good), *bearer(good)], {}
    yield "two headers, the second one bad", [*bearer(good), *bearer("invalid")], {}
    yield "two tokens in one header", [("Authorization", f"Bearer {good}, Bearer {good}")], {}
    yield "another scheme", [("Authorization", f"Basic {good}")], {}
    yield "no scheme", [("Authorization", good)], {}
    yield "the scheme of DPoP", [("Authorization", f"DPoP {good}")], {}
    yield "no token behind the scheme", [("Authorization", "Bearer")], {}
    yield "another header", [("X-Authorization", f"Bearer {good}")], {}
    yield "the proxy's header", [("Proxy-Authorization", f"Bearer {good}")], {}
    yield "a header of the gateway's", [("X-Jwt-Payload", good), ("X-User-Id", "usr_1")], {}
    yield "the query", [], {"params": {"access_token": good}}
    yield "a cookie", [("Cookie", f"access_token={good}; token={good}; __Host-cnop_refresh={good}")], {}


@each_door
def test_a_good_token_counts_in_one_authorization_header_only_at(door, forge):
    for way, headers, options in ways(forge.good):
        answer = door.ask(headers, **options)
        assert answer.status_code == 401, f"{way}: {answer.status_code} {answer.text}"
        assert answer.json()["code"] in {"AUTH_002", "AUTH_003"}, way


@each_door
def test_the_token_of_an_ended_session_is_refused_although_all_else_is_good_at(http, admin, door):
    person = with_roles(Person.register(http), "customer", *STAFF, by=admin)
    assert door.ask(bearer(person.token)).status_code == door.admitted
    assert person.post("/auth/logout", {}).status_code == 200
    require_refusal(door.ask(bearer(person.token)))
    require_refusal(door.ask(bearer(Forge(person.token).claiming(jti="another"))))


def test_a_token_ends_at_its_second_everywhere_although_it_was_let_in_before(forge):
    """Gateway and services remember tokens that they verified; none may be remembered for too long."""
    ends = int(time.time()) + 3
    token = bearer(forge.claiming(exp=ends))
    for door in DOORS:
        assert door.ask(token).status_code == door.admitted
    # Clocks may differ by 5 s; a minute of grace, as some verifiers give, would be a token of 16 minutes.
    while time.time() < ends + 7:
        time.sleep(0.2)
    for door in DOORS:
        require_refusal(door.ask(token))


def test_a_refresh_token_opens_nothing_but_the_next_pair(everybody):
    refresh = everybody.log_in()["refresh_token"]
    for door in DOORS:
        require_refusal(door.ask(bearer(refresh)))
