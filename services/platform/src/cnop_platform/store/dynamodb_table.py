"""The DynamoDB table itself: what it has to look like, and the steps that bring it there."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from aiodynamo.errors import TableNotFound

from cnop_platform.store.dynamodb_client import REQUEST_ERRORS, Requests, connect
from cnop_platform.store.dynamodb_items import INDEX, TTL_ATTRIBUTE
from cnop_platform.store.port import StoreUnavailable

_TYPES: Final = {"pk": "S", "sk": "S", "gsi1pk": "S", "gsi1sk": "S"}
_TABLE_KEYS: Final = ("pk", "sk")
_INDEX_KEYS: Final = ("gsi1pk", "gsi1sk")
_ATTEMPT_SECONDS: Final = 30.0
"""Changing a table takes its time, and no customer waits for it."""
_FIRST_POLL_SECONDS: Final = 0.05
_LONGEST_POLL_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Step:
    """One request that changes the table, and in words what it does."""

    text: str
    action: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TableState:
    """The answers to DescribeTable (None when it is missing) and DescribeTimeToLive."""

    table: Mapping[str, Any] | None
    time_to_live: Mapping[str, Any]

    @property
    def is_ready(self) -> bool:
        """Whether the table and its indexes can be used."""
        if self.table is None or self.table["TableStatus"] != "ACTIVE":
            return False
        return all(index["IndexStatus"] == "ACTIVE" for index in self.table.get("GlobalSecondaryIndexes", ()))


def plan(state: TableState, name: str) -> tuple[Step, ...]:
    """Return what brings the table to its schema, in order. A table of another shape raises `StoreUnavailable`."""
    steps: list[Step] = []
    if state.table is None:
        steps.append(_creation(name))
    else:
        _require_keys(state.table, _TABLE_KEYS, f"the table {name}")
        steps += _index_steps(state.table, name)
    return (*steps, *_time_to_live_steps(state.time_to_live, name))


class Table:
    """Operators' view of one table, an async context manager. All methods may raise `StoreUnavailable`."""

    def __init__(self, *, region: str, name: str, endpoint: str | None = None) -> None:
        self._name = name
        self._requests: Requests = connect(region=region, endpoint=endpoint, attempt_seconds=_ATTEMPT_SECONDS)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._requests.close()

    async def state(self) -> TableState:
        """Ask DynamoDB for the state of the table."""
        try:
            described = await self._requests.send("DescribeTable", {"TableName": self._name})
            living = await self._requests.send("DescribeTimeToLive", {"TableName": self._name})
        except TableNotFound:
            return TableState(None, {})
        except REQUEST_ERRORS as error:
            raise StoreUnavailable(f"the table {self._name} cannot be described: {error}") from error
        return TableState(described["Table"], living["TimeToLiveDescription"])

    async def migrate(self, *, wait_seconds: float) -> Sequence[str]:
        """Bring the table to its schema, creating it if it is missing; return what was done, in words.

        Waits up to `wait_seconds` for each step, then raises `StoreUnavailable`; calling it again goes on.
        """
        done: list[str] = []
        for step in plan(await self.state(), self._name):
            await self._take(step)
            await self._wait_until_ready(wait_seconds)
            done.append(step.text)
        return done

    async def _take(self, step: Step) -> None:
        try:
            await self._requests.send(step.action, step.payload)
        except REQUEST_ERRORS as error:
            # Another migration may have been first, or our own request may have lost its answer.
            if step in plan(await self.state(), self._name):
                raise StoreUnavailable(f"DynamoDB refused to {step.text}: {error}") from error

    async def _wait_until_ready(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        pause = _FIRST_POLL_SECONDS
        while not (await self.state()).is_ready:
            if time.monotonic() > deadline:
                raise StoreUnavailable(f"the table {self._name} was not ready after {seconds:.0f} s; try again later")
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_POLL_SECONDS)


def _creation(name: str) -> Step:
    payload = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": _definitions(_TABLE_KEYS + _INDEX_KEYS),
        "KeySchema": _key_schema(_TABLE_KEYS),
        "GlobalSecondaryIndexes": [_index()],
    }
    return Step(f"create the table {name}, billed on demand, with the index {INDEX}", "CreateTable", payload)


def _index_steps(table: Mapping[str, Any], name: str) -> list[Step]:
    indexes = {index["IndexName"]: index for index in table.get("GlobalSecondaryIndexes", ())}
    if INDEX in indexes:
        _require_keys({**table, **indexes[INDEX]}, _INDEX_KEYS, f"the index {INDEX}")
        if indexes[INDEX]["Projection"]["ProjectionType"] != "ALL":
            raise StoreUnavailable(f"the index {INDEX} must hold all attributes; delete it and migrate again")
        return []
    payload = {
        "TableName": name,
        "AttributeDefinitions": _definitions(_INDEX_KEYS),
        "GlobalSecondaryIndexUpdates": [{"Create": _index()}],
    }
    return [Step(f"add the index {INDEX}", "UpdateTable", payload)]


def _time_to_live_steps(living: Mapping[str, Any], name: str) -> list[Step]:
    if living.get("TimeToLiveStatus", "DISABLED") in ("ENABLED", "ENABLING"):
        if living["AttributeName"] != TTL_ATTRIBUTE:
            raise StoreUnavailable(
                f"items of the table {name} expire by {living['AttributeName']} instead of {TTL_ATTRIBUTE}; "
                "disable its time to live and migrate again"
            )
        return []
    specification = {"AttributeName": TTL_ATTRIBUTE, "Enabled": True}
    payload = {"TableName": name, "TimeToLiveSpecification": specification}
    return [Step(f"let items expire by {TTL_ATTRIBUTE}", "UpdateTimeToLive", payload)]


def _require_keys(described: Mapping[str, Any], names: Sequence[str], what: str) -> None:
    keys = [(key["AttributeName"], key["KeyType"]) for key in described["KeySchema"]]
    types = {entry["AttributeName"]: entry["AttributeType"] for entry in described["AttributeDefinitions"]}
    if keys != list(zip(names, ("HASH", "RANGE"), strict=True)) or any(types[name] != _TYPES[name] for name in names):
        raise StoreUnavailable(f"{what} must have the text keys {names[0]} and {names[1]}; name another table")


def _definitions(names: Sequence[str]) -> list[Mapping[str, str]]:
    return [{"AttributeName": name, "AttributeType": _TYPES[name]} for name in names]


def _key_schema(names: Sequence[str]) -> list[Mapping[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=True)]


def _index() -> Mapping[str, Any]:
    return {"IndexName": INDEX, "KeySchema": _key_schema(_INDEX_KEYS), "Projection": {"ProjectionType": "ALL"}}
