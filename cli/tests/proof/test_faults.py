import asyncio
import random
import subprocess
import sys
import time

import psutil
import pytest

from cnop_cli.proof.cut import Wire
from cnop_cli.proof.faults import Faults, pause
from cnop_cli.stack import processes


@pytest.fixture
def victim():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield child
    child.kill()
    child.wait()


async def until(condition, *, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def is_stopped(child):
    return psutil.Process(child.pid).status() == psutil.STATUS_STOPPED


async def test_a_paused_process_goes_on_afterwards(victim):
    task = asyncio.create_task(pause(processes.identify(victim.pid), 0.05))
    await until(lambda: is_stopped(victim))
    await task
    await until(lambda: not is_stopped(victim))


async def test_a_paused_process_goes_on_when_the_pause_is_cut_short(victim):
    task = asyncio.create_task(pause(processes.identify(victim.pid), 60))
    await until(lambda: is_stopped(victim))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await until(lambda: not is_stopped(victim))


async def test_harm_is_done_and_counted_until_it_is_called_off(victim):
    found = processes.identify(victim.pid)
    faults = Faults(["service"], lambda name: found, random.Random(1))
    harm = asyncio.create_task(faults.run())
    await until(lambda: victim.poll() is not None)
    harm.cancel()
    await asyncio.gather(harm, return_exceptions=True)
    assert faults.done["kill service"] == 1, "a process that is gone is not killed again"


async def test_nobody_else_is_harmed_when_the_process_is_gone():
    faults = Faults(["service"], lambda name: None, random.Random(1))
    for _ in range(10):
        await faults.one()
    assert not faults.done


@pytest.fixture
async def echo(socket_enabled):
    async def answer(reader, writer):
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def ask(wire, text=b"hello\n"):
    """Ask over a connection of its own; nothing when it is lost."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(wire.endpoint.rpartition(":")[2]))
    try:
        writer.write(text)
        return await asyncio.wait_for(reader.readline(), 10)
    except OSError:
        return b""
    finally:
        writer.transport.abort()


async def lost(reader):
    try:
        return await asyncio.wait_for(reader.read(100), 10) == b""
    except ConnectionError:
        return True


async def test_a_wire_carries_answers(echo):
    async with Wire(echo).laid() as wire:
        assert await asyncio.gather(*(ask(wire, b"%d\n" % number) for number in range(5))) == [
            b"%d\n" % number for number in range(5)
        ]


async def test_a_cut_wire_loses_what_is_under_way_and_takes_nothing_new_until_it_is_mended(echo):
    async with Wire(echo).laid() as wire:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(wire.endpoint.rpartition(":")[2]))
        writer.write(b"before\n")
        assert await reader.readline() == b"before\n"
        wire.cut()
        assert await lost(reader)
        writer.transport.abort()
        assert await ask(wire) == b""
        wire.mend()
        assert await ask(wire) == b"hello\n"


async def test_a_wire_to_nowhere_loses_connections(socket_enabled, unused_tcp_port):
    async with Wire(unused_tcp_port).laid() as wire:
        assert await ask(wire) == b""
