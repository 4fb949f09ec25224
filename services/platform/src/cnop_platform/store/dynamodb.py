"""The distributed store: one DynamoDB table with the index `gsi1`."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from aiodynamo.errors import NoCredentialsFound

from cnop_platform.store.dynamodb_client import (
    CONDITION_FAILED,
    CONFLICT,
    REQUEST_ERRORS,
    RETRY_SECONDS,
    Meter,
    Requests,
    cancellation_reasons,
    connect,
)
from cnop_platform.store.dynamodb_items import key_attributes, to_item, to_operation, to_query
from cnop_platform.store.limits import check_writes, is_storable
from cnop_platform.store.paging import Span, check_keys, index_span, table_span
from cnop_platform.store.port import (
    Anything,
    ConditionFailed,
    InvalidWrite,
    Item,
    Key,
    Page,
    StoreUnavailable,
    Write,
)

_PAUSE_FOR_UNPROCESSED_SECONDS: Final = 0.02
_NOWHERE: Final = Key("PING", "PING")


class DynamoStore:
    """`Store` on a DynamoDB table. Make one with `open`, inside the event loop that uses it."""

    def __init__(self, requests: Requests, table: str) -> None:
        self._requests = requests
        self._table = table
        self._running = 0
        self._idle = asyncio.Event()
        self._closed = False

    @classmethod
    async def open(
        cls, *, region: str, table: str, endpoint: str | None = None, meter: Meter | None = None
    ) -> "DynamoStore":
        """Prepare to use `table`; nothing is sent yet. `meter` counts the capacity units of all requests."""
        return cls(connect(region=region, endpoint=endpoint, meter=meter), table)

    async def get(self, key: Key) -> Item | None:
        """See `Store.get`."""
        if not is_storable(key):
            return None
        payload = {"TableName": self._table, "Key": key_attributes(key), "ConsistentRead": True}
        found = (await self._send("GetItem", payload)).get("Item")
        return None if found is None else to_item(found)

    async def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        """See `Store.get_many`."""
        check_keys(keys)
        found: dict[Key, Item] = {}
        left = [key_attributes(key) for key in dict.fromkeys(keys) if is_storable(key)]
        deadline = time.monotonic() + RETRY_SECONDS
        while left:
            payload = {"RequestItems": {self._table: {"Keys": left, "ConsistentRead": True}}}
            response = await self._send("BatchGetItem", payload)
            items = [to_item(attributes) for attributes in response["Responses"].get(self._table, ())]
            found |= {item.key: item for item in items}
            left = response.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            # Without progress the table is throttled; with progress the answer was merely too large for one response.
            if left and not items:
                if time.monotonic() > deadline:
                    raise StoreUnavailable(f"DynamoDB left {len(left)} of {len(keys)} keys unread; try again later")
                await asyncio.sleep(_PAUSE_FOR_UNPROCESSED_SECONDS)
        return found

    async def query(
        self,
        pk: str,
        *,
        prefix: str = "",
        start: str | None = None,
        end: str | None = None,
        forward: bool = True,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        """See `Store.query`."""
        span = table_span(pk, prefix=prefix, start=start, end=end, forward=forward, limit=limit)
        return await self._page(span, cursor)

    async def query_index(
        self,
        pk: str,
        *,
        start: str | None = None,
        end: str | None = None,
        forward: bool = True,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        """See `Store.query_index`."""
        return await self._page(index_span(pk, start=start, end=end, forward=forward, limit=limit), cursor)

    async def transact(self, writes: Sequence[Write]) -> None:
        """See `Store.transact`."""
        check_writes(writes)
        payload = {
            "TransactItems": [to_operation(write, self._table) for write in writes],
            # The same for every try of this call, so that it counts once whatever became of the earlier ones.
            "ClientRequestToken": str(uuid.uuid4()),
        }
        with self._call():
            try:
                await self._requests.send("TransactWriteItems", payload)
            except REQUEST_ERRORS as error:
                raise _refusal(error, writes) from error

    async def scan(self, *, prefix: str = "") -> AsyncIterator[Item]:
        """See `Store.scan`."""
        payload: dict[str, Any] = {"TableName": self._table, "ConsistentRead": True}
        if prefix:
            payload["FilterExpression"] = "begins_with(pk, :prefix)"
            payload["ExpressionAttributeValues"] = {":prefix": {"S": prefix}}
        while True:
            response = await self._send("Scan", payload)
            for attributes in response["Items"]:
                yield to_item(attributes)
            if "LastEvaluatedKey" not in response:
                return
            payload["ExclusiveStartKey"] = response["LastEvaluatedKey"]

    async def ping(self) -> None:
        """See `Store.ping`."""
        await self.get(_NOWHERE)

    async def close(self) -> None:
        """See `Store.close`. Closing twice is fine."""
        self._closed = True
        while self._running:
            self._idle.clear()
            await self._idle.wait()
        await self._requests.close()

    async def _page(self, span: Span, cursor: str | None) -> Page:
        after = span.after(cursor) if cursor is not None else None
        if span.is_empty or not is_storable(Key(span.pk, "-")):
            return Page((), None)
        payload = to_query(span, table=self._table, after=after)
        items: list[Item] = []
        # One more than asked for tells whether there is a next page. A response ends at a megabyte, hence the loop.
        while len(items) <= span.limit:
            response = await self._send("Query", payload | {"Limit": span.limit + 1 - len(items)})
            items += [to_item(attributes) for attributes in response["Items"]]
            if "LastEvaluatedKey" not in response:
                return Page(tuple(items), None)
            payload["ExclusiveStartKey"] = response["LastEvaluatedKey"]
        kept = tuple(items[: span.limit])
        return Page(kept, span.cursor_after(kept[-1]))

    async def _send(self, action: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        with self._call():
            try:
                return await self._requests.send(action, payload)
            except REQUEST_ERRORS as error:
                raise _unavailable(error) from error

    @contextmanager
    def _call(self) -> Iterator[None]:
        """Count a request, so that `close` can wait for it."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            self._idle.set()


def _refusal(error: BaseException, writes: Sequence[Write]) -> Exception:
    """Say what a refused transaction means to its caller."""
    reasons = cancellation_reasons(error)
    if reasons is None:
        return _unavailable(error)
    failed = _with_reason(CONDITION_FAILED, reasons, writes)
    if failed:
        return ConditionFailed(failed)
    if "ValidationError" in reasons:
        return InvalidWrite(f"DynamoDB refused the transaction: {error}")
    # Others kept writing these items all the while: their conditions no longer hold, or will not for long.
    contended = _with_reason(CONFLICT, reasons, writes)
    if contended and all(not isinstance(writes[index].condition, Anything) for index, _ in contended):
        return ConditionFailed(contended)
    return _unavailable(error)


def _with_reason(code: str, reasons: Sequence[str], writes: Sequence[Write]) -> list[tuple[int, Key]]:
    return [
        (index, write.key) for index, (reason, write) in enumerate(zip(reasons, writes, strict=True)) if reason == code
    ]


def _unavailable(error: BaseException) -> StoreUnavailable:
    if isinstance(error, NoCredentialsFound):
        return StoreUnavailable(
            "no AWS credentials: set them in the environment or a profile, or give this machine a role"
        )
    return StoreUnavailable(f"DynamoDB did not do as asked: {type(error).__name__} {str(error)[:300]}".rstrip())
