"""Limits across replicas, against a real Valkey: exact, refilled, and what holds when it is away."""

import asyncio
from datetime import UTC, datetime

import pytest
import valkey.asyncio as valkey
from prometheus_client import REGISTRY
from pydantic import ValidationError
from service_under_test import GATEWAY_SECRET

from cnop_core.clock import FixedClock
from cnop_platform.access import Access, RateClass, UndeclaredAccess
from cnop_platform.allowances import FAILS_OPEN, LOCAL, PRODUCTION, Allowance, LimitGroup
from cnop_platform.permissions import Permission
from cnop_platform.shared_limits import GROUP_OF, SharedLimitReached, SharedLimits, group_of, source_of
from cnop_platform.testing.valkeys import LocalValkey

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
ALLOWANCES = {
    **dict.fromkeys(LimitGroup, Allowance(burst=3, requests=1, interval_seconds=10)),
    LimitGroup.ORDERS: Allowance(burst=40, requests=1, interval_seconds=3600),
}
GROUPS = sorted(LimitGroup)
CLOSED = sorted(set(LimitGroup) - FAILS_OPEN)


class Elapsed:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture
def elapsed() -> Elapsed:
    return Elapsed()


@pytest.fixture
def limits(valkey_client: valkey.Valkey, clock: FixedClock, elapsed: Elapsed) -> SharedLimits:
    return SharedLimits(valkey_client, allowances=ALLOWANCES, clock=clock, elapsed=elapsed)


async def admitted(limits: SharedLimits, times: int, *, group=LimitGroup.REGISTRATION, subject="192.0.2.1") -> int:
    """Return how many of so many requests at once were admitted."""
    answers = await asyncio.gather(*(limits.admit(group, subject) for _ in range(times)), return_exceptions=True)
    unexpected = [answer for answer in answers if answer is not None and not isinstance(answer, SharedLimitReached)]
    assert unexpected == []
    return answers.count(None)


async def test_a_burst_is_admitted_then_refused_with_the_time_to_wait(limits):
    for _ in range(3):
        await limits.admit(LimitGroup.REGISTRATION, "192.0.2.1")
    with pytest.raises(SharedLimitReached) as refused:
        await limits.admit(LimitGroup.REGISTRATION, "192.0.2.1")
    assert refused.value.retry_after_seconds == 10
    assert refused.value.headers == {
        "RateLimit": '"registration";r=0;t=10',
        "RateLimit-Policy": '"registration";q=3;w=30',
    }


async def test_room_comes_back_as_time_passes_and_never_more_than_the_burst(limits, clock):
    assert await admitted(limits, 5) == 3
    clock.advance(seconds=9)
    assert await admitted(limits, 2) == 0
    clock.advance(seconds=1)
    assert await admitted(limits, 2) == 1
    clock.advance(seconds=172_800)
    assert await admitted(limits, 9) == 3


async def test_subjects_and_groups_have_buckets_of_their_own(limits):
    assert await admitted(limits, 5) == 3
    assert await admitted(limits, 5, subject="192.0.2.2") == 3
    assert await admitted(limits, 5, group=LimitGroup.RECOVERY) == 3


async def test_replicas_together_admit_exactly_the_burst(valkey_server: LocalValkey, clock):
    clients = [valkey_server.client() for _ in range(4)]
    replicas = [SharedLimits(client, allowances=ALLOWANCES, clock=clock) for client in clients]
    counts = await asyncio.gather(*(admitted(each, 60, group=LimitGroup.ORDERS, subject="u") for each in replicas))
    assert sum(counts) == 40
    await asyncio.gather(*(client.aclose() for client in clients))


async def test_what_is_asked_at_once_goes_in_few_calls(limits, valkey_client):
    before = (await valkey_client.info("commandstats"))["cmdstat_evalsha"]["calls"] if await admitted(limits, 1) else 0
    await asyncio.gather(*(limits.admit(LimitGroup.CASH, f"user-{number}") for number in range(150)))
    after = (await valkey_client.info("commandstats"))["cmdstat_evalsha"]["calls"]
    assert after - before <= 3


async def test_a_caller_that_hangs_up_holds_up_nobody(limits):
    gone = asyncio.create_task(limits.admit(LimitGroup.CASH, "u"))
    await asyncio.sleep(0)
    gone.cancel()
    await limits.admit(LimitGroup.CASH, "u")
    assert gone.cancelled()


async def test_a_bucket_leaves_nothing_behind_once_it_is_full(limits, valkey_client):
    await limits.admit(LimitGroup.REGISTRATION, "192.0.2.1")
    (key,) = await valkey_client.keys("cnop:rl:shared:*")
    assert 0 < await valkey_client.pttl(key) <= 10_000


