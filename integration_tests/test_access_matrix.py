"""Executes the access matrix: each operation as everybody, through the gateway and on the service that answers it.

What is asked are the merged description's own operations, so that a new endpoint is covered the day it appears. A
request is just enough to get past the door: admitted callers are told that the body or the object is wrong, or get an
answer; that is not what is looked at here.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import stack_control
from platform_client import API, SERVICES, Person, client
from staff import STAFF, administrator, altered, claims_of, forged, unsigned, with_roles

pytestmark = [
    pytest.mark.access,
    pytest.mark.skipif(stack_control.STATE is None, reason="needs the state folder of a local stack (CNOP_STATE)"),
]
ROLES = ("customer", *STAFF)
REFUSALS = {"AUTH_002", "AUTH_003", "PERM_001", "PERM_002"}
# Well-formed, and of nobody.
PLACEHOLDERS = {
    "asset_id": "BTC",
    "order_id": "ord_00000000000000000000000000",
    "passkey_id": "pk_00000000000000000000000000",
    "provider": "nowhere",
    "session_id": "ses_00000000000000000000000000",
    "user_id": "usr_00000000000000000000000000",
    "username": "nobody_at_all",
}
# What the gateway itself says of a path that it does not route: nobody was admitted to anything.
UNROUTED = "There is nothing at this path."
# Objects that are nobody's own.
SHARED = {"asset_id", "provider"}


@dataclass(frozen=True)
class Operation:
    """An operation, its declaration, and the doors at which it can be asked for."""

    method: str
    path: str
    access: dict[str, Any]
    service: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def at(self, door: str, names: dict[str, str] = PLACEHOLDERS) -> str:
        """Return the address at the gateway or at the service itself."""
        return (API if door == "gateway" else SERVICES[self.service]) + self.path.format(**names)

    @property
    def names(self) -> set[str]:
        """Return the names in the path."""
        return {part[1:-1] for part in self.path.split("/") if part.startswith("{")}


def declared() -> Iterator[Operation]:
    for service, address in SERVICES.items():
        with client(address) as http:
            document = http.get("/openapi.json").json()
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if not operation.get("x-internal"):
                    yield Operation(method.upper(), path, operation["x-access"], service)


@pytest.fixture(scope="module")
def operations():
    return list(declared())


@pytest.fixture(scope="module")
def admin(http):
    return administrator(http)


@pytest.fixture(scope="module")
def people(http, admin):
    """One person for each role, with a cent, so that their account cannot be erased on the way."""
    found = {"admin": admin}
    for role in ("customer", "support", "auditor"):
        person = Person.register(http)
        found[role] = person if role == "customer" else with_roles(person, role, by=admin)
    for person in found.values():
        person.deposit("0.01")
    return found


def ask(http: httpx.Client, url: str, operation: Operation, token: str | None) -> tuple[int, str, str]:
    """Return status, problem code and message of a request that says no more than it must."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = {"json": {}} if operation.method in {"POST", "PUT", "PATCH"} else {}
    with http.stream(operation.method, url, headers=headers, **body) as answer:
        problem = answer.headers.get("content-type", "").startswith("application/problem+json")
        if not problem:
            return answer.status_code, "", ""
        answer.read()
        document = answer.json()
        return answer.status_code, document["code"], document["message"]


def is_admitted(status: int, code: str, message: str) -> bool:
    """Tell whether an operation looked at the request, whatever it thought of it."""
    return status < 500 and status not in {405, 429} and code not in REFUSALS and message != UNROUTED


def test_a_path_that_leads_nowhere_and_a_spent_budget_admit_nobody(operations, people):
    nowhere = Operation("GET", "/no/such/operation", {"roles": ["customer"]}, operations[0].service)
    with client() as http:
        assert not is_admitted(*ask(http, nowhere.at("gateway"), nowhere, people["customer"].token))
    assert not is_admitted(429, "RATE_001", "Too many requests.")
    assert is_admitted(404, "NOT_FOUND", "there is no such order")


def mistakes(
    operations: list[Operation], door: str, token: str | None, expected: Callable[[Operation], Any]
) -> list[str]:
    """Return the operations that answered otherwise than expected: a code, or None for being admitted."""
    found = []
    with client() as http:
        for operation in operations:
            status, code, message = ask(http, operation.at(door), operation, token)
            wanted = expected(operation)
            admitted = is_admitted(status, code, message)
            if not (code == wanted if wanted else admitted):
                found.append(f"{operation}: {status} {code or '(no problem)'} instead of {wanted or 'being admitted'}")
    return found


