import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnop_cli.errors import CommandError
from cnop_cli.main import execute
from cnop_cli.stack import launch, processes, record
from cnop_cli.stack.plan import Options
from cnop_cli.stack.ports import Ports
from cnop_cli.stack.record import Phase, StackRecord
from cnop_cli.stack.state import StateDir
from cnop_platform.store import Key, Put
from cnop_platform.store.admin import describe
from cnop_platform.store.open import open_store, sqlite_url
from cnop_platform.testing.dynamodb_local import DynamoDbLocal, DynamoDbLocalMissing

NOTE = Key("NOTE", "NOTE")


def put(url: str, text: str) -> None:
    async def work() -> None:
        store = await open_store(url)
        await store.transact([Put(NOTE, {"text": text})])
        await store.close()

    asyncio.run(work())


def text_of(url: str) -> object:
    async def work() -> object:
        store = await open_store(url)
        item = await store.get(NOTE)
        await store.close()
        return item.body["text"] if item else None

    return asyncio.run(work())


def cnop(state: StateDir, *words: str) -> int:
    return execute(["store", *words, "--state", str(state.root)])


def test_a_store_is_created_once(state: StateDir, capsys: pytest.CaptureFixture[str]) -> None:
    assert cnop(state, "create") == 0
    assert str(state.database) in capsys.readouterr().out
    with pytest.raises(CommandError, match="already"):
        cnop(state, "create")
    assert cnop(state, "describe") == 0
    assert "ready, 0 items" in capsys.readouterr().out


def test_a_backup_puts_back_what_was_there_and_keeps_what_came_after(state: StateDir, tmp_path: Path) -> None:
    url, copy = sqlite_url(state.database), tmp_path / "copy.db"
    put(url, "before")
    cnop(state, "backup", str(copy))
    put(url, "after")
    cnop(state, "restore", str(copy))
    assert text_of(url) == "before"
    assert text_of(sqlite_url(state.data / "cnop.db.replaced-1")) == "after"


def test_a_restored_store_does_not_take_over_the_log_of_the_one_before(state: StateDir, tmp_path: Path) -> None:
    url, copy = sqlite_url(state.database), tmp_path / "copy.db"
    put(url, "before")
    cnop(state, "backup", str(copy))
    for suffix in ("-wal", "-shm"):
        state.database.with_name(f"cnop.db{suffix}").write_bytes(b"left behind")
    cnop(state, "restore", str(copy))
    assert not state.database.with_name("cnop.db-wal").exists()
    assert text_of(url) == "before"


def test_what_is_no_store_is_not_restored(state: StateDir, tmp_path: Path) -> None:
    put(sqlite_url(state.database), "here")
    (tmp_path / "noise").write_bytes(b"no database at all" * 1000)
    for copy in ("noise", "missing"):
        with pytest.raises(CommandError):
            cnop(state, "restore", str(tmp_path / copy))
    assert text_of(sqlite_url(state.database)) == "here"
    assert [path.name for path in state.data.iterdir() if "replaced" in path.name or "partial" in path.name] == []


def test_a_store_is_not_restored_under_a_running_platform(state: StateDir, tmp_path: Path) -> None:
    put(sqlite_url(state.database), "here")
    cnop(state, "backup", str(tmp_path / "copy.db"))
    settings = {"store": sqlite_url(state.database)}
    known = StackRecord(processes.own_identity(), Phase.UP, settings, ())
    record.save(known, path=state.record)
    with pytest.raises(CommandError, match="running"):
        cnop(state, "restore", str(tmp_path / "copy.db"))


@pytest.mark.parametrize("action", ["backup", "restore"])
def test_a_table_is_backed_up_by_aws(state: StateDir, tmp_path: Path, action: str) -> None:
    put(sqlite_url(tmp_path / "copy.db"), "here")
    with pytest.raises(CommandError, match="AWS"):
        cnop(state, action, str(tmp_path / "copy.db"), "--store", "dynamodb://us-east-1/cnop")


@pytest.fixture
def dynamodb_local(socket_enabled: None) -> Iterator[DynamoDbLocal]:
    try:
        server = DynamoDbLocal()
    except DynamoDbLocalMissing as missing:
        pytest.skip(str(missing))
    with server:
        yield server


def test_a_start_on_dynamodb_creates_the_table_and_finds_it_the_next_time(
    state: StateDir, dynamodb_local: DynamoDbLocal
) -> None:
    region = f"test-{uuid.uuid4().hex[:8]}"
    options = Options(
        state=state, ports=Ports(), store="dynamodb", store_endpoint=dynamodb_local.endpoint, region=region
    )
    said: list[str] = []
    launch.prepare_store(options, report=said.append)
    assert any("create the table" in line for line in said)
    assert asyncio.run(describe(options.store_url)).pending == ()
    said.clear()
    launch.prepare_store(options, report=said.append)
    assert said == []


@pytest.mark.enable_socket
def test_a_start_on_a_dynamodb_that_is_not_there_says_so_in_one_line(state: StateDir) -> None:
    options = Options(state=state, ports=Ports(), store="dynamodb", store_endpoint="http://127.0.0.1:1")
    with pytest.raises(CommandError, match=r"http://127\.0\.0\.1:1 cannot be used"):
        launch.prepare_store(options, report=print)


def test_a_start_on_sqlite_prepares_nothing(state: StateDir) -> None:
    launch.prepare_store(Options(state=state, ports=Ports()), report=print)
    assert not state.database.exists()
