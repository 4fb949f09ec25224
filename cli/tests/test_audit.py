import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cnop_cli.main import execute
from cnop_cli.stack.secretstore import SecretStore
from cnop_cli.stack.state import StateDir
from cnop_platform.audit import AuditClass, AuditEvent, AuditTrail
from cnop_platform.audit.sealer import Sealer
from cnop_platform.request_context import RequestContext
from cnop_platform.settings import decode_key
from cnop_platform.store import Delete, Key, Put
from cnop_platform.store.sqlite import SqliteStore
from cnop_platform.system import SystemClock, entropy

CONTEXT = RequestContext("req-1", "203.0.113.9", "curl", via_gateway=True)


@pytest.fixture
def trail(tmp_path: Path) -> StateDir:
    """A stack's state folder with three sealed records."""
    state = StateDir(tmp_path)
    secrets = SecretStore(state.secrets)
    secrets.prepare(valkey_port=1)
    asyncio.run(write(state, decode_key(secrets.value("cnop_audit_key"))))
    return state


async def write(state: StateDir, key: bytes) -> None:
    state.database.parent.mkdir(parents=True, exist_ok=True)
    store = SqliteStore.open(state.database)
    audit = AuditTrail(store=store, key=key, service="test", clock=SystemClock(), entropy=entropy)
    for number in range(3):
        event = AuditEvent(AuditClass.AUTHENTICATION, (1, f"login_{number}"), True, "usr_1", CONTEXT)
        await store.transact([audit.record_put(event)])
    await Sealer(store=store, key=key, service="test", clock=SystemClock()).seal()
    await store.close()


def tamper(state: StateDir, change: Callable[[Key, dict[str, object]], Put | Delete]) -> None:
    async def apply() -> None:
        store = SqliteStore.open(state.database)
        items = [item async for item in store.scan(prefix="AUDIT#2")]
        await store.transact([change(items[0].key, dict(items[0].body))])
        await store.close()

    asyncio.run(apply())


def test_an_untouched_trail_is_intact(trail: StateDir, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["audit", "verify", "--state", str(trail.root)]) == 0
    assert "1 checkpoints, 3 sealed records" in capsys.readouterr().out


def test_tampering_is_named_and_fails(trail: StateDir, capsys: pytest.CaptureFixture[str]) -> None:
    tamper(trail, lambda key, _body: Delete(key))
    assert execute(["audit", "verify", "--state", str(trail.root)]) == 1
    assert "deleted: " in capsys.readouterr().out
    tamper(trail, lambda key, body: Put(key, {**body, "hmac": "00" * 32}))
    assert execute(["audit", "verify", "--state", str(trail.root)]) == 1
    assert "edited: " in capsys.readouterr().out


def test_an_unknown_head_fails(trail: StateDir) -> None:
    assert execute(["audit", "verify", "--state", str(trail.root), "--expect-head", "ab" * 32]) == 1


@pytest.mark.parametrize("action", ["tail", "export"])
def test_records_are_shown_as_lines_of_json(trail: StateDir, capsys: pytest.CaptureFixture[str], action: str) -> None:
    assert execute(["audit", action, "--state", str(trail.root)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["activity_name"] for line in lines} == {"login_0", "login_1", "login_2"}
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)


def test_an_export_can_begin_late(trail: StateDir, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["audit", "export", "--state", str(trail.root), "--since", "2099-01-01T00:00:00Z"]) == 0
    assert capsys.readouterr().out == ""
