import asyncio
import time

import pytest
from test_mail import change
from users_under_test import PASSWORD, log_in, register

from cnop_users.adapters import strength
from cnop_users.adapters.strength import CommonPasswords, ZxcvbnJudge
from cnop_users.domain.errors import HashingBusy

pytestmark = pytest.mark.security

OF_THE_PERSON = ("testuser", "test", "example.com")
LOOK_ALIKES = "4@8({[<369&#!1/|0$5+7%2"
MOST_CPU_SECONDS = 1.0
"""Ten times of what it should be, and a quarter of what the library alone takes for look-alikes."""


@pytest.fixture
async def judge():
    judge = ZxcvbnJudge(CommonPasswords.bundled())
    yield judge
    await judge.close()


async def accepts(judge, password):
    return not await judge.objections(password, related=OF_THE_PERSON)


@pytest.mark.parametrize(
    "unit",
    [LOOK_ALIKES, "4170317|5$aeiotslm", "il1|7", "1", "19/11/1991-", "b3rn4rd0n0rb3r70r00md0r07h3401012011", "(.+)"],
)
@pytest.mark.parametrize("length", [14, 64, 72, 128])
def test_no_password_takes_long_to_judge(unit, length):
    strength._objections("the word lists are loaded", OF_THE_PERSON)
    began = time.thread_time()
    strength._objections((unit * length)[:length], OF_THE_PERSON)
    assert time.thread_time() - began < MOST_CPU_SECONDS


def test_a_password_full_of_look_alikes_is_read_in_few_ways():
    table = {"a": ["4", "@"], "c": ["(", "{", "[", "<"], "i": ["1", "!", "|"], "l": ["1", "|", "7"], "t": ["+", "7"]}
    readings = strength._readings(table)
    assert len(readings) == 8
    assert {reading["1"] + reading["|"] + reading["7"] for reading in readings} == {
        first + second + third for first in "il" for second in "il" for third in "lt"
    }
    assert strength._readings({}) == [{}]


@pytest.mark.parametrize(
    "weak",
    [
        "passwordpassword",
        "p4$$w0rdp4ssw0rd",
        "p@s$w0rdp4ssw0rd",
        "p4$$w0rd" * 16,
        "password" * 16,
        "iloveyou1" * 14,
        "passwordqwerty" * 9,
        "aaab" * 32,
        "a" * 128,
        "1234567890" * 12,
        "ab" * 50 + "19911231",
        "testuser" * 10,
        "!@#$%^&*()!@#$%^&*()",
        "abcdefghijklmnopqrstuvwxyz" * 4,
    ],
)
async def test_what_only_looks_long_is_weak(judge, weak):
    assert not await accepts(judge, weak)


@pytest.mark.parametrize(
    "strong",
    [
        PASSWORD,
        "correct horse battery staple",
        "correct horse battery staple " * 4,
        "a" * 100 + "vQ7#kd93mzpq",
        "aaab" * 25 + "vQ7#kd93mzpq",
        "password" * 12 + " under nine quiet umbrellas",
        LOOK_ALIKES,
        (LOOK_ALIKES * 6)[:128],
        "sieben Zwerge sitzen im Zug nach Bremen und essen Brot mit Butter, Salz, Schnittlauch, Radieschen und Gurken",
    ],
)
async def test_a_weak_part_makes_no_strong_passphrase_weak(judge, strong):
    assert await accepts(judge, strong)


async def test_common_passwords_are_refused_also_in_other_letters(judge):
    found = await judge.objections("Password123456789", related=())
    assert found == ("is on a list of commonly used passwords; choose another one",)


async def test_more_passwords_than_can_be_judged_in_time_are_told_to_come_back(judge, monkeypatch):
    monkeypatch.setattr(strength, "_MOST_WAITING", 3)
    asked = [asyncio.create_task(judge.objections(f"{LOOK_ALIKES}{number}", related=())) for number in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(HashingBusy) as refused:
        await judge.objections(PASSWORD, related=())
    assert refused.value.retry_after_seconds == 1
    await asyncio.gather(*asked)
    assert await accepts(judge, PASSWORD)


async def test_a_registration_that_finds_no_judge_is_refused_and_changes_nothing(client, monkeypatch):
    monkeypatch.setattr(strength, "_MOST_WAITING", 0)
    response = await register(client)
    assert (response.status_code, response.json()["code"]) == (429, "RATE_001")
    assert int(response.headers["retry-after"]) >= 1
    monkeypatch.undo()
    assert (await log_in(client)).status_code == 401


async def test_a_new_password_is_judged_only_for_who_knows_the_current_one(client, tokens):
    response = await change(client, tokens, current="not the password", new="passwordpassword")
    assert {error["field"] for error in response.json()["errors"]} == {"current_password"}