def needs_token(operations: list[Operation]) -> list[Operation]:
    return [operation for operation in operations if operation.access["roles"] != ["public"]]


DOORS = pytest.mark.parametrize("door", ["gateway", "service"])


def test_the_merged_description_holds_every_operation_with_its_declaration(http, operations):
    merged = http.get("/openapi.json").json()["paths"]
    for operation in operations:
        assert merged[f"/api/v1{operation.path}"][operation.method.lower()]["x-access"] == operation.access, operation
    assert len(operations) == sum(len(methods) for methods in merged.values())


def test_every_name_in_a_path_has_a_value_to_ask_with(operations):
    assert {name for operation in operations for name in operation.names} <= PLACEHOLDERS.keys()


@DOORS
def test_nobody_without_a_token_gets_further_than_the_public_may(operations, door):
    def expected(operation: Operation) -> str | None:
        return None if operation.access["roles"] == ["public"] else "AUTH_002"

    # A refresh without a refresh token is refused as what it is.
    asked = [operation for operation in operations if operation.path != "/auth/refresh"]
    assert mistakes(asked, door, None, expected) == []


@DOORS
@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_admitted_where_it_is_declared_and_nowhere_else(operations, people, door, role):
    person = people[role]

    def expected(operation: Operation) -> str | None:
        return None if role in operation.access["roles"] else "PERM_001"

    leaving = [operation for operation in needs_token(operations) if operation.path == "/auth/logout"]
    staying = [operation for operation in needs_token(operations) if operation not in leaving]
    assert mistakes(staying, door, person.token, expected) == []
    assert mistakes(leaving, door, person.log_in()["access_token"], expected) == []
    assert mistakes(staying[:1], door, person.token, lambda _operation: "AUTH_003") == []
    person.log_in()


@DOORS
@pytest.mark.parametrize("role", ROLES)
def test_a_login_too_long_ago_does_not_do_for_sensitive_acts(operations, people, door, role):
    stale = altered(people[role].token, auth_time=int(time.time()) - 400)
    sensitive = [operation for operation in needs_token(operations) if operation.access["step_up"]]
    assert len(sensitive) >= 5

    def expected(operation: Operation) -> str:
        return "PERM_002" if role in operation.access["roles"] else "PERM_001"

    assert mistakes(sensitive, door, stale, expected) == []


@pytest.fixture(scope="module")
def refused_tokens(http, admin):
    """Tokens that must open nothing, by what is wrong with them; the claims are those of an administrator."""
    good, now = admin.token, int(time.time())
    # With every role, so that nothing but the end of their sessions can be why they are refused.
    ended, suspended = (with_roles(Person.register(http), *ROLES, by=admin) for _ in range(2))
    assert ended.post("/auth/logout", {}).status_code == 200
    assert admin.post(f"/admin/users/{suspended.user_id}/suspend", {}).status_code == 200
    header, claims, signature = good.split(".")
    return {
        "made up": "invalid_token",
        "unsigned": unsigned(good),
        "signed by somebody else": forged(good),
        "with another's signature": f"{header}.{claims}.{suspended.token.split('.')[2]}",
        "with one claim swapped": f"{header}.{suspended.token.split('.')[1]}.{signature}",
        "expired": altered(good, iat=now - 2000, nbf=now - 2000, exp=now - 1000),
        "not yet valid": altered(good, iat=now + 600, nbf=now + 600, exp=now + 1200),
        "of another issuer": altered(good, iss="https://attacker.test"),
        "for another audience": altered(good, aud="elsewhere"),
        "of an ended session": ended.token,
        "of somebody suspended": suspended.token,
    }


@DOORS
@pytest.mark.parametrize(
    "kind",
    [
        "made up", "unsigned", "signed by somebody else", "with another's signature", "with one claim swapped",
        "expired", "not yet valid", "of another issuer", "for another audience",
        "of an ended session", "of somebody suspended",
    ],
)  # fmt: skip
def test_a_token_that_is_not_good_opens_nothing(operations, refused_tokens, door, kind):
    assert mistakes(needs_token(operations), door, refused_tokens[kind], lambda _operation: "AUTH_003") == []


