"""What the DynamoDB adapter does with each answer of the service; the answers are scripted, nothing is sent."""

import asyncio
import json

import aiohttp
import pytest
from aiodynamo.client import Client
from aiodynamo.credentials import Credentials, StaticCredentials
from aiodynamo.credentials import Key as AwsKey
from aiodynamo.http.types import RequestFailed, Response

from cnop_platform.store import (
    Absent,
    Check,
    ConditionFailed,
    InvalidWrite,
    Key,
    Put,
    StoreUnavailable,
    Version,
    dynamodb,
    dynamodb_client,
)
from cnop_platform.store.dynamodb import DynamoStore
from cnop_platform.store.dynamodb_client import OneAttempt, Requests

A, B = Key("P", "A"), Key("P", "B")
OK = Response(200, b"{}")


class Script:
    """Answers requests in turn, the last answer for ever, and remembers what was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []

    async def __call__(self, request):
        self.requests.append(json.loads(request.body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def refusal(code, **details):
    return Response(400, json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", **details}).encode())


def cancelled(*codes):
    reasons = [{"Code": code} if code == "None" else {"Code": code, "Message": "why"} for code in codes]
    return refusal("TransactionCanceledException", Message="cancelled", CancellationReasons=reasons)


def store_of(script, credentials=None):
    client = Client(
        http=script,
        credentials=credentials or StaticCredentials(AwsKey("id", "secret")),
        region="local",
        throttle_config=OneAttempt(),
    )
    return DynamoStore(Requests(client, NoSession()), "table")


class NoSession:
    async def close(self):
        pass


@pytest.fixture(autouse=True)
def no_long_waits(monkeypatch):
    monkeypatch.setattr(dynamodb_client, "RETRY_SECONDS", 0.2)
    monkeypatch.setattr(dynamodb, "RETRY_SECONDS", 0.2)


TRANSIENT = {
    "throttled": refusal("ThrottlingException"),
    "provisioned": refusal("ProvisionedThroughputExceededException"),
    "account limit": refusal("RequestLimitExceeded"),
    "in progress": refusal("TransactionInProgressException"),
    "internal": Response(500, b"oops"),
    "unavailable": Response(503, b""),
    "bad gateway": Response(502, b"<html>"),
    "no connection": RequestFailed(aiohttp.ClientConnectionError("refused")),
    "timeout": TimeoutError(),
}


@pytest.mark.parametrize("answer", TRANSIENT.values(), ids=TRANSIENT)
async def test_what_may_pass_is_tried_again(answer):
    script = Script(answer, answer, OK)
    assert await store_of(script).get(A) is None
    assert len(script.requests) == 3


@pytest.mark.parametrize("answer", TRANSIENT.values(), ids=TRANSIENT)
async def test_what_does_not_pass_is_unavailable_after_a_bounded_time(answer):
    script = Script(answer)
    store = store_of(script)
    async with asyncio.timeout(2):
        for call in (store.get(A), store.query("P"), store.transact([Put(A, {})])):
            with pytest.raises(StoreUnavailable):
                await call
    assert len(script.requests) >= 6


@pytest.mark.parametrize(
    "answer", [*TRANSIENT.values(), cancelled("TransactionConflict"), cancelled("ThrottlingError")]
)
async def test_a_transaction_is_repeated_as_it_was_with_its_token(answer):
    script = Script(answer, answer, OK)
    await store_of(script).transact([Put(A, {"n": 1})])
    assert script.requests[0] == script.requests[1] == script.requests[2]
    assert len(script.requests[0]["ClientRequestToken"]) == 36


async def test_each_transaction_has_a_token_of_its_own():
    script = Script(OK)
    store = store_of(script)
    for _ in range(3):
        await store.transact([Put(A, {"n": 1})])
    assert len({request["ClientRequestToken"] for request in script.requests}) == 3


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ResourceNotFoundException", "UnrecognizedClientException", "SomethingNew"]
)
async def test_what_trying_again_cannot_mend_is_unavailable_at_once(code):
    script = Script(refusal(code, message="why"))
    with pytest.raises(StoreUnavailable, match="DynamoDB"):
        await store_of(script).transact([Put(A, {})])
    assert len(script.requests) == 1


async def test_failed_conditions_name_their_writes():
    script = Script(cancelled("None", "ConditionalCheckFailed", "ConditionalCheckFailed"))
    writes = [Put(Key("P", "0"), {}), Put(A, {}, Absent()), Check(B, Version(1))]
    with pytest.raises(ConditionFailed) as caught:
        await store_of(script).transact(writes)
    assert caught.value.failed == ((1, A), (2, B))
    assert len(script.requests) == 1


async def test_a_reason_without_message_is_understood():
    reasons = [{"Code": "None"}, {"Code": "ConditionalCheckFailed"}]
    script = Script(refusal("TransactionCanceledException", CancellationReasons=reasons))
    with pytest.raises(ConditionFailed) as caught:
        await store_of(script).transact([Put(A, {}), Put(B, {}, Absent())])
    assert caught.value.failed == ((1, B),)


async def test_a_failed_condition_beside_a_conflict_is_final():
    script = Script(cancelled("TransactionConflict", "ConditionalCheckFailed"))
    with pytest.raises(ConditionFailed) as caught:
        await store_of(script).transact([Put(A, {}), Put(B, {}, Absent())])
    assert caught.value.failed == ((1, B),)
    assert len(script.requests) == 1


async def test_a_lasting_conflict_over_conditions_is_a_conflict():
    script = Script(cancelled("None", "TransactionConflict"))
    with pytest.raises(ConditionFailed) as caught:
        await store_of(script).transact([Put(A, {}), Put(B, {}, Version(3))])
    assert caught.value.failed == ((1, B),)
    assert len(script.requests) > 3


UNANSWERED = ["internal", "unavailable", "no connection", "timeout"]


@pytest.mark.parametrize("first", UNANSWERED)
async def test_a_lasting_conflict_after_a_try_without_an_answer_leaves_the_outcome_unknown(first):
    script = Script(TRANSIENT[first], cancelled("None", "TransactionConflict"))
    with pytest.raises(StoreUnavailable):
        await store_of(script).transact([Put(A, {}), Put(B, {}, Version(3))])
    assert len(script.requests) > 3


@pytest.mark.parametrize("first", UNANSWERED)
async def test_a_failed_condition_is_final_after_a_try_without_an_answer(first):
    """The token makes DynamoDB answer with success if the first try was applied, so it was not."""
    script = Script(TRANSIENT[first], cancelled("None", "ConditionalCheckFailed"))
    with pytest.raises(ConditionFailed):
        await store_of(script).transact([Put(A, {}), Put(B, {}, Version(3))])


async def test_a_lasting_conflict_over_a_plain_put_is_unavailable():
    with pytest.raises(StoreUnavailable):
        await store_of(Script(cancelled("TransactionConflict"))).transact([Put(A, {})])


async def test_a_transaction_that_dynamodb_finds_malformed_is_our_mistake():
    with pytest.raises(InvalidWrite):
        await store_of(Script(cancelled("ValidationError"))).transact([Put(A, {})])


async def test_an_expired_token_is_replaced():
    class Renewable(Credentials):
        renewals = 0

        async def get_key(self, http):
            return AwsKey("id", "secret", f"token-{self.renewals}")

        def invalidate(self):
            self.renewals += 1
            return True

        def is_disabled(self):
            return False

    credentials = Renewable()
    script = Script(refusal("ExpiredTokenException"), OK)
    assert await store_of(script, credentials).get(A) is None
    assert credentials.renewals == 1


async def test_missing_credentials_are_said_plainly():
    with pytest.raises(StoreUnavailable, match="no AWS credentials"):
        await store_of(Script(OK), StaticCredentials(None)).get(A)


def stored(key):
    return {
        "pk": {"S": key.pk},
        "sk": {"S": key.sk},
        "version": {"N": "1"},
        "body": {"M": {}},
    }


def batch(items, unprocessed):
    keys = [{"pk": {"S": key.pk}, "sk": {"S": key.sk}} for key in unprocessed]
    left = {"table": {"Keys": keys}} if keys else {}
    body = {"Responses": {"table": [stored(key) for key in items]}, "UnprocessedKeys": left}
    return Response(200, json.dumps(body).encode())


async def test_unprocessed_keys_are_asked_for_again():
    script = Script(batch([A], [B]), batch([], [B]), batch([B], []))
    assert set(await store_of(script).get_many([A, B, A])) == {A, B}
    asked = [request["RequestItems"]["table"]["Keys"] for request in script.requests]
    assert [len(keys) for keys in asked] == [2, 1, 1]
    assert all(request["RequestItems"]["table"]["ConsistentRead"] for request in script.requests)


async def test_keys_that_stay_unprocessed_are_unavailable():
    with pytest.raises(StoreUnavailable, match="1 of 2"):
        await store_of(Script(batch([A], [B]), batch([], [B]))).get_many([A, B])


async def test_a_page_is_put_together_from_short_responses():
    def response(names, last):
        body = {"Items": [stored(Key("P", name)) for name in names]}
        if last:
            body["LastEvaluatedKey"] = {"pk": {"S": "P"}, "sk": {"S": last}}
        return Response(200, json.dumps(body).encode())

    script = Script(response("AB", "B"), response("", "C"), response("D", ""))
    page = await store_of(script).query("P", limit=9)
    assert [item.key.sk for item in page.items] == ["A", "B", "D"]
    assert page.cursor is None
    assert [request["Limit"] for request in script.requests] == [10, 8, 8]
    starts = [request.get("ExclusiveStartKey", {}).get("sk") for request in script.requests]
    assert starts == [None, {"S": "B"}, {"S": "C"}]


async def test_reads_that_decisions_rest_on_are_strongly_consistent():
    script = Script(Response(200, b'{"Items": []}'))
    store = store_of(script)
    await store.get(A)
    await store.query("P")
    await store.query_index("P")
    assert [request.get("ConsistentRead") for request in script.requests] == [True, True, None]
