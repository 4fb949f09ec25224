import asyncio
import mailbox
import re
import socket

import pytest
from aiosmtpd.controller import Controller
from test_second_factor import enrol
from users_under_test import PASSWORD, ServiceUnderTest, bearer, key_text, log_in, make_settings, register, signed_in

from cnop_platform.directory import Directory
from cnop_platform.store import Delete, Put
from cnop_platform.store.open import open_store
from cnop_platform.system import SystemClock, entropy
from cnop_users.adapters.mailers import InvalidMailUrl, MaildirMailer, SmtpMailer, open_maildir
from cnop_users.adapters.vault import FileMasterKeys, MasterKeyVault
from cnop_users.application import keys
from cnop_users.application.outbox import MailRefused, Postman
from cnop_users.bootstrap.operations import operations
from cnop_users.domain.mail import Message

pytestmark = pytest.mark.security

NEW_PASSWORD = "another fine passphrase 7"
VERIFY, RESET = "Confirm your email address", "Reset your password"


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    monkeypatch.setattr("cnop_users.adapters.post_office._PAUSE_SECONDS", 0.02)


@pytest.fixture
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("letters") / "mail"


@pytest.fixture
def settings(tmp_path, valkey_server, folder):
    return make_settings(tmp_path, valkey_server.url, mail_dir=folder)


async def letters(folder, subject, *, to="testuser@example.com", count=1):
    """Wait for that many letters and return their texts, oldest first."""
    async with asyncio.timeout(8):
        while True:
            box = open_maildir(folder)
            sent = [box[key] for key in sorted(box.keys(), key=in_order)]
            found = [each for each in sent if each["Subject"] == subject and each["To"] == to]
            if len(found) >= count:
                return [each.get_payload(decode=True).decode() for each in found]
            await asyncio.sleep(0.05)


def in_order(key):
    return [int(number) for number in re.match(r"(\d+)\.M(\d+)P\d+Q(\d+)", key).groups()]


def token_in(text):
    return next(line for line in text.splitlines() if "#token=" in line).partition("#token=")[2]


async def forgot(client, who="testuser@example.com"):
    return await client.post("/auth/password/forgot", json={"email": who})


async def reset(client, token, password=NEW_PASSWORD):
    return await client.post("/auth/password/reset", json={"token": token, "password": password})


async def reset_token(client, folder, count=1):
    assert (await forgot(client)).status_code == 202
    return token_in((await letters(folder, RESET, count=count))[-1])


async def test_registration_asks_the_address_to_prove_itself(client, folder):
    await register(client)
    token = token_in((await letters(folder, VERIFY))[0])
    assert (await client.post("/auth/email/verify", json={"token": token})).status_code == 200
    profile = (await client.get("/auth/profile", headers=bearer((await log_in(client)).json()))).json()
    assert profile["email_verified"] is True
    again = await client.post("/auth/email/verify", json={"token": token})
    assert (again.status_code, again.json()["errors"][0]["field"]) == (422, "token")


async def test_a_letter_waits_until_mail_can_be_sent(tmp_path, cache, valkey_server, folder):
    silent = ServiceUnderTest(make_settings(tmp_path, valkey_server.url), cache)
    async with silent.client() as client:
        await register(client)
    stored = "".join([str(item) async for item in silent.store.scan(prefix="OUTBOX")])
    assert "usr_" in stored
    assert "example.com" not in stored
    settings = make_settings(tmp_path, valkey_server.url, mail_dir=folder)
    async with ServiceUnderTest(settings, cache, store=silent.store, clock=silent.clock).client():
        await letters(folder, VERIFY)


async def test_the_token_of_an_old_address_proves_nothing_about_the_new_one(client, folder):
    tokens = await signed_in(client)
    old = token_in((await letters(folder, VERIFY))[0])
    await client.put("/auth/profile", json={"email": "new@example.com"}, headers=bearer(tokens))
    assert (await client.post("/auth/email/verify", json={"token": old})).status_code == 422
    fresh = token_in((await letters(folder, VERIFY, to="new@example.com"))[0])
    assert (await client.post("/auth/email/verify", json={"token": fresh})).status_code == 200


