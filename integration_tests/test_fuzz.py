"""Asks every operation of the merged description for things that nobody thought of, as everybody who may ask.

Schemathesis makes the requests from the description, valid and invalid ones, always the same (the seed is fixed). What
comes back must be what the description says: a status that it declares, in the content type and the shape declared.
`CNOP_FUZZ_EXAMPLES` says how many requests of each kind an operation gets (default 4).
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
import stack_control
from hypothesis import HealthCheck, Phase, given, settings
from platform_client import API, GATEWAY, Person, client, stranger_address
from requests.adapters import HTTPAdapter
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from staff import STAFF, administrator, with_roles

pytestmark = [pytest.mark.fuzz, pytest.mark.timeout(300)]
EXAMPLES = int(os.environ.get("CNOP_FUZZ_EXAMPLES", "4"))
# Left out are the checks that need a state of their own (`test_access_matrix.py` has those on authorization) and
# `positive_data_acceptance`: that something is well-formed does not mean that one has the funds for it.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
CONFIG = {
    "generation": {
        # Tokens are sent here, and unknown query parameters are ignored by contract.
        "with-security-parameters": False,
        "allow-extra-parameters": False,
    },
    "checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}},
}
# These end the session that they are asked with.
LAST = ("/auth/logout",)


class OwnAddress(HTTPAdapter):
    """Connects from another loopback address, so that failed sign-ins block nobody else."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options, source_address=(stranger_address(), 0))


@pytest.fixture(scope="module")
def schema():
    with client(API) as http:
        document = http.get("/openapi.json").json()
    return schemathesis.openapi.from_dict(document, config=schemathesis.Config.from_dict(CONFIG))


@pytest.fixture(scope="module")
def session():
    with requests.Session() as session:
        session.mount("http://", OwnAddress())
        yield session


def admitting(schema: schemathesis.BaseSchema, role: str) -> Iterator[schemathesis.APIOperation]:
    """Return the operations that this role may use; streams, which do not end, are left out."""
    found = [each.ok() for each in schema.get_all_operations()]
    access = {id(each): each.definition.raw["x-access"] for each in found}
    usable = [each for each in found if role in access[id(each)]["roles"] and not access[id(each)]["stream"]]
    yield from sorted(usable, key=lambda each: each.path.endswith(LAST))


def oddities(
    operation: schemathesis.APIOperation, session: requests.Session, token: str | None, examples: int
) -> list[str]:
    """Return what was wrong with the answers of one operation."""
    found: dict[str, str] = {}
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    def ask(case: schemathesis.Case) -> None:
        answer = case.call(base_url=GATEWAY, session=session, headers=headers, allow_redirects=False, timeout=15)
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                found[f"{operation.label}: {failure.title}"] = (
                    f"{failure.message}\n{answer.text[:300]}\n{case.as_curl_command()}"
                )

    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query or operation.path_parameters):
            continue
        bounded = settings(
            max_examples=examples,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        bounded(given(case=operation.as_strategy(generation_mode=mode))(ask))()
    return [f"{what}\n{more}" for what, more in found.items()]


def fuzz(schema: schemathesis.BaseSchema, session: requests.Session, role: str, token: str | None) -> None:
    found = []
    for operation in admitting(schema, role):
        # What staff share with customers is asked thoroughly as a customer, and once as each of the others.
        shared = role in STAFF and "customer" in operation.definition.raw["x-access"]["roles"]
        found += oddities(operation, session, token, 1 if shared else EXAMPLES)
    assert not found, "\n\n".join([f"{len(found)} answers are not as described", *found])


def test_anybody_gets_what_the_description_says(schema, session):
    fuzz(schema, session, "public", None)


def test_a_customer_gets_what_the_description_says(schema, session, http):
    person = Person.register(http)
    # With cash on the account it cannot be erased on the way, and some of what is asked for succeeds.
    person.deposit("10000.00")
    fuzz(schema, session, "customer", person.token)


@pytest.mark.skipif(stack_control.STATE is None, reason="needs the state folder of a local stack (CNOP_STATE)")
@pytest.mark.parametrize("role", STAFF)
def test_staff_get_what_the_description_says(schema, session, http, role):
    admin = administrator(http)
    person = admin if role == "admin" else with_roles(Person.register(http), role, by=admin)
    person.deposit("1.00")
    fuzz(schema, session, role, person.token)
