"""The experiment: a stack of its own with two processes of each service that writes, load on it, first calm, then harm.

At the end every wallet's history must have an order that explains it, every acknowledged effect must be there, once,
and the ledger and the audit trail must verify.
"""

import asyncio
import json
import os
import random
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import httpx

from cnop_cli.errors import CommandError
from cnop_cli.proof.books import close_books
from cnop_cli.proof.customers import Customer
from cnop_cli.proof.cut import Wire
from cnop_cli.proof.doors import Door, Traffic
from cnop_cli.proof.faults import Faults
from cnop_cli.proof.figures import Figures, Setup
from cnop_cli.proof.judgement import judge, write_history
from cnop_cli.proof.load import Client, Prices
from cnop_cli.proof.replicas import Replicas, replicas
from cnop_cli.stack import health, record
from cnop_cli.stack.plan import Options
from cnop_cli.stack.ports import Ports
from cnop_cli.stack.record import Identity, StackRecord, State
from cnop_cli.trial import Trial, trial
from cnop_platform.testing.dynamodb_local import DynamoDbLocal

FEE_BPS: Final = 10
# The caps of a day are no part of the experiment.
SETTINGS: Final = {
    "CNOP_ORDER_FEE_BPS": str(FEE_BPS),
    "CNOP_DEPOSITS_PER_DAY_CENTS": str(10**12),
    "CNOP_WITHDRAWALS_PER_DAY_CENTS": str(10**12),
}
_CLIENT_SECONDS: Final = 8.0
_RECOVERY_SECONDS: Final = 120.0
# A request that was under way when the last fault ended has had its effect by then, or never will.
_QUIET_SECONDS: Final = 3.0
_CONTENDED: Final = "TransactionCancel"
"""In what the store's adapter says of a transaction that lost against others to the end."""

Report = Callable[[str], None]


async def run(setup: Setup, *, report: Report) -> Figures:
    """Run one experiment and give its figures.

    Raises:
        CommandError: the stack did not start or recover, or something did not hold; its logs and histories stay.
    """
    figures = Figures(setup)
    async with AsyncExitStack() as context:
        wire = await context.enter_async_context(_dynamodb()) if setup.store == "dynamodb" else None
        stack = await context.enter_async_context(_stack(wire))
        second = context.enter_context(replicas(_options(stack, wire), settings=SETTINGS))
        http = await context.enter_async_context(httpx.AsyncClient(timeout=_CLIENT_SECONDS, trust_env=False))
        async with _alive(second):
            await second.wait_until_healthy()
            await _Experiment(stack, second, wire, Traffic(http), figures, report).conduct()
        for line in figures.lines():
            report(line)
        for books in ("ledger", "audit"):
            try:
                await asyncio.to_thread(stack.cnop, books, "verify")
            except CommandError as error:
                figures.complaints.append(str(error))
        if figures.complaints:
            raise CommandError("; ".join([*figures.complaints, f"seed {setup.seed}"]))
    return figures


@asynccontextmanager
async def _dynamodb() -> AsyncIterator[Wire]:
    """Run DynamoDB Local behind a wire that can be cut; its data lives as long."""
    with tempfile.TemporaryDirectory(prefix="cnop-dynamodb-") as folder:
        server = await asyncio.to_thread(DynamoDbLocal, data_folder=Path(folder))
        with server:
            async with Wire(server.port).laid() as wire:
                yield wire


@asynccontextmanager
async def _stack(wire: Wire | None) -> AsyncIterator[Trial]:
    """Start a stack; in a thread, since meanwhile its store's wire runs here."""
    options = ("--store", "dynamodb", "--store-endpoint", wire.endpoint) if wire else ()
    manager = trial(*options, environment={**os.environ, **SETTINGS})
    stack = await asyncio.to_thread(manager.__enter__)
    try:
        yield stack
    except BaseException as error:
        await asyncio.to_thread(manager.__exit__, type(error), error, error.__traceback__)
        raise
    await asyncio.to_thread(manager.__exit__, None, None, None)


def _options(stack: Trial, wire: Wire | None) -> Options:
    return Options(
        state=stack.state,
        ports=Ports(**stack.known.settings["ports"]),
        store="dynamodb" if wire else "sqlite",
        store_endpoint=wire.endpoint if wire else None,
        region=os.environ.get("AWS_REGION", "us-east-1"),
    )


@asynccontextmanager
async def _alive(second: Replicas) -> AsyncIterator[None]:
    keeper = asyncio.create_task(second.keep_alive())
    try:
        yield
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)


