import asyncio

import pytest

from cnop_platform.streams import EventStream, Streams, TooManyStreams, encode_event

HERE = "203.0.113.9"


class Source:
    def __init__(self, *events, then_end=False):
        self.events = asyncio.Queue()
        for event in (*events, *([None] if then_end else [])):
            self.events.put_nowait(event)

    async def next(self):
        return await self.events.get()


class Reader:
    """The server's side of one connection: takes what is sent, or stalls, or leaves."""

    def __init__(self):
        self.messages = []
        self.takes = asyncio.Event()
        self.takes.set()
        self.left = asyncio.Event()

    async def send(self, message):
        await self.takes.wait()
        self.messages.append(message)

    async def receive(self):
        await self.left.wait()
        return {"type": "http.disconnect"}

    @property
    def text(self):
        return b"".join(message.get("body", b"") for message in self.messages[1:]).decode()

    @property
    def complete(self):
        return self.messages[-1].get("more_body") is False


@pytest.fixture
def streams():
    return Streams(limit=3, per_address=2)


@pytest.fixture
def reader():
    return Reader()


def serve(source, streams, reader, **pace):
    stream = EventStream(source, slot=streams.open(HERE), **pace)
    return asyncio.create_task(stream({"type": "http"}, reader.receive, reader.send))


async def finished(task):
    async with asyncio.timeout(5):
        await task


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


def is_free(streams):
    slots = [streams.open(HERE) for _ in range(2)]
    for slot in slots:
        with slot:
            pass
    return len(slots) == 2


def test_an_event_is_rendered_as_the_standard_says():
    assert encode_event(event_id="7", event="prices", data='{"a":1}') == b'id: 7\nevent: prices\ndata: {"a":1}\n\n'


async def test_events_are_sent_until_the_source_ends(streams, reader):
    await finished(serve(Source(b"one", b"two", then_end=True), streams, reader))
    headers = dict(reader.messages[0]["headers"])
    assert headers[b"content-type"] == b"text/event-stream; charset=utf-8"
    assert headers[b"cache-control"] == b"no-store"
    assert b"content-length" not in headers
    assert reader.text == "retry: 2000\n\nonetwo"
    assert reader.complete
    assert is_free(streams)


async def test_silence_is_filled_with_heartbeats_and_no_event_is_lost(streams, reader):
    source = Source()
    serving = serve(source, streams, reader, heartbeat_seconds=0.02)
    await until(lambda: reader.text.count(": heartbeat\n\n") >= 2)
    source.events.put_nowait(b"event")
    await until(lambda: "event" in reader.text)
    reader.left.set()
    await finished(serving)


async def test_a_slow_reader_is_dropped_and_its_place_given_back(streams, reader):
    source = Source(b"one")
    serving = serve(source, streams, reader, write_seconds=0.05)
    await until(lambda: "one" in reader.text)
    reader.takes.clear()
    source.events.put_nowait(b"two")
    await finished(serving)
    assert "two" not in reader.text
    assert is_free(streams)


async def test_a_slow_reader_holds_up_nobody_else(streams, reader):
    stalled, other = Reader(), Source()
    first = serve(Source(b"x"), streams, stalled, write_seconds=0.5)
    second = serve(other, streams, reader)
    await until(lambda: "x" in stalled.text)
    stalled.takes.clear()
    for number in range(20):
        other.events.put_nowait(str(number).encode())
    async with asyncio.timeout(0.3):
        await until(lambda: "19" in reader.text)
    for one, task in ((stalled, first), (reader, second)):
        one.left.set()
        await finished(task)


async def test_a_reader_that_leaves_ends_its_stream(streams, reader):
    serving = serve(Source(), streams, reader)
    await until(lambda: reader.messages)
    reader.left.set()
    await finished(serving)
    assert is_free(streams)


async def test_a_stop_ends_open_streams_and_those_to_come(streams, reader):
    serving = serve(Source(), streams, reader)
    await until(lambda: len(reader.messages) == 2)
    streams.stop()
    await finished(serving)
    assert reader.complete
    late = Reader()
    await finished(serve(Source(), streams, late))
    assert late.complete


async def test_a_source_that_crashes_gives_its_place_back(streams, reader):
    class Broken:
        async def next(self):
            raise RuntimeError("a defect")

    with pytest.raises(RuntimeError):
        await finished(serve(Broken(), streams, reader))
    assert is_free(streams)


async def test_a_server_that_cancels_gets_the_place_back(streams, reader):
    serving = serve(Source(), streams, reader)
    await until(lambda: reader.messages)
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert is_free(streams)


def test_streams_are_bounded_per_address_and_in_all(streams):
    first, _ = streams.open("a"), streams.open("a")
    with pytest.raises(TooManyStreams) as raised:
        streams.open("a")
    assert (raised.value.stable_code, raised.value.retry_after_seconds) == ("STREAM_LIMIT", 10)
    streams.open("b")
    with pytest.raises(TooManyStreams):
        streams.open("c")
    with first:
        pass
    streams.open("c")
