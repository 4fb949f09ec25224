"""Replicas on both sides of a step of a key's exchange serve the same people, as while pods start anew one by one."""

from contextlib import asynccontextmanager

import pytest
from users_under_test import ServiceUnderTest, bearer, key_text, log_in, make_settings, register

pytestmark = pytest.mark.security

RINGS = {"pepper": 3, "data_key": 4, "index_key": 5}
KNOWN = pytest.param((("old",), ("old", "new")), id="the_new_key_becomes_known")
USED = pytest.param((("old", "new"), ("new", "old")), id="the_new_key_comes_into_use")


def keys_in_order(ages):
    """Return the settings of all three rings, each with the old key, the new one or both in that order."""
    fills = {name: {"old": fill, "new": fill + 10} for name, fill in RINGS.items()}
    return {name: ",".join(key_text(fill[age]) for age in ages) for name, fill in fills.items()}


@pytest.fixture(params=[KNOWN, USED])
async def replicas(request, tmp_path, valkey_server, cache):
    """Two clients: of a replica that the step has not reached, and of one that it has."""
    before, after = request.param

    @asynccontextmanager
    async def replica(ages, beside=None):
        settings = make_settings(tmp_path, valkey_server.url, **keys_in_order(ages))
        shared = {"store": beside.store, "clock": beside.clock} if beside else {}
        service = ServiceUnderTest(settings, cache, **shared)
        async with service.client() as client:
            yield service, client

    async with replica(before) as (service, first), replica(after, beside=service) as (_, second):
        yield first, second


@pytest.fixture(params=["before_then_after", "after_then_before"])
def one_then_other(request, replicas):
    return replicas if request.param == "before_then_after" else replicas[::-1]


async def test_a_password_hashed_by_either_replica_fits_at_the_other(one_then_other):
    one, other = one_then_other
    assert (await register(one)).status_code == 201
    # A sign-in may hash anew under the replica's own pepper, so both are asked twice.
    for client in (one, other, one, other):
        assert (await log_in(client)).status_code == 200


async def test_an_address_belongs_to_one_account_whichever_replica_is_asked(one_then_other):
    one, other = one_then_other
    assert (await register(one, email="one@example.com")).status_code == 201
    assert (await register(other, "somebody", email="one@example.com")).status_code == 409
    assert (await log_in(other, "one@example.com")).status_code == 200


async def test_a_profile_sealed_at_either_replica_is_read_at_the_other(one_then_other):
    one, other = one_then_other
    assert (await register(one, email="one@example.com")).status_code == 201
    tokens = (await log_in(one)).json()
    for client in (one, other):
        answer = await client.get("/auth/profile", headers=bearer(tokens))
        assert (answer.status_code, answer.json().get("email")) == (200, "one@example.com")
