import asyncio
import json

import structlog
from exchange import START
from prometheus_client import REGISTRY

from cnop_ledger import CorruptItem
from cnop_orders.adapters.worker import EngineWorker, _count
from cnop_orders.application.engine import Tally
from cnop_platform.prices import PriceBoard, Quote
from cnop_platform.store import Key, StoreUnavailable


class Lease:
    may_work = True


class Passes:
    """An engine whose passes have the given results; it tells when the last of them began."""

    def __init__(self, *results):
        self._results = list(results)
        self.done = asyncio.Event()
        self.count = 0

    async def work(self):
        self.count += 1
        result = self._results.pop(0)
        if not self._results:
            self._results.append(Tally())
            self.done.set()
        if isinstance(result, Exception):
            raise result
        return result


async def run(worker, until):
    task = asyncio.create_task(worker.run())
    async with asyncio.timeout(10):
        await until
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def worker_of(engine, memory_store, lease=None):
    board = PriceBoard(store=memory_store, cache=None, clock=type("Clock", (), {"now": lambda self: START})())
    return EngineWorker(engine=engine, board=board, lease=lease or Lease()), board


async def test_what_a_pass_did_is_logged_as_json(memory_store):
    tally = Tally(filled=2)
    tally.failed["RATE_001"] += 1
    engine = Passes(tally, Tally())
    worker, _ = worker_of(engine, memory_store)
    with structlog.testing.capture_logs() as logs:
        await run(worker, engine.done.wait())
    (event,) = [each for each in logs if each["event"] == "engine_pass"]
    assert (event["filled"], event["failed"]) == (2, {"RATE_001": 1})
    assert json.dumps(event)


async def test_a_broken_order_is_named_once_and_counted_for_as_long_as_it_is_there(memory_store):
    key = Key("ORDERS#usr_1", "ord_1")
    found = [Tally(broken={key: CorruptItem("it was not written here")}) for _ in range(2)]
    for tally in found:
        tally.failed["INTERNAL_ERROR"] += 1
    engine = Passes(*found)
    worker, _ = worker_of(engine, memory_store)
    with structlog.testing.capture_logs() as logs:
        for tally in found:
            worker._report(tally)
            _count(tally)
    (event,) = [each for each in logs if each["event"] == "order_broken"]
    assert (event["log_level"], event["item"], event["reason"]) == ("error", "ord_1", "it was not written here")
    assert REGISTRY.get_sample_value("cnop_engine_broken_orders") == 1
    _count(Tally())
    assert REGISTRY.get_sample_value("cnop_engine_broken_orders") == 0


async def test_a_store_that_is_away_ends_the_pass_but_not_the_worker(memory_store):
    engine = Passes(StoreUnavailable("away"), Tally())
    worker, _board = worker_of(engine, memory_store)
    with structlog.testing.capture_logs() as logs:
        await run(worker, engine.done.wait())
    assert [each["event"] for each in logs] == ["engine_pass_failed"]


async def test_a_new_price_starts_a_pass_at_once(memory_store):
    engine = Passes(Tally(), Tally())
    worker, board = worker_of(engine, memory_store)

    async def price_arrives():
        while not engine.count:
            await asyncio.sleep(0)
        started = asyncio.get_running_loop().time()
        await board.accept([Quote("BTC", 10**8, START)])
        await engine.done.wait()
        assert asyncio.get_running_loop().time() - started < 0.5

    await run(worker, price_arrives())


async def test_without_the_lease_nothing_is_done(memory_store):
    engine, lease = Passes(Tally()), Lease()
    lease.may_work = False
    worker, board = worker_of(engine, memory_store, lease)

    async def prices_arrive():
        for number in range(3):
            await board.accept([Quote("BTC", 10**8 + number, START)])
            await asyncio.sleep(0)

    await run(worker, prices_arrive())
    assert engine.count == 0


async def test_what_passes_did_is_counted(memory_store):
    def filled():
        return REGISTRY.get_sample_value("cnop_engine_orders_total", {"outcome": "filled"})

    before = filled()
    engine = Passes(Tally(filled=2), Tally(filled=3))
    worker, board = worker_of(engine, memory_store)

    async def prices_arrive():
        while not engine.done.is_set():
            await board.accept([Quote("BTC", 10**8 + engine.count, START)])
            await asyncio.sleep(0)

    await run(worker, prices_arrive())
    assert filled() - before == 5