def test_tokens_altered_here_are_refused_for_what_was_altered_only(http, admin):
    same = altered(admin.token, jti=secrets.token_hex(8))
    assert http.get("/auth/profile", headers={"Authorization": f"Bearer {same}"}).status_code == 200
    assert claims_of(same)["sub"] == admin.user_id


def test_somebody_suspended_cannot_log_in_until_reinstated(http, admin):
    person = Person.register(http)
    credentials = {"username": person.username, "password": person.password}
    assert admin.post(f"/admin/users/{person.user_id}/suspend", {}).status_code == 200
    assert http.post("/auth/login", json=credentials).status_code == 401
    assert admin.post(f"/admin/users/{person.user_id}/reinstate", {}).status_code == 200
    assert http.post("/auth/login", json=credentials).status_code == 200


@pytest.fixture(scope="module")
def owner(http):
    """Somebody with an open order and a session, whose objects others try to reach."""
    person = Person.register(http)
    person.deposit("1000.00")
    order = person.post(
        "/orders", {"order_type": "limit_buy", "asset_id": "BTC", "quantity": "0.001", "price": "10000"}
    )
    assert order.status_code == 201, order.text
    return person, {
        **PLACEHOLDERS,
        "order_id": order.json()["data"]["order_id"],
        "session_id": person.get("/auth/sessions")["data"][0]["session_id"],
        "username": person.username,
    }


BODIES = {"PATCH /orders/{order_id}": {"price": "9000"}}


@DOORS
@pytest.mark.parametrize("role", ROLES)
def test_another_persons_object_is_not_there(operations, people, owner, door, role):
    person, names = owner
    found = []
    with client() as http:
        for operation in needs_token(operations):
            personal = operation.access.get("owner") == "self" and operation.names - SHARED
            # Staff may name whose portfolio they want; that is their office, and not what is looked at here.
            official = role in {"support", "admin"} and operation.names == {"username"}
            if not personal or official or role not in operation.access["roles"]:
                continue
            answer = http.request(
                operation.method,
                operation.at(door, names),
                headers={"Authorization": f"Bearer {people[role].token}"},
                **({"json": BODIES.get(str(operation), {})} if operation.method in {"POST", "PUT", "PATCH"} else {}),
            )
            if (answer.status_code, answer.json()["code"]) != (404, "NOT_FOUND"):
                found.append(f"{operation}: {answer.status_code} {answer.text}")
    assert found == []
    assert person.get(f"/orders/{names['order_id']}")["data"]["status"] == "pending"


@DOORS
def test_a_customer_naming_somebody_else_gets_nothing_of_theirs(people, owner, door):
    person, names = owner
    address = API if door == "gateway" else SERVICES["order"]
    headers = {"Authorization": f"Bearer {people['customer'].token}"}
    with client(address) as http:
        answer = http.get("/orders", params={"username": person.username}, headers=headers)
        assert answer.status_code in {403, 404} or answer.json()["data"] == []
        one = http.get(f"/orders/{names['order_id']}", params={"username": person.username}, headers=headers)
    assert one.status_code in {403, 404}


def test_staff_may_name_whose_orders_they_read(people, owner):
    person, names = owner
    for role in ("support", "admin"):
        answer = people[role].get(f"/orders/{names['order_id']}", params={"username": person.username})
        assert answer["data"]["order_id"] == names["order_id"]
        assert people[role].get(f"/portfolio/{person.username}")["username"] == person.username


@DOORS
def test_identity_headers_from_outside_are_worth_nothing(operations, people, admin, door):
    """What a proxy might add is sent by the client itself: nobody becomes somebody else by it."""
    claimed = {"X-User-Id": admin.user_id, "X-User-Roles": "admin", "X-Username": admin.username, "X-Roles": "admin"}
    address = API if door == "gateway" else SERVICES["user"]
    with client(address) as http:
        assert http.get("/admin/users", headers=claimed).status_code == 401
        bearer = {"Authorization": f"Bearer {people['customer'].token}", **claimed}
        assert http.get("/admin/users", headers=bearer).status_code == 403
        assert http.get("/auth/profile", headers=bearer).json()["username"] == people["customer"].username
