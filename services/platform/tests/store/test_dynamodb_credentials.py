"""The keys that botocore finds, and their renewal, against services that run in this process."""

import asyncio
import json
import os
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from botocore.utils import ContainerMetadataFetcher

from cnop_platform.store import dynamodb_credentials
from cnop_platform.store.dynamodb_credentials import BotocoreCredentials

HOUR, FIVE_MINUTES, THIRTY_SECONDS = 3600, 300, 30


@pytest.fixture(autouse=True)
def no_credentials_of_this_machine(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


class Issuer:
    """Issues KEY1, KEY2, … that live for the next of `lifetimes` (seconds), as Pod Identity's agent and as STS."""

    def __init__(self):
        self.lifetimes = [HOUR]
        self.issued = 0
        self.authorizations = []
        self.failing = False
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                issuer.authorizations.append(self.headers["Authorization"])
                self.answer("application/json", issuer.pod_identity)

            def do_POST(self):
                issuer.authorizations.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self.answer("text/xml", issuer.web_identity)

            def answer(self, kind, render):
                body = b"" if issuer.failing else render().encode()
                self.send_response(500 if issuer.failing else 200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def next(self):
        self.issued += 1
        seconds = self.lifetimes.pop(0) if len(self.lifetimes) > 1 else self.lifetimes[0]
        expires = datetime.now(UTC) + timedelta(seconds=seconds)
        return f"KEY{self.issued}", expires.strftime("%Y-%m-%dT%H:%M:%SZ")

    def pod_identity(self):
        key, expires = self.next()
        return json.dumps({"AccessKeyId": key, "SecretAccessKey": "s", "Token": "t", "Expiration": expires})

    def web_identity(self):
        key, expires = self.next()
        credentials = (
            f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
            f"<SessionToken>t</SessionToken><Expiration>{expires}</Expiration>"
        )
        return (
            '<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
            f"<AssumeRoleWithWebIdentityResult><Credentials>{credentials}</Credentials>"
            "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
        )


@pytest.fixture
def issuer():
    running = Issuer()
    yield running
    running.close()


@pytest.fixture
def pod_identity(issuer, monkeypatch, tmp_path):
    token = tmp_path / "pod-token"
    token.write_text("pod-token-1")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{issuer.url}/v1/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(token))
    return token


async def test_keys_of_the_environment(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    key = await BotocoreCredentials().get_key(None)
    assert (key.id, key.secret, key.token) == ("ENV", "secret", "token")


async def test_keys_of_a_profile(monkeypatch, tmp_path):
    (tmp_path / "credentials").write_text("[desk]\naws_access_key_id = PROFILE\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_PROFILE", "desk")
    assert (await BotocoreCredentials().get_key(None)).id == "PROFILE"


async def test_without_any_there_is_no_key():
    assert await BotocoreCredentials().get_key(None) is None


async def test_a_profile_that_does_not_exist_is_no_key(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert await BotocoreCredentials().get_key(None) is None


@pytest.mark.enable_socket
async def test_pod_identity_sends_the_token_of_its_file(issuer, pod_identity):
    credentials = BotocoreCredentials()
    assert (await credentials.get_key(None)).id.startswith("KEY")
    assert set(issuer.authorizations) == {"pod-token-1"}


@pytest.mark.enable_socket
async def test_web_identity_assumes_the_role_of_the_service_account(issuer, monkeypatch, tmp_path):
    (tmp_path / "web-token").write_text("web-token-1")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "web-token"))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/orders")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", issuer.url)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    key = await BotocoreCredentials().get_key(None)
    assert (key.id, key.token) == ("KEY1", "t")
    assert "WebIdentityToken=web-token-1" in issuer.authorizations[0]
    assert "orders" in issuer.authorizations[0]


@pytest.mark.enable_socket
async def test_a_key_that_lives_long_is_asked_for_once(issuer, pod_identity):
    credentials = BotocoreCredentials()
    for _ in range(5):
        assert (await credentials.get_key(None)).id == "KEY1"
    assert issuer.issued == 1


@pytest.mark.enable_socket
async def test_a_request_waits_for_a_new_key_when_the_old_one_is_about_to_expire(issuer, pod_identity):
    issuer.lifetimes = [THIRTY_SECONDS, THIRTY_SECONDS, HOUR]
    credentials = BotocoreCredentials()
    old = await credentials.get_key(None)
    pod_identity.write_text("pod-token-2")
    new = await credentials.get_key(None)
    assert new.id == f"KEY{issuer.issued}" != old.id
    assert issuer.authorizations[-1] == "pod-token-2", "the token is read anew, since it is rotated too"
    assert (await credentials.get_key(None)).id == new.id


@pytest.mark.enable_socket
async def test_a_key_that_expires_soon_serves_on_while_a_new_one_is_fetched(issuer, pod_identity, monkeypatch):
    monkeypatch.setattr(dynamodb_credentials, "_PAUSE_AFTER_FAILURE_SECONDS", 0)
    issuer.lifetimes = [FIVE_MINUTES, FIVE_MINUTES, HOUR]
    credentials = BotocoreCredentials()
    old = await credentials.get_key(None)
    assert (await credentials.get_key(None)).id == old.id
    await credentials._refreshing
    assert (await credentials.get_key(None)).id == f"KEY{issuer.issued}" != old.id


@pytest.mark.enable_socket
async def test_a_failed_renewal_keeps_the_key_and_is_not_tried_at_every_request(issuer, pod_identity, monkeypatch):
    monkeypatch.setattr(ContainerMetadataFetcher, "SLEEP_TIME", 0)
    issuer.lifetimes = [FIVE_MINUTES]
    credentials = BotocoreCredentials()
    old = await credentials.get_key(None)
    credentials._not_before = 0
    issuer.failing = True
    await credentials.get_key(None)
    await credentials._refreshing
    asked = len(issuer.authorizations)
    for _ in range(20):
        assert (await credentials.get_key(None)).id == old.id
    assert len(issuer.authorizations) == asked


@pytest.mark.enable_socket
async def test_requests_that_wait_share_one_renewal(issuer, pod_identity):
    credentials = BotocoreCredentials()
    keys = await asyncio.gather(*(credentials.get_key(None) for _ in range(50)))
    assert {key.id for key in keys} == {"KEY1"}
    assert issuer.issued == 1


@pytest.mark.enable_socket
async def test_a_key_that_dynamodb_calls_expired_is_replaced(issuer, pod_identity):
    credentials = BotocoreCredentials()
    old = await credentials.get_key(None)
    assert credentials.invalidate()
    assert (await credentials.get_key(None)).id != old.id


async def test_a_source_that_hangs_holds_a_request_up_for_a_bounded_time(monkeypatch):
    released = threading.Event()
    monkeypatch.setattr(dynamodb_credentials, "_WAIT_SECONDS", 0.05)
    monkeypatch.setattr(dynamodb_credentials, "_load", lambda source: (source, released.wait(5) and None))
    with pytest.raises(TimeoutError):
        await BotocoreCredentials().get_key(None)
    released.set()
