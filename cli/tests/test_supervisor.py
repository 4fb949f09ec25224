import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cnop_cli.errors import CommandError
from cnop_cli.stack import processes, record
from cnop_cli.stack.record import Phase, StackRecord, State
from cnop_cli.stack.state import StateDir
from cnop_cli.stack.supervisor import Component, Supervisor, backoff_seconds, describe_exit

pytestmark = [pytest.mark.enable_socket, pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")]

Tiny = Callable[..., Component]


@pytest.fixture
def events() -> list[str]:
    return []


@pytest.fixture
def supervise(state: StateDir, events: list[str]) -> Callable[..., Supervisor]:
    def make(*components: Component) -> Supervisor:
        return Supervisor(components, state=state, settings={}, report=events.append, folder=state.root)

    return make


def load(state: StateDir) -> StackRecord:
    known = record.load(state.record)
    assert known is not None
    return known


def wait_until(condition: Callable[[], bool], *, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)


def running_pids(state: StateDir) -> set[int]:
    known = load(state)
    return {each.process.pid for each in known.components if each.process and processes.is_running(each.process)}


def test_starts_each_component_once_what_it_waits_for_is_healthy(supervise, state: StateDir, tiny: Tiny) -> None:
    supervisor = supervise(tiny("late", after=("early",)), tiny("early"))
    supervisor.start()
    try:
        known = load(state)
        started = {each.name: each.process.started for each in known.components if each.process}
        assert known.phase is Phase.UP
        assert {each.state for each in known.components} == {State.HEALTHY}
        assert started["early"] <= started["late"]
    finally:
        supervisor.stop()


def test_leaves_no_process_after_a_stop_and_says_so_in_the_record(supervise, state: StateDir, tiny: Tiny) -> None:
    supervisor = supervise(tiny("one"), tiny("two", after=("one",)))
    supervisor.start()
    pids = running_pids(state)
    supervisor.stop()
    assert len(pids) == 2
    assert not any(processes.identify(pid) for pid in pids)
    assert load(state).phase is Phase.STOPPED


def test_stops_in_the_reverse_order_of_the_start(supervise, state: StateDir, tiny: Tiny, tmp_path: Path) -> None:
    order = tmp_path / "order"
    program = textwrap.dedent(f"""
        import signal, socket, sys, time
        listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
        def stop(*_):
            open({str(order)!r}, "a").write(NAME)
            sys.exit(0)
        signal.signal(signal.SIGTERM, stop)
        while True:
            time.sleep(1)
    """)
    first = tiny("first", program=f"NAME = 'f'\n{program}")
    last = tiny("last", program=f"NAME = 'l'\n{program}", after=("first",))
    supervisor = supervise(first, last)
    supervisor.start()
    supervisor.stop()
    assert order.read_text() == "lf"


def test_kills_a_process_that_ignores_the_request_to_stop(
    supervise, state: StateDir, tiny: Tiny, events: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnop_cli.stack.supervisor.STOP_LIMIT_SECONDS", 0.3)
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\nimport time\nwhile True: time.sleep(1)"
    supervisor = supervise(tiny("stubborn", program=stubborn, probe="uptime:0.3"))
    supervisor.start()
    pids = running_pids(state)
    supervisor.stop()
    assert not any(processes.identify(pid) for pid in pids)
    assert events == ["stubborn did not stop by itself and was killed"]


def test_takes_down_what_a_component_started_itself(supervise, state: StateDir, tiny: Tiny, tmp_path: Path) -> None:
    parent = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    supervisor = supervise(tiny("parent", program=parent, probe="uptime:0.5"))
    supervisor.start()
    assert len(processes.leftovers(state=state.root, record=None)) == 2
    supervisor.stop()
    assert processes.leftovers(state=state.root, record=None) == []


def test_a_component_that_ends_while_starting_stops_everything_and_is_explained(
    supervise, state: StateDir, tiny: Tiny
) -> None:
    broken = tiny("broken", program="import sys; sys.exit('no such table')", after=("fine",))
    supervisor = supervise(tiny("fine"), broken)
    with pytest.raises(CommandError, match="broken ended with exit code 1 while starting: no such table"):
        supervisor.start()
    assert load(state).phase is Phase.STOPPED
    assert running_pids(state) == set()


def test_a_component_that_never_gets_healthy_fails_the_start_within_the_bound(
    supervise, state: StateDir, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnop_cli.stack.supervisor.START_LIMIT_SECONDS", 0.5)
    supervisor = supervise(tiny("mute", program="import time; time.sleep(60)"))
    with pytest.raises(CommandError, match="mute"):
        supervisor.start()
    assert running_pids(state) == set()


def test_a_program_that_is_not_there_fails_the_start_in_one_line(supervise, state: StateDir) -> None:
    missing = Component("missing", ("/nowhere/program",), {}, "uptime:0")
    with pytest.raises(CommandError, match="missing cannot be started: /nowhere/program"):
        supervise(missing).start()


def test_a_crashed_component_is_started_again_and_reported(
    supervise, state: StateDir, tiny: Tiny, events: list[str]
) -> None:
    supervisor = supervise(tiny("victim"), tiny("witness"))
    supervisor.start()
    before = load(state)
    victim, witness = (before.component(name).process for name in ("victim", "witness"))
    watching = threading.Thread(target=supervisor.watch)
    watching.start()
    try:
        os.kill(victim.pid, signal.SIGKILL)
        wait_until(lambda: load(state).component("victim").restarts == 1)
        wait_until(lambda: load(state).component("victim").state is State.HEALTHY)
        after = load(state)
        assert after.component("victim").process.pid != victim.pid
        assert after.component("witness").process == witness
        assert after.component("witness").restarts == 0
    finally:
        supervisor._on_stop(signal.SIGTERM, None)
        watching.join(timeout=10)
    assert events == ["victim was ended by SIGKILL; starting it again in 0.25 s", "victim is healthy again"]


def test_back_off_doubles_up_to_a_bound() -> None:
    assert [backoff_seconds(crashes) for crashes in (1, 2, 3, 4)] == [0.25, 0.5, 1, 2]
    assert backoff_seconds(50) == 15


def test_an_end_is_told_in_words() -> None:
    assert describe_exit(3) == "ended with exit code 3"
    assert describe_exit(-9) == "was ended by SIGKILL"
    assert describe_exit(-250) == "was ended by signal 250"


RUN = """
import sys
from pathlib import Path
from cnop_cli.stack.state import StateDir
from cnop_cli.stack.supervisor import Component, Supervisor
state = StateDir.at(sys.argv[1])
sleep = (sys.executable, "-c", "import time; time.sleep(60)")
child = Component("child", sleep, {"CNOP_STACK": str(state.root)}, "uptime:0.1")
supervisor = Supervisor([child], state=state, settings={}, report=print, folder=Path("/"))
supervisor.listen()
supervisor.start()
supervisor.watch()
"""


@pytest.fixture
def supervisor_process(state: StateDir):
    process = subprocess.Popen([sys.executable, "-c", RUN, str(state.root)], stdout=subprocess.DEVNULL)
    wait_until(lambda: (known := record.load(state.record)) is not None and known.phase is Phase.UP)
    yield process
    process.kill()
    process.wait()
    processes.end(processes.leftovers(state=state.root, record=None), grace_seconds=1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_stops_everything(supervisor_process, state: StateDir, number: signal.Signals) -> None:
    supervisor_process.send_signal(number)
    assert supervisor_process.wait(timeout=10) == 0
    assert load(state).phase is Phase.STOPPED
    assert processes.leftovers(state=state.root, record=None) == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next `up` or `down` ends the orphans")
def test_children_do_not_outlive_a_killed_supervisor(supervisor_process, state: StateDir) -> None:
    assert len(running_pids(state)) == 1
    supervisor_process.kill()
    supervisor_process.wait()
    wait_until(lambda: running_pids(state) == set())


def sleeper(state: StateDir) -> "subprocess.Popen[bytes]":
    return processes.spawn(
        (sys.executable, "-c", "import time; time.sleep(60)"),
        environment={"CNOP_STACK": str(state.root)},
        folder=state.root,
        log=state.log_of("sleeper"),
    )


def test_a_process_has_a_group_of_its_own_in_the_session_of_its_supervisor(state: StateDir) -> None:
    """The terminal's Ctrl-C does not reach it, and Linux weighs its priority against those of the rest of the stack."""
    process = sleeper(state)
    try:
        assert os.getpgid(process.pid) == process.pid
        assert os.getsid(process.pid) == os.getsid(0)
    finally:
        process.kill()
        process.wait()


def test_an_orphan_is_found_by_its_marker_and_ended(state: StateDir) -> None:
    orphan = sleeper(state)
    try:
        # Between fork and exec a child still carries its parent's environment.
        wait_until(lambda: bool(processes.leftovers(state=state.root, record=None)))
        found = processes.leftovers(state=state.root, record=None)
        assert [each.pid for each in found] == [orphan.pid]
        processes.end(found, grace_seconds=5)
        assert orphan.wait(timeout=5) == -signal.SIGTERM
    finally:
        orphan.kill()
        orphan.wait()


def test_a_recorded_number_that_now_belongs_to_another_process_is_left_alone(state: StateDir) -> None:
    own = processes.own_identity()
    stranger = record.Identity(pid=own.pid, started=own.started - 1000)
    component = record.ComponentRecord("x", stranger, State.HEALTHY, None, "uptime:0", 0)
    known = StackRecord(supervisor=stranger, phase=Phase.UP, settings={}, components=(component,))
    assert not processes.is_running(stranger)
    assert processes.leftovers(state=state.root, record=known) == []
