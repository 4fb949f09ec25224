import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cnop_cli.errors import CommandError
from cnop_cli.main import execute
from cnop_cli.stack.secretstore import SecretStore
from cnop_cli.stack.state import StateDir
from cnop_core.clock import FixedClock
from cnop_core.ids import UserId
from cnop_ledger import ChainKeys, Ledger
from cnop_ledger.testing import deposit_command
from cnop_platform.audit import AuditEvent, AuditTrail
from cnop_platform.audit.chain import checkpoint_key
from cnop_platform.audit.sealer import Sealer
from cnop_platform.request_context import RequestContext
from cnop_platform.settings import decode_key
from cnop_platform.store import Delete, Key, Put
from cnop_platform.store.sqlite import SqliteStore
from cnop_platform.system import SystemClock, entropy
from cnop_platform.testing import ocsf

CONTEXT = RequestContext("req-1", "203.0.113.9", "curl", via_gateway=True)

USER = UserId("usr_1")


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
    for activity in ("login", "step_up", "logout"):
        event = AuditEvent(activity, True, "usr_1", CONTEXT, subject="usr_1")
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
    assert {line["activity_name"] for line in lines} == {"login", "step_up", "logout"}
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)


def test_an_export_can_begin_late(trail: StateDir, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["audit", "export", "--state", str(trail.root), "--since", "2099-01-01T00:00:00Z"]) == 0
    assert capsys.readouterr().out == ""


def move_money(state: StateDir, *, forged: bool = False) -> None:
    async def apply() -> None:
        store = SqliteStore.open(state.database)
        keys = ChainKeys.from_text(SecretStore(state.secrets).value("cnop_ledger_key"))
        ledger = Ledger(store, keys, clock=SystemClock(), entropy=entropy)
        await ledger.execute(deposit_command(USER, 100_00))
        await ledger.close()
        if forged:
            item = await store.get(Key(f"WALLET#{USER}", f"ENTRY#{1:012}"))
            assert item is not None
            await store.transact([Put(item.key, {**item.body, "mac": "A" * 22})])
        await store.close()

    asyncio.run(apply())


def exported(state: StateDir, capsys: pytest.CaptureFixture[str], what: str) -> list[dict[str, Any]]:
    assert execute(["audit", "export", "--state", str(state.root), "--what", what]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_money_events_are_exported_as_valid_ocsf_from_the_ledger(
    trail: StateDir, capsys: pytest.CaptureFixture[str]
) -> None:
    move_money(trail)
    (record,) = exported(trail, capsys, "money")
    assert ocsf.problems(record) == []
    assert record["activity_name"] == "ledger_deposit"
    assert {posting["units"] for posting in record["unmapped"]["postings"]} == {"10000", "-10000"}
    assert len(exported(trail, capsys, "security")) == 3
    assert [ocsf.problems(each) for each in exported(trail, capsys, "all")] == [[]] * 4


def test_a_forged_entry_is_not_exported(trail: StateDir) -> None:
    move_money(trail, forged=True)
    with pytest.raises(CommandError, match="not written by this ledger"):
        execute(["audit", "export", "--state", str(trail.root)])


def age(state: StateDir, *, days: int) -> None:
    """Write what the trail would look like that long after its first day, the store having removed what expired."""

    async def apply() -> None:
        key = decode_key(SecretStore(state.secrets).value("cnop_audit_key"))
        store = SqliteStore.open(state.database)
        clock = FixedClock(SystemClock().now() - timedelta(days=days))
        audit = AuditTrail(store=store, key=key, service="test", clock=clock, entropy=entropy)
        put = audit.record_put(AuditEvent("login", True, "usr_1", CONTEXT, subject="usr_1"))
        await store.transact([put])
        await Sealer(store=store, key=key, service="test", clock=clock).seal()
        await store.transact([Delete(put.key)])
        await store.close()
        await write(state, key)

    asyncio.run(apply())


def test_what_is_past_its_time_is_retired_and_the_rest_is_intact(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = StateDir(tmp_path)
    SecretStore(state.secrets).prepare(valkey_port=1)
    state.database.parent.mkdir(parents=True, exist_ok=True)
    age(state, days=410)
    assert execute(["audit", "retire", "--state", str(state.root)]) == 0
    assert "1 checkpoints retired" in capsys.readouterr().out
    assert execute(["audit", "verify", "--state", str(state.root)]) == 0
    assert "1 checkpoints retired after their time" in capsys.readouterr().out
    (retired,) = [each for each in exported(state, capsys, "security") if each["activity_name"] == "audit_retired"]
    assert ocsf.problems(retired) == []


def test_nothing_is_retired_before_its_time_or_from_a_chain_that_was_touched(
    trail: StateDir, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["audit", "retire", "--state", str(trail.root)]) == 0
    assert "0 checkpoints retired" in capsys.readouterr().out
    edit_first_checkpoint(trail)
    with pytest.raises(CommandError, match="audit verify"):
        execute(["audit", "retire", "--state", str(trail.root)])


def edit_first_checkpoint(state: StateDir) -> None:
    async def apply() -> None:
        store = SqliteStore.open(state.database)
        item = await store.get(checkpoint_key(1))
        assert item is not None
        await store.transact([Put(item.key, {**item.body, "service": "other"})])
        await store.close()

    asyncio.run(apply())
