"""How letters leave: by SMTP, or into a Maildir folder on one's own machine."""

import asyncio
import mailbox
import smtplib
import ssl
import threading
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from cnop_users.application.outbox import MailRefused
from cnop_users.domain.mail import Message

_TIMEOUT_SECONDS: Final = 15
_PORTS: Final = {"smtp": 587, "smtps": 465}
_PERMANENT: Final = range(500, 600)
# The standard library names the files of a Maildir by a counter of the process, which threads would share unguarded.
_MAILDIR: Final = threading.Lock()


class InvalidMailUrl(ValueError):
    """The text names no mail server."""


def open_maildir(folder: Path) -> mailbox.Maildir:
    """Return the Maildir in `folder`, with whatever of it is missing made first.

    The standard library makes all of it or nothing, and not at once: whoever looks meanwhile, or comes after a process
    that was ended half-way, would find a folder that is none.
    """
    for part in (folder, *(folder / name for name in ("tmp", "new", "cur"))):
        part.mkdir(mode=0o700, parents=True, exist_ok=True)
    return mailbox.Maildir(folder, create=False)


class MaildirMailer:
    """Puts letters into a Maildir, where `./cnop mail` and every mail program find them."""

    def __init__(self, folder: Path, *, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def send(self, message: Message) -> None:
        """See `Mailer.send`."""
        await asyncio.to_thread(self._add, message)

    def _add(self, message: Message) -> None:
        with _MAILDIR:
            box = open_maildir(self._folder)
            try:
                box.add(_render(message, self._sender))
            except mailbox.Error as error:
                raise OSError("the letter could not be stored") from error
            finally:
                box.close()


class SmtpMailer:
    """Sends letters by SMTP, encrypted unless the server is on this machine (RFC 8314). Raises `InvalidMailUrl`."""

    def __init__(self, url: str, *, sender: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise InvalidMailUrl("expected smtp://host or smtps://host, with user and password where needed")
        self._host = parts.hostname or ""
        self._port = parts.port or _PORTS[parts.scheme]
        self._implicit_tls = parts.scheme == "smtps"
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._sender = sender

    async def send(self, message: Message) -> None:
        """See `Mailer.send`."""
        await asyncio.to_thread(self._send, message)

    def _send(self, message: Message) -> None:
        try:
            with self._connection() as server:
                if self._user:
                    server.login(self._user, self._password)
                server.send_message(_render(message, self._sender))
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            if all(code in _PERMANENT for code in codes):
                raise MailRefused("the mail server will not take mail for this address") from None
            raise

    def _connection(self) -> smtplib.SMTP:
        if self._implicit_tls:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self._host, self._port, timeout=_TIMEOUT_SECONDS, context=context)
        server = smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT_SECONDS)
        if self._host not in {"127.0.0.1", "::1", "localhost"}:
            try:
                server.starttls(context=ssl.create_default_context())
            except BaseException:
                server.close()
                raise
        return server


def _render(message: Message, sender: str) -> EmailMessage:
    rendered = EmailMessage()
    rendered["From"] = sender
    rendered["To"] = message.to
    rendered["Subject"] = message.subject
    rendered["Date"] = formatdate(usegmt=True)
    rendered["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].rstrip(">") or "localhost")
    rendered["Auto-Submitted"] = "auto-generated"
    rendered.set_content(message.text)
    return rendered
