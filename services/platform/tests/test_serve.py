import http.client
import signal
import socket
import subprocess
import sys
import textwrap
import time

import pytest

pytestmark = pytest.mark.enable_socket
PROGRAM = textwrap.dedent(
    """
    import gc, sys
    from cnop_platform.serve import serve

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        body = str(gc.get_freeze_count() > 0).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": body})

    serve(app, host="127.0.0.1", port=int(sys.argv[1]))
    """
)


@pytest.fixture
def served():
    """A server in a process of its own, and a connection to it that it keeps open."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(port)])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    deadline = time.monotonic() + 20
    while True:
        try:
            connection.connect()
            break
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.02)
    yield process, connection
    connection.close()
    process.kill()
    process.wait()


def answer(connection):
    connection.request("GET", "/")
    response = connection.getresponse()
    return response.status, response.getheader("connection"), response.read()


def refuses_newcomers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        pass  # it stood in line when the door was closed
    return False


def test_a_server_that_stops_lets_a_kept_connection_carry_one_more_answer_and_takes_no_new_one(served):
    process, connection = served
    assert answer(connection) == (200, None, b"True")
    process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + 10
    while not refuses_newcomers(connection.port):
        assert time.monotonic() < deadline, "it still takes connections"
    assert answer(connection) == (200, "close", b"True")
    # uvicorn ends as the signal would have ended it, once it is done.
    assert process.wait(timeout=5) in {0, -signal.SIGTERM}
