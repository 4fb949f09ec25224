import socket
import urllib.request

import pytest
import structlog
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest

from cnop_platform.metrics import published_counters, serve_metrics
from cnop_platform.store import Absent, ConditionFailed, Key, Put, StoreUnavailable
from cnop_platform.store import observed as observing
from cnop_platform.store.memory import MemoryStore
from cnop_platform.store.observed import ObservedStore

KEY = Key("A", "B")


def calls(call, outcome):
    labels = {"call": call, "outcome": outcome}
    return REGISTRY.get_sample_value("cnop_store_call_duration_seconds_count", labels) or 0


async def test_each_call_of_the_store_is_timed_by_how_it_ended():
    store = ObservedStore(MemoryStore())
    before = {outcome: calls("transact", outcome) for outcome in ("ok", "conflict")}
    await store.transact([Put(KEY, {}, Absent())])
    with pytest.raises(ConditionFailed):
        await store.transact([Put(KEY, {}, Absent())])
    assert {outcome: calls("transact", outcome) - before[outcome] for outcome in before} == {"ok": 1, "conflict": 1}


async def test_what_the_store_answers_comes_through():
    store = ObservedStore(MemoryStore())
    await store.transact([Put(KEY, {"n": 1}, Absent(), index=Key("I", "J"))])
    assert (await store.get(KEY)).body == {"n": 1}
    assert KEY in await store.get_many([KEY])
    assert len((await store.query("A", prefix="B")).items) == 1
    assert len((await store.query_index("I", start="J", end="K")).items) == 1
    assert [item.key async for item in store.scan(prefix="A")] == [KEY]
    await store.ping()
    await store.close()


async def test_a_failed_call_is_counted_as_one():
    class Away(MemoryStore):
        async def get(self, key):
            raise StoreUnavailable("away")

    before = calls("get", "failed")
    with pytest.raises(StoreUnavailable):
        await ObservedStore(Away()).get(KEY)
    assert calls("get", "failed") == before + 1


async def test_a_slow_call_is_logged_with_the_request_it_was_for(monkeypatch):
    times = iter([10.0, 10.75])
    monkeypatch.setattr(observing, "monotonic", lambda: next(times))
    processors = [structlog.contextvars.merge_contextvars]
    with (
        structlog.contextvars.bound_contextvars(request_id="req-7"),
        structlog.testing.capture_logs(processors=processors) as logs,
    ):
        await ObservedStore(MemoryStore()).get(KEY)
    (line,) = logs
    assert (line["event"], line["call"], line["duration_ms"], line["request_id"]) == (
        "store_call_slow",
        "get",
        750,
        "req-7",
    )


def test_an_object_s_own_counters_are_published_while_it_lives():
    registry = CollectorRegistry()
    with published_counters("cnop_thing", lambda: {"done": 3}, registry=registry):
        assert b"cnop_thing_done_total 3.0" in generate_latest(registry)
    assert generate_latest(registry) == b""


@pytest.mark.enable_socket
def test_a_worker_serves_its_metrics_until_it_stops():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    stop = serve_metrics(host="127.0.0.1", port=port)
    address = f"http://127.0.0.1:{port}/metrics"
    with urllib.request.urlopen(address, timeout=5) as answer:
        assert b"cnop_audit_events_total" in answer.read()
    stop()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(address, timeout=5)


def test_a_worker_without_a_port_serves_nothing():
    serve_metrics(host="127.0.0.1", port=0)()
