"""Operators' commands on a stack that is stopped, which is when a first administrator may well be made."""

import asyncio
import io
import mailbox
import stat
from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
import structlog

from cnop_cli.commands import admin
from cnop_cli.errors import CommandError
from cnop_cli.main import execute
from cnop_cli.stack.secretstore import SecretStore
from cnop_cli.stack.state import StateDir
from cnop_cli.user_administration import settings_of
from cnop_core.ids import UserId
from cnop_platform.directory import Directory
from cnop_platform.store.open import open_store, sqlite_url
from cnop_users.application import codec, keys

pytestmark = pytest.mark.enable_socket

PASSWORD = "Correct-horse-battery-9"
Run = Callable[..., str]


@pytest.fixture
def stopped(state: StateDir, capsys: pytest.CaptureFixture[str]) -> StateDir:
    SecretStore(state.secrets).prepare(valkey_port=1)
    execute(["store", "migrate", "--store", sqlite_url(state.database)])
    capsys.readouterr()
    return state


@pytest.fixture
def cnop(stopped: StateDir, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(*argv: str, typed: str = "") -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        try:
            assert execute([*argv, "--state", str(stopped.root)]) == 0
        finally:
            structlog.reset_defaults()
        return capsys.readouterr().out

    return run


def create(cnop: Run, name: str = "first_admin") -> str:
    return cnop("admin", "create", name, "--email", f"{name}@example.com", "--password-stdin", typed=f"{PASSWORD}\n")


def test_an_administrator_is_made_and_gets_and_loses_roles(cnop: Run) -> None:
    assert create(cnop).startswith("first_admin is an administrator: usr_")
    assert cnop("admin", "grant", "first_admin", "auditor") == "first_admin is now: admin, auditor\n"
    assert cnop("admin", "revoke", "first_admin", "admin") == "first_admin is now: auditor\n"
    assert cnop("admin", "suspend", "first_admin") == "first_admin is suspended\n"
    assert cnop("admin", "reinstate", "first_admin") == "first_admin may log in again\n"


async def prove_address(stopped: StateDir, username: str) -> None:
    """Note that an account's address is proven, as following its letter does."""
    store = await open_store(sqlite_url(stopped.database))
    item = await store.get(keys.user_key(UserId(str(await Directory(store).find(username)))))
    assert item is not None
    await store.transact([codec.user_put(replace(codec.user_from_item(item), email_verified=True))])
    await store.close()


@pytest.mark.parametrize(("lock", "told"), [([], "\n"), (["--lock"], ", whose password and sessions have ended\n")])
def test_somebody_is_sent_a_letter_for_a_new_password(cnop: Run, stopped: StateDir, lock: list[str], told: str) -> None:
    create(cnop)
    with pytest.raises(CommandError, match="nobody has proven"):
        cnop("admin", "reset", "first_admin", *lock)
    asyncio.run(prove_address(stopped, "first_admin"))
    assert cnop("admin", "reset", "first_admin", *lock) == f"a letter is on its way to first_admin{told}"


def test_there_are_no_passkeys_to_seal_in_a_new_store(cnop: Run) -> None:
    create(cnop)
    assert cnop("keys", "seal-passkeys") == "0 passkeys sealed\n"


@pytest.mark.parametrize(
    ("argv", "typed", "reason"),
    [
        (["create", "somebody", "--email", "s@example.com"], "", "--password-stdin"),
        (["create", "somebody", "--email", "s@example.com", "--password-stdin"], "", "no password"),
        (["create", "somebody", "--email", "s@example.com", "--password-stdin"], "short\n", "14 to 128"),
        (["create", "somebody", "--email", "nowhere", "--password-stdin"], f"{PASSWORD}\n", "expected"),
        (["grant", "nobody", "admin"], "", "no user nobody"),
    ],
)
def test_what_the_rules_refuse_is_one_line(cnop: Run, argv: list[str], typed: str, reason: str) -> None:
    with pytest.raises(CommandError, match=reason) as raised:
        cnop("admin", *argv, typed=typed)
    assert "\n" not in str(raised.value)


def test_a_password_typed_differently_the_second_time_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    answers = iter([PASSWORD, "another one"])
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(answers))
    with pytest.raises(CommandError, match="differ"):
        admin.read_password(from_input=False)


