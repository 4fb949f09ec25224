import subprocess
import sys
import threading
import time

import pytest

from cnop_cli.errors import CommandError
from cnop_cli.main import execute
from cnop_cli.stack import processes, record, replacing
from cnop_cli.stack.record import ComponentRecord, Phase, StackRecord, State
from cnop_cli.stack.state import StateDir


def sleeping() -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


def component(name: str, child=None, state: State = State.HEALTHY) -> ComponentRecord:
    return ComponentRecord(name, processes.identify(child.pid) if child else None, state, None, "uptime:0", 0)


def write(state: StateDir, *components: ComponentRecord) -> StackRecord:
    known = StackRecord(processes.own_identity(), Phase.UP, {}, components)
    record.save(known, path=state.record)
    return known


def test_a_service_is_meant_with_all_of_its_replicas_the_first_one_last(state: StateDir) -> None:
    names = ("order_service", "order_service-2", "order_service-3", "order_engine", "user_service")
    known = write(state, *(component(name) for name in names))
    assert replacing.processes_of(known, "order_service") == ["order_service-3", "order_service-2", "order_service"]
    assert replacing.processes_of(known, "order_service-2") == ["order_service-2"]
    with pytest.raises(CommandError, match="no component `orders`; there is: order_service"):
        replacing.processes_of(known, "orders")


def test_it_waits_for_a_healthy_successor(state: StateDir) -> None:
    first, second = sleeping(), sleeping()
    write(state, component("web", first))

    def supervise() -> None:
        first.wait()
        write(state, component("web", second, State.STARTING))
        time.sleep(0.2)
        write(state, component("web", second))

    supervisor = threading.Thread(target=supervise)
    supervisor.start()
    try:
        assert replacing.replace_process(state, "web") >= 0.2
        assert first.poll() is not None
    finally:
        supervisor.join()
        second.kill()
        second.wait()


def test_a_process_that_is_not_healthy_is_left_alone(state: StateDir) -> None:
    child = sleeping()
    write(state, component("web", child, State.STARTING))
    try:
        with pytest.raises(CommandError, match="web is starting; only a healthy process is replaced"):
            replacing.replace_process(state, "web")
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()


def test_without_a_platform_there_is_nothing_to_restart(state: StateDir) -> None:
    with pytest.raises(CommandError, match="no platform is running"):
        execute(["restart", "web", "--state", str(state.root)])


@pytest.mark.parametrize("text", ["orders=2", "order_service", "order_service=0", "order_service=9", "order_service=x"])
def test_replicas_that_make_no_sense_are_refused(text, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        execute(["up", "--replicas", text])
    assert "expected SERVICE=N" in capsys.readouterr().err
