import socket
import threading
from collections.abc import Iterator

import pytest
from benchmarks.load import measure, request

pytestmark = pytest.mark.enable_socket

ANSWERS = (
    (b"HTTP/1.1 201 Created\r\nContent-Le", b"ngth: 2\r\n\r\n", b"o", b"k"),
    (b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n",),
)


@pytest.fixture
def port() -> Iterator[int]:
    """A server whose answers come in pieces, a success and a refusal in turn."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            turn = 0
            while connection.recv(65_536):
                for piece in ANSWERS[turn % 2]:
                    connection.sendall(piece)
                turn += 1

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield int(listener.getsockname()[1])
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_answers_in_pieces_are_counted_once_by_their_status(port: int) -> None:
    script = [request(host="x", path="/orders", token="t", body=b"{}", key="k")]
    seen = measure(host="127.0.0.1", port=port, scripts=[script, script], seconds=0.3)
    assert seen.statuses.keys() == {201, 429}
    assert abs(seen.statuses[201] - seen.statuses[429]) <= 2
    assert seen.failures == seen.statuses[429]
    assert seen.rate == pytest.approx(sum(seen.statuses.values()) / 0.3, rel=0.5)
    assert 0 < seen.p50_ms <= seen.p99_ms


def test_a_request_is_complete_http() -> None:
    text = request(host="h:1", path="/x", token="t", body=b'{"a": 1}', key="k")
    assert text == (
        b"POST /x HTTP/1.1\r\nhost: h:1\r\ncontent-type: application/json\r\nauthorization: Bearer t\r\n"
        b'idempotency-key: k\r\ncontent-length: 8\r\n\r\n{"a": 1}'
    )
