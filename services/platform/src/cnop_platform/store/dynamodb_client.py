"""Requests to DynamoDB: signed by aiodynamo, tried again where DynamoDB says so, for two seconds at most."""

import asyncio
import io
import json
import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

import aiohttp
from aiodynamo import errors
from aiodynamo.client import Client
from aiodynamo.credentials import Credentials, Key, StaticCredentials
from aiodynamo.http.types import Request, RequestFailed, Response
from aiodynamo.models import RetryConfig
from yarl import URL

from cnop_platform.store.dynamodb_credentials import BotocoreCredentials

RETRY_SECONDS: Final = 2.0
ATTEMPT_SECONDS: Final = 1.5
"""Less than the time for all tries, so that a request whose answer got lost has another one."""
_CONNECT_SECONDS: Final = 1.0
_CONNECTIONS: Final = 100
_FIRST_PAUSE_SECONDS: Final = 0.01
_LONGEST_PAUSE_SECONDS: Final = 0.2

CONDITION_FAILED: Final = "ConditionalCheckFailed"
CONFLICT: Final = "TransactionConflict"
_TRANSIENT_REASONS: Final = frozenset(
    {"None", CONFLICT, "ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"}
)
_TRANSIENT_ERRORS: Final = (
    errors.Throttled,
    errors.ProvisionedThroughputExceeded,
    errors.RequestLimitExceeded,
    errors.TransactionInProgress,
    errors.ExpiredToken,
)
_UNKNOWN_OUTCOME: Final = (
    errors.InternalDynamoError,
    errors.ServiceUnavailable,
    aiohttp.ClientError,
    TimeoutError,
    OSError,
)
REQUEST_ERRORS: Final = (errors.AIODynamoError, aiohttp.ClientError, TimeoutError, OSError)
"""What a request may raise."""


class Meter(Protocol):
    """Counts what requests consume."""

    def record(self, action: str, consumed: Sequence[Mapping[str, Any]]) -> None:
        """Add up the `ConsumedCapacity` of the response to `action`."""
        ...


@dataclass(frozen=True)
class OneAttempt(RetryConfig):
    """Keeps aiodynamo from trying again by itself: it knows fewer of DynamoDB's reasons than we do."""

    time_limit_secs: float = -1.0

    def delays(self) -> Iterable[float]:
        """Give one delay that is never slept."""
        return (0.0,)


@dataclass(frozen=True)
class Http:
    """Sends aiodynamo's requests."""

    session: aiohttp.ClientSession

    async def __call__(self, request: Request) -> Response:
        """Return the response, whatever its status. Raises `RequestFailed`, `TimeoutError`."""
        try:
            # As a stream, since aiohttp warns of a large body in one piece.
            body = None if request.body is None else io.BytesIO(request.body)
            async with self.session.request(
                request.method, request.url, headers=request.headers, data=body
            ) as response:
                return Response(response.status, await response.read())
        except aiohttp.ClientError as error:
            raise RequestFailed(error) from error


class Requests:
    """A pool of connections to one DynamoDB endpoint."""

    def __init__(self, client: Client, session: aiohttp.ClientSession, *, meter: Meter | None = None) -> None:
        self._client = client
        self._session = session
        self._meter = meter

    async def send(self, action: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Return the response to a request, tried again as it stands while that may help.

        Raises one of `REQUEST_ERRORS`. Trying a transaction again is safe because its token makes it count once. A try
        without an answer may still be on its way when a later one is refused for a moment: then nobody knows the
        outcome, and its error is the one that is raised.
        """
        if self._meter is not None:
            payload = {**payload, "ReturnConsumedCapacity": "INDEXES"}
        deadline = time.monotonic() + RETRY_SECONDS
        unknown: BaseException | None = None
        for pause in _pauses():
            try:
                response = await self._client.send_request(action=action, payload=payload)
            except REQUEST_ERRORS as error:
                if not is_transient(error):
                    raise
                unknown = error if is_outcome_unknown(error) else unknown
                if time.monotonic() + pause > deadline:
                    raise (unknown or error) from error
            else:
                self._record(action, response)
                return response
            await asyncio.sleep(pause)
        raise AssertionError("the pauses never end")

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    def _record(self, action: str, response: Mapping[str, Any]) -> None:
        consumed = response.get("ConsumedCapacity")
        if self._meter is not None and consumed is not None:
            self._meter.record(action, consumed if isinstance(consumed, list) else [consumed])


def connect(
    *,
    region: str,
    endpoint: str | None,
    meter: Meter | None = None,
    attempt_seconds: float | None = None,
) -> Requests:
    """Prepare requests to a region, or to `endpoint` instead of AWS. Call it inside an event loop."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
        timeout=aiohttp.ClientTimeout(total=attempt_seconds or ATTEMPT_SECONDS, sock_connect=_CONNECT_SECONDS),
    )
    client = Client(
        http=Http(session),
        credentials=_credentials(endpoint),
        region=region,
        endpoint=URL(endpoint) if endpoint else None,
        throttle_config=OneAttempt(),
    )
    return Requests(client, session, meter=meter)


def is_transient(error: BaseException) -> bool:
    """Tell whether the same request may succeed a moment later."""
    reasons = cancellation_reasons(error)
    if reasons is not None:
        return _TRANSIENT_REASONS.issuperset(reasons)
    return isinstance(error, _TRANSIENT_ERRORS) or is_outcome_unknown(error)


def is_outcome_unknown(error: BaseException) -> bool:
    """Tell whether the request may have taken effect although it failed."""
    if isinstance(error, errors.UnknownError):
        return error.status >= 500
    return isinstance(error, _UNKNOWN_OUTCOME)


def cancellation_reasons(error: BaseException) -> list[str] | None:
    """Return why each write of a cancelled transaction was refused ("None": it was not); None for any other error."""
    if isinstance(error, errors.TransactionCanceled):
        body = error.body
    elif isinstance(error, errors.UnknownError) and b"TransactionCanceledException" in error.body:
        # aiodynamo cannot read a reason without a message.
        body = json.loads(error.body)
    else:
        return None
    return [cast(str, reason.get("Code", "None")) for reason in body["CancellationReasons"]]


def _credentials(endpoint: str | None) -> Credentials:
    # An unencrypted endpoint is DynamoDB Local, which takes any key; a real one must not go there.
    if endpoint is not None and endpoint.startswith("http://"):
        return StaticCredentials(Key(id="local", secret="local"))  # noqa: S106 - it opens nothing
    return BotocoreCredentials()


def _pauses() -> Iterator[float]:
    """Give random pauses between tries, in seconds, whose bound doubles ("full jitter")."""
    bound = _FIRST_PAUSE_SECONDS
    while True:
        yield random.uniform(0, bound)  # noqa: S311 - spreads the tries, guards nothing
        bound = min(2 * bound, _LONGEST_PAUSE_SECONDS)