class _Experiment:
    def __init__(
        self, stack: Trial, second: Replicas, wire: Wire | None, traffic: Traffic, figures: Figures, report: Report
    ) -> None:
        self._stack = stack
        self._second = second
        self._wire = wire
        self._traffic = traffic
        self._figures = figures
        self._setup = figures.setup
        self._report = report
        self._dice = random.Random(self._setup.seed)  # noqa: S311 - repeatable, guards nothing
        self._prices = Prices()
        self._customers = [
            Customer(traffic, self._doors(), random.Random(self._dice.random()))  # noqa: S311 - as above
            for _ in range(self._setup.customers)
        ]

    def _doors(self) -> list[Door]:
        services, urls = self._stack.known.settings["services"], self._second.urls
        return [
            Door.gateway(self._stack.known.settings["gateway_url"]),
            Door("first", services["user_service"], services["order_service"]),
            Door("second", urls["user_service"], urls["order_service"]),
        ]

    async def conduct(self) -> None:
        """Go through the phases."""
        inventory = self._stack.known.settings["services"]["inventory_service"]
        await asyncio.gather(*(customer.register() for customer in self._customers))
        await self._prices.look(self._traffic, inventory)
        watcher = asyncio.create_task(self._prices.follow(self._traffic, inventory))
        try:
            self._report(f"calm for {self._setup.calm_seconds:.0f} s")
            await self._load(self._setup.calm_seconds)
            self._figures.calm = self._traffic.statuses.copy()
            self._figures.calm_reasons = unavailable_reasons(self._stack.state.logs)
            self._report(f"harm for {self._setup.harm_seconds:.0f} s")
            await self._harm()
            self._report("waiting until all is healthy, then closing the books")
            await self._recover()
            await self._judge()
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)

    async def _load(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        clients = [
            Client(customer, self._prices, random.Random(self._dice.random()), self._setup.pause_seconds)  # noqa: S311 - as above
            for customer in self._customers
            for _ in range(self._setup.clients)
        ]
        async with asyncio.TaskGroup() as group:
            for client in clients:
                group.create_task(client.run(until=until))

    async def _harm(self) -> None:
        names = [component.name for component in self._stack.known.components]
        faults = Faults(
            [*names, *(replica.name for replica in self._second.all)],
            self._find,
            random.Random(self._dice.random()),  # noqa: S311 - as above
            wire=self._wire,
            done=self._figures.faults,
        )
        harm = asyncio.create_task(faults.run())
        try:
            await self._load(self._setup.harm_seconds)
        finally:
            harm.cancel()
            await asyncio.gather(harm, return_exceptions=True)

    def _find(self, name: str) -> Identity | None:
        for replica in self._second.all:
            if replica.name == name:
                return replica.identity()
        component = self._record().component(name)
        return component.process if component else None

    def _record(self) -> StackRecord:
        return record.load(self._stack.state.record) or self._stack.known

    async def _recover(self) -> None:
        began = time.monotonic()
        while not await asyncio.to_thread(self._is_healthy):
            if time.monotonic() - began > _RECOVERY_SECONDS:
                raise CommandError(f"the stack did not recover within {_RECOVERY_SECONDS:.0f} s of the last fault")
            await asyncio.sleep(0.2)
        await self._second.wait_until_healthy()
        self._figures.recovery_seconds = time.monotonic() - began
        await asyncio.sleep(_QUIET_SECONDS)

    def _is_healthy(self) -> bool:
        return all(
            component.state is State.HEALTHY and health.passes(component.probe, uptime_seconds=60)
            for component in self._record().components
        )

    async def _judge(self) -> None:
        books = await asyncio.gather(*(close_books(customer) for customer in self._customers))
        figures = self._figures
        figures.statuses = self._traffic.statuses.copy()
        for customer, their in zip(self._customers, books, strict=True):
            complaint = judge(customer, their, figures, highest=self._prices.highest, fee_bps=FEE_BPS)
            if complaint:
                path = write_history(customer, complaint, folder=self._stack.state.logs)
                figures.complaints.append(f"a history has no order (see {path})")
        figures.complaints += [f"lost: {effect}" for effect in figures.reckoning.lost]
        figures.complaints += [f"doubled: {effect}" for effect in figures.reckoning.doubled]
        figures.complaints += self._bad_answers()

    def _bad_answers(self) -> list[str]:
        """Give answers that a stack must not give."""
        return [f"answered {name}" for name in bad_answers(self._figures)]


def bad_answers(figures: Figures) -> list[str]:
    """Give the answers that no stack may give: a 500 ever, a 5xx while nothing was done to it.

    Two are not the stack's fault: a price that is too old to trade on, and DynamoDB Local being slower, on a busy
    machine, than the time that a request has. Contention is never an excuse: the services log why they answered so.
    """
    bad = [name for name in figures.statuses if name.startswith("500")]
    may_be_slow = figures.setup.store != "sqlite"
    if not may_be_slow or any(_CONTENDED in reason for reason in figures.calm_reasons):
        bad += [name for name in figures.calm if name.startswith("5") and name != "503 PRICE_STALE"]
    return list(dict.fromkeys(bad))


def unavailable_reasons(logs: Path) -> list[str]:
    """Give why services said that something is away, from all their logs so far."""
    lines = (line for log in sorted(logs.glob("*.log")) for line in log.read_text(errors="replace").splitlines())
    answers = [json.loads(line) for line in lines if '"SVC_001"' in line and '"request_failed"' in line]
    return [str(answer["reason"]) for answer in answers]
