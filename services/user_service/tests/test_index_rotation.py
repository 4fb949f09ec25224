"""A new index key ends nothing that is under way, and forgets nowhere that people have signed in from."""

import mailbox
from contextlib import asynccontextmanager

import pytest
from test_letter_budgets import drained
from test_mail import folder, hurry
from test_passkeys import enrol, options, sign_in
from users_under_test import START, ServiceUnderTest, key_text, log_in, make_settings, signed_in

from cnop_core.clock import FixedClock
from cnop_platform.system import entropy
from cnop_users.adapters.oidc import FlowSeal
from cnop_users.application.federation import Flow
from cnop_users.application.identities import SignInFailed

__all__ = ["folder", "hurry"]
pytestmark = pytest.mark.security

OLD, NEW = key_text(5), key_text(9)


@pytest.fixture
def settings(tmp_path, valkey_server, folder):
    return make_settings(tmp_path, valkey_server.url, mail_dir=folder, index_key=OLD)


@pytest.fixture
def restarted(service, tmp_path, valkey_server, folder):
    """Let the service go on with other index keys."""

    @asynccontextmanager
    async def restarted(index_key):
        settings = make_settings(tmp_path, valkey_server.url, mail_dir=folder, index_key=index_key)
        replica = ServiceUnderTest(settings, service.cache, store=service.store, clock=service.clock)
        async with replica.client() as client:
            yield replica, client

    return restarted


async def test_a_passkeys_challenge_that_is_out_stays_good_while_its_key_is_kept(client, tokens, restarted):
    device, _ = await enrol(client, tokens)
    asked = [await options(client) for _ in range(2)]
    async with restarted(f"{NEW},{OLD}") as (_, both):
        assert (await sign_in(both, device.get(asked[0]))).status_code == 200
        asked.append(await options(both))
    async with restarted(NEW) as (_, only_new):
        assert (await sign_in(only_new, device.get(asked[1]))).status_code == 401
        assert (await sign_in(only_new, device.get(asked[2]))).status_code == 200, "it was made under the new key"


async def test_a_place_stays_known_and_is_remembered_under_the_new_key(client, service, folder, restarted):
    await signed_in(client)
    async with restarted(f"{NEW},{OLD}") as (_, both):
        assert (await log_in(both)).status_code == 200
    async with restarted(NEW) as (replica, only_new):
        assert (await log_in(only_new)).status_code == 200
        async with replica.from_address("198.51.100.7") as elsewhere:
            assert (await log_in(elsewhere)).status_code == 200
        await drained(service)
    told = [each for each in mailbox.Maildir(folder) if each["Subject"] == "A sign-in from a new place"]
    assert ["198.51.100.7" in each.get_payload(decode=True).decode() for each in told] == [True]


async def test_a_sign_in_elsewhere_that_is_under_way_is_finished_while_its_key_is_kept():
    flow = Flow("mock", "state", "nonce", "verifier")

    def seal(*keys):
        return FlowSeal(keys, clock=FixedClock(START), entropy=entropy)

    begun = seal(b"old").seal(flow)
    assert seal(b"new", b"old").open(begun, state="state") == flow
    for keys in ((b"new",), (b"new", b"other")):
        with pytest.raises(SignInFailed):
            seal(*keys).open(begun, state="state")
