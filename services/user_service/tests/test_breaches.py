"""Passwords known from breaches: a range service as Have I Been Pwned runs one, here a server of our own."""

import asyncio
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import ValidationError
from test_mail import folder, hurry, reset, reset_token
from users_under_test import PASSWORD, ServiceUnderTest, bearer, log_in, make_settings, register, signed_in

__all__ = ["folder", "hurry"]
pytestmark = [pytest.mark.enable_socket, pytest.mark.security]
BREACHED = "violet-anchor-41-teapot"
GOOD = "copper-meadow-77-lantern"


def digest(password):
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


class RangeService:
    """Answers as the real one does; `broken` gives another answer."""

    def __init__(self):
        self.asked, self.broken = [], None
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                service.asked.append((self.path, self.headers["Add-Padding"]))
                status, body = service.broken or (200, service.known_under(self.path.rpartition("/")[2]))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def known_under(self, prefix):
        padding = digest(GOOD)[5:] + ":0"
        found = [f"{digest(BREACHED)[5:]}:17"] if digest(BREACHED).startswith(prefix) else []
        return "\r\n".join([f"{'0' * 35}:3", *found, padding]).encode()


@pytest.fixture
def ranges():
    service = RangeService()
    thread = threading.Thread(target=service.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield service
    service.server.shutdown()
    thread.join()
    service.server.server_close()


@pytest.fixture
def settings(tmp_path, valkey_server, ranges, folder):
    return make_settings(tmp_path, valkey_server.url, breached_passwords_url=ranges.url, mail_dir=str(folder))


@pytest.fixture
def service(settings, cache):
    return ServiceUnderTest(settings, cache)


def objection(response):
    assert response.status_code == 422, response.text
    (found,) = response.json()["errors"]
    assert BREACHED not in response.text
    return found["message"]


async def test_a_breached_password_is_refused_wherever_one_is_chosen(client, folder):
    tokens = await signed_in(client)
    breach = "is known from a breach elsewhere; choose another one"
    assert breach in objection(await register(client, "another", password=BREACHED))
    change = {"current_password": PASSWORD, "new_password": BREACHED}
    assert breach in objection(await client.post("/auth/password", json=change, headers=bearer(tokens)))
    assert breach in objection(await reset(client, await reset_token(client, folder), BREACHED))
    assert (await log_in(client)).status_code == 200


async def test_five_digits_of_a_hash_are_all_that_leaves_the_house(client, ranges):
    assert (await register(client, password=GOOD)).status_code == 201, "what is padding counts as unknown"
    assert ranges.asked == [(f"/range/{digest(GOOD)[:5]}", "true")]


async def test_what_is_refused_anyway_is_asked_of_nobody(client, ranges):
    assert (await register(client, password="passwordpassword")).status_code == 422
    assert ranges.asked == []


@pytest.mark.parametrize(
    "answer", [(503, b""), (200, b"nonsense"), (200, b"\xff\xfe"), (200, b"x" * 1_100_000), (302, b"")]
)
async def test_a_service_that_is_broken_keeps_nobody_out(client, ranges, answer):
    ranges.broken = answer
    assert (await register(client, password=BREACHED)).status_code == 201


async def test_a_service_that_is_away_keeps_nobody_out(tmp_path, valkey_server, cache):
    away = make_settings(tmp_path, valkey_server.url, breached_passwords_url="http://127.0.0.1:9")
    async with ServiceUnderTest(away, cache).client() as client:
        assert (await asyncio.wait_for(register(client, password=BREACHED), 20)).status_code == 201


def test_elsewhere_it_is_asked_by_https_only(tmp_path):
    good = make_settings(tmp_path, "valkey://localhost", breached_passwords_url="https://api.pwnedpasswords.com")
    assert good.breached_passwords_url
    for bad in ("http://elsewhere.test", "nowhere", "ftp://127.0.0.1"):
        with pytest.raises(ValidationError):
            make_settings(tmp_path, "valkey://localhost", breached_passwords_url=bad)
    assert make_settings(tmp_path, "valkey://localhost").breached_passwords_url is None
