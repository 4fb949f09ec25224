"""What may be asked of an OpenID provider: how long ago, and how well, it must have seen whom it sends."""

import time
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError
from test_federated_factor import show_factor
from test_federation import auth_time_of, begin, enrol_app, error_of, go_round, person, provider, session_of
from users_under_test import ServiceUnderTest, bearer, make_settings

from cnop_platform.system import SystemClock

__all__ = ["provider"]
pytestmark = [pytest.mark.enable_socket, pytest.mark.security]


@pytest.fixture
def strict(tmp_path, valkey_server, provider, cache):
    described = {"issuer": provider, "client_id": "cnop", "client_secret": "c" * 40}
    known = {"mock": {**described, "max_age_seconds": 3600, "acr_values": ["urn:strong"]}}
    return ServiceUnderTest(
        make_settings(tmp_path, valkey_server.url, oidc_providers=known), cache, clock=SystemClock()
    )


@pytest.mark.parametrize(
    ("aged", "claims"),
    [
        (3601, {}),
        (0, {"auth_time": None}),
        (0, {"auth_time": "yesterday"}),
        (0, {"acr": None}),
        (0, {"acr": "urn:weak"}),
        (0, {"acr": ["urn:strong"]}),
    ],
)
async def test_a_provider_must_have_seen_the_person_well_and_lately_enough(strict, provider, aged, claims):
    async with strict.client() as client:
        asked = parse_qs(urlsplit((await begin(client))[0]).query)
        assert (asked["max_age"], asked["acr_values"]) == (["3600"], ["urn:strong"])
        told = {"email": "strong@example.com", "email_verified": True, "acr": "urn:strong"}
        person(provider, "strong", auth_time=int(time.time()), **told)
        await session_of(client, await go_round(client, "strong"))
        person(provider, "strong", **{"auth_time": int(time.time()) - aged, **told, **claims})
        assert error_of(await go_round(client, "strong")) == "AUTH_001"


async def test_a_session_ends_when_the_provider_has_to_be_asked_again(strict, provider):
    """However long sessions may last: this one rests on a sign-in elsewhere of 50 minutes ago, good for an hour."""
    seen = int(time.time()) - 3000
    person(provider, "guest", email="guest@example.com", email_verified=True, acr="urn:strong", auth_time=seen)
    async with strict.client() as client:
        tokens = await session_of(client, await go_round(client, "guest"))
        assert tokens["expires_in"] <= 600
        (session,) = (await client.get("/auth/sessions", headers=bearer(tokens))).json()["data"]
        assert datetime.fromisoformat(session["expires_at"]).timestamp() == seen + 3600


async def test_a_second_factor_shown_here_makes_such_a_session_no_longer(strict, provider):
    seen = int(time.time()) - 100
    told = {"email": "careful@example.com", "email_verified": True, "acr": "urn:strong"}
    person(provider, "careful", auth_time=seen, **told)
    async with strict.client() as client:
        tokens = await session_of(client, await go_round(client, "careful"))
        codes = (await enrol_app(client, tokens)).json()["recovery_codes"]
        seen = int(time.time()) - 3000
        person(provider, "careful", auth_time=seen, **told)
        shown = await show_factor(client, await go_round(client, "careful"), recovery_code=codes[0])
        assert shown.status_code == 200, shown.text
        sessions = (await client.get("/auth/sessions", headers=bearer(shown.json()))).json()["data"]
        (current,) = [session for session in sessions if session["current"]]
        assert datetime.fromisoformat(current["expires_at"]).timestamp() == seen + 3600


async def test_a_provider_that_does_not_tell_when_counts_as_configured(tmp_path, valkey_server, cache, provider):
    described = {"issuer": provider, "client_id": "cnop", "client_secret": "c" * 40}
    told = {"email": "quiet@example.com", "email_verified": True, "auth_time": None}
    for tells, fresh in ((True, False), (False, True)):
        known = {"mock": {**described, "tells_auth_time": tells}}
        settings = make_settings(tmp_path, valkey_server.url, oidc_providers=known)
        person(provider, "quiet", **told)
        async with ServiceUnderTest(settings, cache, clock=SystemClock()).client() as client:
            url, _ = await begin(client)
            assert ("max_age" in parse_qs(urlsplit(url).query)) is tells
            tokens = await session_of(client, await go_round(client, "quiet"))
            assert (time.time() - auth_time_of(tokens) < 60) is fresh


@pytest.mark.parametrize(
    ("name", "changes"),
    [("mock", {"issuer": "http://elsewhere.test"}), ("mock", {"issuer": "nowhere"}), ("Mock!", {}), ("mock", {"x": 1})],
)
def test_a_provider_that_is_badly_described_is_refused(tmp_path, name, changes):
    described = {"issuer": "https://elsewhere.test", "client_id": "c", "client_secret": "c"}
    assert make_settings(tmp_path, "valkey://localhost", oidc_providers={"mock": described}).oidc_providers
    with pytest.raises(ValidationError):
        make_settings(tmp_path, "valkey://localhost", oidc_providers={name: {**described, **changes}})