def test_a_password_is_never_an_argument(cnop: Run) -> None:
    with pytest.raises(SystemExit):
        cnop("admin", "create", "somebody", "--email", "s@example.com", "--password", PASSWORD)


def test_data_and_index_keys_are_exchanged_and_everything_moves_to_them(cnop: Run, stopped: StateDir) -> None:
    create(cnop)
    for purpose in ("data", "index"):
        assert "cnop keys rewrap" in cnop("keys", "rotate", purpose)
    # A running service still has the old keys only, so nothing may move before the next start hands out the new ones.
    assert cnop("keys", "rewrap").startswith("0 data keys and 0 email look-ups")
    SecretStore(stopped.secrets).prepare(valkey_port=1)
    assert cnop("keys", "rewrap").startswith("1 data keys and 1 email look-ups")
    assert cnop("keys", "rewrap").startswith("0 data keys and 0 email look-ups")
    vault = SecretStore(stopped.secrets).value("cnop_data_key")
    assert [len(key) for key in vault.split(",")] == [43, 43]


def test_the_two_steps_of_an_exchange_reach_a_stack_or_a_deployments_folder(cnop: Run, stopped: StateDir) -> None:
    store = SecretStore(stopped.secrets)
    old = store.value("cnop_pepper")
    assert "keys promote pepper" in cnop("keys", "introduce", "pepper")
    assert store.value("cnop_pepper").startswith(f"{old},")
    assert "will be used" in cnop("keys", "promote", "pepper", "--secrets", str(stopped.secrets))
    assert store.value("cnop_pepper").endswith(f",{old}")


def test_a_signing_key_joins_the_older_ones(cnop: Run, stopped: StateDir) -> None:
    folder = SecretStore(stopped.secrets).signing_keys
    before = set(folder.iterdir())
    key_id = cnop("keys", "rotate").split()[0]
    assert set(folder.iterdir()) - before == {folder / f"{key_id}.pem"}
    assert stat.S_IMODE((folder / f"{key_id}.pem").stat().st_mode) == 0o600
    assert "none" in cnop("keys", "retire")


def test_a_stack_that_was_never_started_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="start the platform once"):
        settings_of(StateDir.at(tmp_path))


def test_secrets_that_are_missing_are_named(state: StateDir) -> None:
    execute(["store", "migrate", "--store", sqlite_url(state.database)])
    with pytest.raises(CommandError, match="pepper"):
        settings_of(state)


def deliver(state: StateDir, *, to: str, subject: str, text: str, second: int) -> None:
    letter = EmailMessage()
    letter["To"], letter["Subject"] = to, subject
    letter["Date"] = f"Sat, 31 Jan 2026 12:00:{second:02} +0000"
    letter.set_content(text)
    mailbox.Maildir(state.mail, create=True).add(letter)


def test_letters_are_listed_and_the_newest_is_shown(cnop: Run, stopped: StateDir) -> None:
    assert cnop("mail") == ""
    deliver(stopped, to="ada@example.com", subject="Grüße", text="later\n", second=2)
    deliver(stopped, to="bob@example.com", subject="First", text="earlier\n", second=1)
    assert [line.split()[-1] for line in cnop("mail", "list").splitlines()] == ["First", "Grüße"]
    assert cnop("mail", "--to", "bob@example.com").splitlines() == cnop("mail", "list").splitlines()[:1]
    assert cnop("mail", "show").endswith("\n\nlater\n")
    assert "Subject: First" in cnop("mail", "show", "--to", "BOB@example.com")
    with pytest.raises(CommandError, match="no letter to nobody"):
        cnop("mail", "show", "--to", "nobody@example.com")
