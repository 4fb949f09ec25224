import json

import pytest
from service_under_test import GATEWAY_SECRET

MEMBERS = {"type", "title", "status", "detail", "code", "message", "error", "timestamp", "request_id"}


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("missing", 404, "NOT_FOUND"),
        ("conflict", 409, "CONFLICT"),
        ("slow", 429, "RATE_001"),
        ("away", 503, "SVC_001"),
        ("crash", 500, "INTERNAL_ERROR"),
    ],
)
async def test_every_failure_is_a_problem_document(client, kind, status, code):
    answer = await client.get(f"/failures/{kind}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem.keys() == MEMBERS
    assert (problem["code"], problem["status"]) == (code, status)
    assert problem["request_id"] == answer.headers["x-request-id"]


async def test_a_crash_tells_nothing_of_its_cause(client):
    assert "secret detail" not in (await client.get("/failures/crash")).text


async def test_a_limit_says_when_to_come_back(client):
    assert (await client.get("/failures/slow")).headers["retry-after"] == "7"


async def test_unknown_paths_and_methods_are_problems_too(client):
    assert (await client.get("/nowhere")).json()["code"] == "NOT_FOUND"
    wrong = await client.put("/payments")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")


async def test_invalid_input_names_each_field_but_never_its_value(service, client):
    body = {"amount": "hunter2-secret", "extra": "hunter3-secret"}
    answer = await client.post("/payments", json=body, headers=service.bearer())
    assert answer.status_code == 422
    assert {each["field"] for each in answer.json()["errors"]} == {"amount", "extra"}
    assert "hunter" not in answer.text


@pytest.mark.parametrize("text", ['{"amount":1,"amount":2}', '{"amount":NaN}', "{", "[]", '"x"', "\x00"])
async def test_broken_json_is_422(service, client, text):
    headers = {**service.bearer(), "content-type": "application/json"}
    answer = await client.post("/payments", content=text, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")


async def test_a_json_number_means_exactly_what_it_says(service, client):
    headers = {**service.bearer(), "content-type": "application/json"}
    answer = await client.post("/payments", content='{"amount": 0.1}', headers=headers)
    assert answer.json() == {"amount": "0.1"}


async def test_a_body_over_the_endpoints_limit_is_413_also_without_a_length(service, client):
    async def chunks():
        for _ in range(50):
            yield b'{"amount":1}'

    headers = {**service.bearer(), "content-type": "application/json"}
    for content in (json.dumps({"amount": "1" * 120}), chunks()):
        answer = await client.post("/payments", content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")


async def test_a_trailing_slash_is_the_same_path(client):
    assert (await client.get("/greetings/ann/")).json()["text"] == "hello ann"


async def test_forwarding_headers_count_only_with_the_gateways_secret(client):
    claimed = {"x-forwarded-for": "198.51.100.7", "x-request-id": "11111111-2222-3333-4444-555555555555"}
    direct = (await client.get("/greetings/ann", headers=claimed)).json()
    wrong = (await client.get("/greetings/ann", headers={**claimed, "x-cnop-gateway": "guess"})).json()
    trusted = (await client.get("/greetings/ann", headers={**claimed, "x-cnop-gateway": GATEWAY_SECRET})).json()
    assert direct["address"] == wrong["address"] == "203.0.113.9"
    assert direct["request_id"] != claimed["x-request-id"] != wrong["request_id"]
    assert (trusted["address"], trusted["request_id"]) == ("198.51.100.7", claimed["x-request-id"])


async def test_health_tells_apart_degraded_and_unhealthy(service, client):
    healthy = await client.get("/health")
    assert (healthy.status_code, healthy.json()["status"]) == (200, "healthy")
    assert healthy.headers["cache-control"] == "no-store"
    service.healthy["valkey"] = False
    degraded = await client.get("/health/ready")
    assert (degraded.status_code, degraded.json()["status"]) == (200, "degraded")
    service.healthy["store"] = False
    unhealthy = await client.get("/health")
    assert (unhealthy.status_code, unhealthy.json()["status"]) == (503, "unhealthy")
    assert unhealthy.json()["checks"] == {"store": "failed", "valkey": "failed"}
    assert (await client.get("/health/live")).status_code == 200


async def test_metrics_count_requests_by_route_not_by_path(client):
    await client.get("/greetings/somebody-in-particular")
    text = (await client.get("/metrics")).text
    assert 'route="/greetings/{name}"' in text
    assert "somebody-in-particular" not in text


async def test_the_root_names_the_service(client):
    assert (await client.get("/")).json() == {"service": "sample", "version": "1.2.3"}


@pytest.mark.parametrize("text", ["0.3", "3", "true", '"text"', "[]"])
async def test_a_body_that_is_no_object_is_no_model_either_if_all_its_fields_are_optional(service, client, text):
    headers = {"content-type": "application/json"}
    assert (await client.post("/notes", content=text, headers=headers)).status_code == 422
    assert (await client.post("/notes", content="{}", headers=headers)).status_code == 200