async def test_the_old_address_is_told_of_the_new_one(client, folder):
    tokens = await signed_in(client)
    await client.put("/auth/profile", json={"email": "new@example.com"}, headers=bearer(tokens))
    assert await letters(folder, "Your email address was changed")


async def test_the_letter_can_be_asked_for_again_a_few_times(client, service, folder):
    tokens = await signed_in(client)
    answers = [await client.post("/auth/email/resend", json={}, headers=bearer(tokens)) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [202] * 3 + [429] * 3, "no success without a letter"
    assert {int(answer.headers["retry-after"]) for answer in answers[3:]} == {3600}
    texts = await letters(folder, VERIFY, count=4)
    assert len(texts) == 4
    assert (await client.post("/auth/email/verify", json={"token": token_in(texts[0])})).status_code == 422


async def test_a_forgotten_password_is_reset_and_every_session_ends(client, folder, tokens):
    other = (await log_in(client)).json()
    token = await reset_token(client, folder)
    assert (await reset(client, token)).status_code == 200
    for each in (tokens, other):
        assert (await client.get("/auth/profile", headers=bearer(each))).status_code == 401
        refresh = await client.post("/auth/refresh", json={"refresh_token": each["refresh_token"]})
        assert refresh.status_code == 401
    assert (await log_in(client)).status_code == 401
    assert (await log_in(client, password=NEW_PASSWORD)).status_code == 200
    assert await letters(folder, "Your password was changed")


async def test_forgetting_answers_alike_whoever_it_is_and_writes_to_nobody_else(client, service, folder, tokens):
    answers = [
        await forgot(client, who) for who in ("testuser", "nobody@example.com", "admin'--", "testuser@example.com")
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {(202, answers[0].content)}
    assert len(await letters(folder, RESET, count=2)) == 2
    assert [each["To"] for each in mailbox.Maildir(folder) if each["Subject"] == RESET] == ["testuser@example.com"] * 2
    assert (await client.post("/auth/password/forgot", json={"email": ""})).status_code == 422


async def test_a_reset_letter_that_cannot_be_written_does_not_keep_others_from_theirs(client, folder, service, tokens):
    for username in ("erased_now", "garbled_key"):
        await register(client, username)
    gone, garbled = [await data_key_of(service, username) for username in ("erased_now", "garbled_key")]
    await service.store.transact([Delete(gone), Put(garbled, {"master_key_id": "local", "wrapped": "AAAA"})])
    for who in ("erased_now", "garbled_key", "testuser"):
        assert (await forgot(client, who)).status_code == 202
    assert await letters(folder, RESET)


async def data_key_of(service, username):
    return keys.data_key_key(await Directory(service.store).find(username))


async def test_a_reset_token_is_good_once_however_many_use_it(client, folder, tokens):
    token = await reset_token(client, folder)
    responses = await asyncio.gather(*(reset(client, token, f"{NEW_PASSWORD} {number}") for number in range(20)))
    statuses = sorted(response.status_code for response in responses)
    assert statuses == [200] + [422] * 19
    assert (await reset(client, token)).status_code == 422


async def test_only_the_newest_reset_token_is_good_and_only_for_ten_minutes(client, service, folder, tokens):
    first = await reset_token(client, folder)
    second = await reset_token(client, folder, count=2)
    assert (await reset(client, first)).status_code == 422
    service.clock.advance(seconds=600)
    assert (await reset(client, second)).status_code == 422


@pytest.mark.parametrize("token", ["x", "usr_1.x", ".", "a.b.c", "\x00"])
async def test_what_is_no_token_is_invalid(client, token):
    for path, body in (("/auth/password/reset", {"password": NEW_PASSWORD}), ("/auth/email/verify", {})):
        assert (await client.post(path, json={"token": token, **body})).status_code == 422


async def test_a_weak_password_leaves_the_token_good(client, folder, tokens):
    token = await reset_token(client, folder)
    assert (await reset(client, token, "passwordpassword")).status_code == 422
    assert (await reset(client, token)).status_code == 200


async def test_no_token_is_stored_or_logged(client, service, folder, tokens, capsys):
    token = await reset_token(client, folder)
    await reset(client, token)
    stored = "".join([str(item) async for item in service.store.scan()])
    secret = token.partition(".")[2]
    assert secret not in stored
    assert secret not in capsys.readouterr().out


async def change(client, tokens, current=PASSWORD, new=NEW_PASSWORD):
    body = {"current_password": current, "new_password": new}
    return await client.post("/auth/password", json=body, headers=bearer(tokens))


async def test_a_changed_password_ends_the_other_sessions_and_keeps_this_one(client, folder, tokens):
    other = (await log_in(client)).json()
    assert (await change(client, tokens)).status_code == 200
    assert (await client.get("/auth/profile", headers=bearer(tokens))).status_code == 200
    assert (await client.get("/auth/profile", headers=bearer(other))).status_code == 401
    assert (await log_in(client)).status_code == 401
    assert (await log_in(client, password=NEW_PASSWORD)).status_code == 200
    assert await letters(folder, "Your password was changed")


async def test_a_change_needs_the_current_password_and_guessing_it_is_limited(client, tokens):
    response = await change(client, tokens, current="not the password")
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "current_password")
    for _ in range(4):
        await change(client, tokens, current="not the password")
    assert (await change(client, tokens)).json()["code"] == "RATE_001"


async def test_a_change_to_a_weak_or_missing_password_is_invalid(client, tokens):
    weak = await change(client, tokens, new="testuser@example.com")
    assert {error["field"] for error in weak.json()["errors"]} == {"new_password"}
    assert (await change(client, tokens, new="short")).status_code == 422
    assert (await client.post("/auth/password", json={}, headers=bearer(tokens))).status_code == 422
    assert (await client.post("/auth/password", json={})).status_code == 401
    assert (await log_in(client)).status_code == 200


async def test_a_sign_in_from_a_new_network_is_told_but_the_first_one_is_not(client, service, folder, tokens):
    async with service.from_address("203.0.113.77") as neighbour, service.from_address("198.51.100.7") as elsewhere:
        assert (await log_in(neighbour)).status_code == 200
        assert (await log_in(elsewhere)).status_code == 200
        assert (await log_in(elsewhere)).status_code == 200
    (text,) = await letters(folder, "A sign-in from a new place")
    assert "198.51.100.7" in text


async def test_new_recovery_codes_are_told(client, service, folder, tokens):
    app, _ = await enrol(client, service, tokens)
    fresh = (await client.post("/auth/step-up", json={"otp": app.code()}, headers=bearer(tokens))).json()
    answer = await client.post("/auth/mfa/recovery-codes", headers=bearer(fresh))
    assert answer.status_code == 200
    (text,) = await letters(folder, "Your recovery codes were replaced")
    assert "On 31 January 2026, 12:00 UTC" in text
    assert service.settings.display_name in text
    assert "/forgot-password" in text
    assert not any(code in text for code in answer.json()["recovery_codes"])


@pytest.mark.parametrize("left_behind", [(), ("tmp",), ("tmp", "new")], ids=str)
async def test_a_folder_that_was_left_half_made_still_takes_letters(folder, left_behind):
    folder.mkdir()
    for name in left_behind:
        (folder / name).mkdir()
    message = Message(to="ann@example.com", subject=RESET, text="hello")
    await MaildirMailer(folder, sender="cnop@example.com").send(message)
    assert await letters(folder, RESET, to="ann@example.com") == ["hello\n"]


async def test_two_replicas_send_each_letter_once(service, settings, cache, folder):
    replica = ServiceUnderTest(settings, cache, store=service.store, clock=service.clock)
    async with service.client() as here, replica.client():
        for number in range(10):
            await register(here, f"person_{number}")
        async with asyncio.timeout(8):
            while [item async for item in service.store.scan(prefix="OUTBOX")]:
                await asyncio.sleep(0.05)
    assert len(mailbox.Maildir(folder)) == 10


class Broken:
    def __init__(self, *errors):
        self.errors = list(errors)
        self.sent = []

    async def send(self, message):
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(message)


@pytest.fixture
async def waiting(tmp_path, cache, valkey_server):
    """A service without mail, in whose outbox one letter waits."""
    service = ServiceUnderTest(make_settings(tmp_path, valkey_server.url), cache)
    async with service.client() as client:
        await register(client)
        yield service


def postman(service, mailer):
    vault = MasterKeyVault(
        master_keys=FileMasterKeys(service.settings.keyring("data"), entropy=entropy), entropy=entropy
    )
    return Postman(
        store=service.store, vault=vault, mailer=mailer, letterhead=service.settings.letterhead, clock=service.clock
    )


async def test_a_letter_that_could_not_be_sent_is_tried_again_later(waiting):
    mailer = Broken(OSError("no route"), ConnectionRefusedError())
    rounds = postman(waiting, mailer)
    sent = []
    for seconds in (0, 0, 59, 1, 119, 1, 600):
        waiting.clock.advance(seconds=seconds)
        sent.append(await rounds.round())
    assert sent == [0, 0, 0, 0, 0, 1, 0]
    assert len(mailer.sent) == 1


async def test_a_letter_that_nobody_takes_is_given_up(waiting):
    mailer = Broken(*[OSError("no route")] * 50)
    rounds = postman(waiting, mailer)
    for _ in range(20):
        await rounds.round()
        waiting.clock.advance(seconds=6 * 3600)
    assert len(mailer.errors) == 50 - 12
    assert [item async for item in waiting.store.scan(prefix="OUTBOX")] == []


async def test_a_refused_letter_is_not_tried_again(waiting):
    mailer = Broken(MailRefused("no such mailbox"))
    assert await postman(waiting, mailer).round() == 0
    assert [item async for item in waiting.store.scan(prefix="OUTBOX")] == []


class Inbox:
    def __init__(self):
        self.envelopes = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        if address.startswith("nobody"):
            return "550 no such mailbox"
        if address.startswith("later"):
            return "451 try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.envelopes.append(envelope)
        return "250 OK"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.enable_socket
async def test_letters_leave_by_smtp():
    inbox = Inbox()
    port = free_port()
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        mailer = SmtpMailer(f"smtp://127.0.0.1:{port}", sender="Shop <no-reply@shop.test>")
        await mailer.send(Message("zoe@example.com", "Grüße", "Ein Text.\n"))
        with pytest.raises(MailRefused):
            await mailer.send(Message("nobody@example.com", "s", "t"))
        with pytest.raises(OSError, match="later"):
            await mailer.send(Message("later@example.com", "s", "t"))
    finally:
        controller.stop()
    (envelope,) = inbox.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@shop.test", ["zoe@example.com"])
    assert b"Auto-Submitted: auto-generated" in envelope.content


@pytest.mark.parametrize("url", ["", "http://x", "smtp://", "smtp:", "mail.test:25"])
def test_what_names_no_mail_system_is_refused(url):
    with pytest.raises(InvalidMailUrl):
        SmtpMailer(url, sender="x@y.z")


async def test_a_letter_is_good_although_its_address_was_indexed_anew(tmp_path, cache, valkey_server, settings, folder):
    rotated = make_settings(tmp_path, valkey_server.url, mail_dir=folder, index_key=f"{key_text(9)},{key_text(5)}")
    store = await open_store(settings.store)
    async with ServiceUnderTest(settings, cache, store=store, clock=SystemClock()).client() as client:
        await register(client)
        reset_before, verify_before = await reset_token(client, folder), token_in((await letters(folder, VERIFY))[0])
    async with operations(rotated) as operator:
        assert await operator.reindex_emails() == 1
    async with ServiceUnderTest(rotated, cache, store=store, clock=SystemClock()).client() as client:
        assert (await client.post("/auth/email/verify", json={"token": verify_before})).status_code == 200
        assert (await reset(client, reset_before)).status_code == 200
        assert (await log_in(client, password=NEW_PASSWORD)).status_code == 200
    await store.close()