@pytest.mark.parametrize("group", sorted(FAILS_OPEN))
async def test_without_valkey_money_moves_on(limits, valkey_server, group):
    valkey_server.kill()
    assert await admitted(limits, 100, group=group) == 100


@pytest.mark.parametrize("group", CLOSED)
async def test_without_valkey_each_process_counts_everything_else_for_itself(limits, valkey_server, clock, group):
    valkey_server.kill()
    assert await admitted(limits, 100, group=group) == 3
    assert await admitted(limits, 100, group=group, subject="another") == 3
    clock.advance(seconds=10)
    assert await admitted(limits, 100, group=group) == 1


@pytest.mark.parametrize("group", GROUPS)
async def test_with_valkey_every_group_is_limited(limits, group):
    assert await admitted(limits, 100, group=group) == ALLOWANCES[group].burst


async def test_a_valkey_that_hangs_costs_one_bounded_wait_a_second(limits, valkey_server, elapsed):
    await limits.admit(LimitGroup.CASH, "u")
    valkey_server.pause()
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await admitted(limits, 200, group=LimitGroup.CASH) == 200
    assert await admitted(limits, 200, group=LimitGroup.CASH) == 200
    assert loop.time() - began < 1
    valkey_server.resume()
    assert await admitted(limits, 5, group=LimitGroup.CASH, subject="v") == 5
    elapsed.seconds += 2
    assert await admitted(limits, 5, group=LimitGroup.CASH, subject="v") == 3


async def test_refusals_are_counted(limits):
    def count() -> float:
        return REGISTRY.get_sample_value("cnop_shared_limit_refused_total", {"group": "recovery"}) or 0.0

    before = count()
    await admitted(limits, 5, group=LimitGroup.RECOVERY)
    assert count() - before == 2


async def test_a_user_who_pays_too_often_is_told_when_to_come_back(service, limits):
    service.limits = limits
    async with service.client() as client:
        bearer = service.bearer()
        answers = [await client.post("/payments", json={"amount": "1"}, headers=bearer) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
        refused = answers[-1]
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["code"] == "RATE_001"
        assert refused.headers["retry-after"] == "10"
        assert refused.headers["ratelimit"] == '"cash";r=0;t=10'
        assert refused.headers["ratelimit-policy"] == '"cash";q=3;w=30'
        other = await client.post("/payments", json={"amount": "1"}, headers=service.bearer(sub="usr_another"))
        assert other.status_code == 201


async def test_a_refused_token_uses_up_nobodys_room(service, limits):
    service.limits = limits
    async with service.client() as client:
        for _ in range(5):
            assert (await client.post("/payments", json={"amount": "1"})).status_code == 401
        answer = await client.post("/payments", json={"amount": "1"}, headers=service.bearer())
        assert answer.status_code == 201


async def test_without_a_token_the_address_counts_as_the_gateway_saw_it(service, limits):
    service.limits = limits
    async with service.client() as client:

        async def sign_in(address: str, secret: str = GATEWAY_SECRET) -> int:
            headers = {"x-forwarded-for": address, "x-cnop-gateway": secret}
            return (await client.post("/sign-in", headers=headers)).status_code

        assert [await sign_in("192.0.2.1") for _ in range(4)] == [200, 200, 200, 429]
        assert [await sign_in(f"2001:db8::{number}") for number in range(4)] == [200, 200, 200, 429]
        assert await sign_in("192.0.2.2") == 200
        assert [await sign_in(f"10.0.0.{number}", "guess") for number in range(4)] == [200, 200, 200, 429]
        assert (await client.get("/greetings/ada")).status_code == 200


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.7"),
        ("testclient", "testclient"),
    ],
)
def test_a_source_is_an_address_or_a_subscribers_network(address, source):
    assert source_of(address) == source


def test_production_is_stricter_than_local_in_every_group():
    for group in LimitGroup:
        strict, loose = PRODUCTION[group], LOCAL[group]
        assert strict.burst < loose.burst
        assert strict.cost_us > loose.cost_us or group is LimitGroup.ORDERS


def test_an_endpoint_of_a_limited_class_without_a_limit_does_not_start():
    assert group_of(Access(permission=Permission.READ_ASSETS, rate=RateClass.READ)) is None
    for permission, group in GROUP_OF.items():
        assert group_of(Access(permission=permission, rate=RateClass.TRADE)) is group
    for permission in (Permission.READ_ASSETS, None):
        with pytest.raises(UndeclaredAccess, match="shared limit"):
            group_of(Access(permission=permission, rate=RateClass.TRADE))


@pytest.mark.parametrize("wrong", [{"burst": 0}, {"requests": 0}, {"interval_seconds": 0}, {"more": 1}])
def test_an_allowance_that_means_nothing_is_refused(wrong):
    with pytest.raises(ValidationError):
        Allowance(**{"burst": 1, "requests": 1, **wrong})
