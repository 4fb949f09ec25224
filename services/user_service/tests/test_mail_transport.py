"""Letters on their way to a mail server: encrypted, to the right host, and logged in only then."""

import asyncio
import smtplib
import socket
import ssl
from contextlib import asynccontextmanager

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult

from cnop_users.adapters.mailers import SmtpMailer
from cnop_users.domain.mail import Message

pytestmark = [
    pytest.mark.security,
    pytest.mark.enable_socket,
    # aiosmtpd counts STARTTLS alone as TLS, and one of the servers is to be careless.
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS"),
]

HOST = "mail.test"
USER, PASSWORD = "post@shop.test", "a pass/word"
LOGIN = "post%40shop.test:a%20pass%2Fword"
LETTER = Message("zoe@example.com", "Hello", "A text.\n")


@pytest.fixture(autouse=True)
def mail_test_is_here(monkeypatch):
    """Let the host's name lead to this machine: TLS is asked for wherever a name is not loopback's own."""
    resolve = socket.getaddrinfo

    def resolve_here(host, *args, **kwargs):
        return resolve("127.0.0.1" if host == HOST else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve_here)


@pytest.fixture
def authority(tmp_path, monkeypatch):
    """A throw-away authority that this process believes for the test."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return ca


class MailServer:
    """What it takes in, and which log-ins were tried; `scheme` is how its clients reach it."""

    def __init__(self, scheme, *, ca=None, name=HOST):
        self.scheme = scheme
        self.port = 0
        self.letters = []
        self.logins = []
        self._context = None
        if ca is not None:
            self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            ca.issue_cert(name).configure_cert(self._context)

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.letters.append((session.auth_data.login.decode(), envelope.rcpt_tos, envelope.content))
        return "250 OK"

    def authenticate(self, server, session, envelope, mechanism, login):
        self.logins.append((login.login.decode(), login.password.decode()))
        return AuthResult(success=login.password == PASSWORD.encode(), handled=False, auth_data=login)

    @asynccontextmanager
    async def running(self):
        demands = {"authenticator": self.authenticate, "auth_required": True, "auth_require_tls": False}
        if self.scheme == "smtp" and self._context is not None:
            demands |= {"tls_context": self._context, "require_starttls": True, "auth_require_tls": True}
        implicit = self._context if self.scheme == "smtps" else None
        loop = asyncio.get_running_loop()
        sessions = []

        def session():
            sessions.append(SMTP(self, loop=loop, **demands))
            return sessions[-1]

        server = await loop.create_server(session, "127.0.0.1", 0, ssl=implicit)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for each in sessions:
                if each.transport is not None:
                    each.transport.abort()
            await asyncio.sleep(0)

    def mailer(self, login=LOGIN):
        return SmtpMailer(f"{self.scheme}://{login}@{HOST}:{self.port}", sender="Shop <no-reply@shop.test>")


BOTH = pytest.mark.parametrize("scheme", ["smtp", "smtps"])


@BOTH
async def test_a_letter_is_sent_encrypted_after_a_login(authority, scheme):
    async with MailServer(scheme, ca=authority).running() as server:
        await server.mailer().send(LETTER)
    assert server.logins == [(USER, PASSWORD)]
    ((sender, recipients, content),) = server.letters
    assert (sender, recipients) == (USER, ["zoe@example.com"])
    assert b"A text." in content


@BOTH
async def test_a_refused_login_leaves_the_letter_for_later(authority, scheme):
    async with MailServer(scheme, ca=authority).running() as server:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            await server.mailer("post%40shop.test:wrong").send(LETTER)
    assert server.letters == []


async def test_a_server_that_offers_no_encryption_gets_neither_password_nor_letter():
    async with MailServer("smtp").running() as server:
        with pytest.raises(smtplib.SMTPNotSupportedError):
            await server.mailer().send(LETTER)
    assert (server.logins, server.letters) == ([], [])


@BOTH
async def test_a_certificate_for_another_host_is_refused(authority, scheme):
    async with MailServer(scheme, ca=authority, name="other.test").running() as server:
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            await server.mailer().send(LETTER)
    assert (server.logins, server.letters) == ([], [])


@BOTH
@pytest.mark.usefixtures("authority")
async def test_a_certificate_of_an_unknown_authority_is_refused(scheme):
    async with MailServer(scheme, ca=trustme.CA()).running() as server:
        with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
            await server.mailer().send(LETTER)
    assert (server.logins, server.letters) == ([], [])
