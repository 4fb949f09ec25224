"""Signing keys are exchanged under load: whoever is signed in notices nothing, whoever signs in gets the new key."""

import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Self

import jwt
import pytest
import stack_control
from platform_client import API, SERVICES, Person, client

pytestmark = [
    pytest.mark.security,
    pytest.mark.skipif(stack_control.STATE is None, reason="needs the state folder of a local stack (CNOP_STATE)"),
]
CALLERS = 4
# Keys are read again every 10 s.
_PUBLISHED_SECONDS = 30
# `./cnop test security` starts its stack with a short lead; elsewhere it takes minutes until a new key signs.
_LONGEST_LEAD_SECONDS = 60
_PAUSE_SECONDS = 0.02


def cnop(*arguments: str) -> str:
    argv = [str(stack_control.COMMAND), *arguments, "--state", str(stack_control.STATE)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def key_set() -> tuple[set[str], int]:
    """Return the ids of the published keys, and for how many seconds they may be cached."""
    with client(SERVICES["user"]) as http:
        answer = http.get("/.well-known/jwks.json")
    return {key["kid"] for key in answer.json()["keys"]}, int(answer.headers["cache-control"].rpartition("max-age=")[2])


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} took more than {seconds} s"
        time.sleep(0.2)


def key_id(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


class Load:
    """People who call, refresh and sign in without a pause, through the gateway and at the services themselves."""

    def __init__(self, people: list[Person]) -> None:
        self.answers: Counter[tuple[str, int]] = Counter()
        self.used: set[str] = set()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(person,)) for person in people]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(timeout=60)

    def _run(self, person: Person) -> None:
        with client(API) as gateway, client(SERVICES["order"]) as orders:
            login = {"username": person.username, "password": person.password}
            grant = gateway.post("/auth/login", json=login).json()
            while not self._over.wait(_PAUSE_SECONDS):
                bearer = {"Authorization": f"Bearer {grant['access_token']}"}
                for where, http, path in (
                    ("gateway", gateway, "/auth/profile"),
                    ("gateway", gateway, "/portfolio"),
                    ("order_service", orders, "/portfolio"),
                ):
                    self.answers[where, http.get(path, headers=bearer).status_code] += 1
                answer = gateway.post("/auth/refresh", json={"refresh_token": grant["refresh_token"]})
                self.answers["refresh", answer.status_code] += 1
                if answer.status_code == 200:
                    grant = answer.json()
                    self.used.add(key_id(grant["access_token"]))


def test_signing_keys_are_rotated_under_load_without_one_failed_request(http):
    people = [Person.register(http) for _ in range(CALLERS)]
    before, (_, lead) = key_id(people[0].token), key_set()
    with Load(people) as load:
        rotated = cnop("keys", "rotate", "signing").split()[0]
        wait_until(lambda: rotated in key_set()[0], seconds=_PUBLISHED_SECONDS, what="publishing the new key")
        # Published, and not yet in use: no verifier may meet a token of a key that it had no time to fetch.
        assert load.used == {before}
        if lead <= _LONGEST_LEAD_SECONDS:
            signs = lead + _PUBLISHED_SECONDS
            wait_until(lambda: rotated in load.used, seconds=signs, what="signing with the new key")
            people[0].log_in()
            assert key_id(people[0].token) == rotated
            # Their token is of the old key.
            assert people[1].call("GET", "/portfolio").status_code == 200
            assert before not in cnop("keys", "retire"), "a living token was signed with it"
    assert {each: count for each, count in load.answers.items() if each[1] != 200} == {}
    assert sum(load.answers.values()) > 100
    assert {before, rotated} <= key_set()[0]
