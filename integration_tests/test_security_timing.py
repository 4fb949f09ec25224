"""How long an answer takes must not tell whether an account exists. A rank test, no stopwatch (see `ranks`)."""

import random
import secrets
from collections.abc import Callable, Iterator
from functools import partial

import httpx
import pytest
from platform_client import SERVICES, Person, client, stranger
from ranks import ComeBackLater, deviation, superiority, times

pytestmark = pytest.mark.security

PEOPLE, TRIES_EACH = 12, 5
# Fewer failures than block an address.
_FAILURES_AN_ADDRESS = 4
# Chance alone strays that far once in 16,000 runs. Without the work that hides it, the chance would be 1.0.
_SIGMAS = 4.0
_BUSY = "too many passwords wait to be checked"


@pytest.fixture(scope="module")
def people() -> list[Person]:
    with client() as http:
        return [Person.register(http) for _ in range(PEOPLE)]


@pytest.fixture
def connections() -> Iterator[Callable[[], httpx.Client]]:
    """Give connections straight to the service, each for so many failures as its address is allowed."""
    opened: list[httpx.Client] = []
    used = 0

    def connection() -> httpx.Client:
        nonlocal used
        if used % _FAILURES_AN_ADDRESS == 0:
            opened.append(stranger(SERVICES["user"]))
            opened[-1].get("/health/live")
        used += 1
        return opened[-1]

    yield connection
    for each in opened:
        each.close()


def require_alike(first: list[Callable[[], None]], second: list[Callable[[], None]]) -> None:
    """Assert that the times of the two kinds of requests cannot be told apart."""
    one, other = times(first, second)
    found = superiority(one, other)
    assert abs(found - 0.5) < _SIGMAS * deviation(one, other), f"told apart with a chance of {found:.2f}"


def nobody() -> str:
    return f"nobody_{secrets.token_hex(6)}"


@pytest.mark.parametrize("spelling", ["username", "email"])
def test_unknown_names_take_as_long_as_wrong_passwords(people, connections, spelling):
    def guess(name: str) -> None:
        body = {"username": name, "password": "not-the-password-1"}
        answer = connections().post("/auth/login", json=body)
        # Another 429 would be the name that is slowed down: too many tries for one person.
        if answer.status_code == 429 and _BUSY in answer.json()["detail"]:
            raise ComeBackLater
        assert answer.status_code == 401

    known = [getattr(person, spelling) for person in people]
    unknown = [nobody() if spelling == "username" else f"{nobody()}@example.com" for _ in known]
    # Half the tries for each spelling: a name may fail ten times before it is slowed down.
    tries = TRIES_EACH - (spelling == "email")
    require_alike([partial(guess, name) for name in known * tries], [partial(guess, name) for name in unknown * tries])


def test_asking_for_a_reset_letter_takes_as_long_whoever_it_is(people):
    with client(SERVICES["user"]) as http:

        def ask(name: str) -> None:
            assert http.post("/auth/password/forgot", json={"email": name}).status_code == 202

        known = [person.email for person in people] * TRIES_EACH
        unknown = [f"{nobody()}@example.com" for _ in known]
        require_alike([partial(ask, name) for name in known], [partial(ask, name) for name in unknown])


def test_the_test_tells_apart_what_can_be_told_apart():
    """A tenth more work, under noise of the same size, would be seen; noise alone is not."""
    noise = random.Random(20260131)  # noqa: S311 - noise, and the same in every run
    busy = [0.050 + noise.expovariate(1 / 0.005) for _ in range(60)]
    same = [0.050 + noise.expovariate(1 / 0.005) for _ in range(60)]
    slower = [0.055 + noise.expovariate(1 / 0.005) for _ in range(60)]
    bound = _SIGMAS * deviation(busy, same)
    assert abs(superiority(busy, same) - 0.5) < bound < superiority(slower, busy) - 0.5
