import secrets
import threading
import time
from decimal import Decimal

import httpx
import pytest
from platform_client import Person
from stack_control import STATE, components, kill, wait_until_recovered

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not STATE, reason="CNOP_STATE does not name the state folder of a local stack"),
]
TRY_AGAIN = {429, 502, 503, 504}


def send_until_acknowledged(person, path, body):
    """Repeat a request under one idempotency key until it is answered, as a careful client does."""
    key, deadline = {"Idempotency-Key": secrets.token_hex(12)}, time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            answer = person.post(path, body, headers=key)
        except httpx.TransportError:
            time.sleep(0.1)
            continue
        if answer.status_code not in TRY_AGAIN:
            return answer
        time.sleep(0.1)
    raise AssertionError("never acknowledged")


@pytest.mark.parametrize("victim", ["user_service", "valkey", "gateway"])
def test_a_burst_of_deposits_survives_a_kill_exactly_once(http, victim):
    person = Person.register(http)
    outcomes = []

    def deposit_many():
        deposits = (send_until_acknowledged(person, "/balance/deposit", {"amount": "1.00"}) for _ in range(15))
        outcomes.extend(answer.status_code for answer in deposits)

    threads = [threading.Thread(target=deposit_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.15)
    pid = kill(victim)
    for thread in threads:
        thread.join(timeout=110)
    wait_until_recovered(victim, pid)
    assert outcomes == [201] * 60
    assert person.cash() == Decimal("60.00")
    assert person.get("/balance/transactions")["total_count"] == 60


@pytest.mark.parametrize("victim", ["order_service", "price_feed", "order_engine", "inventory_service", "web"])
def test_a_killed_process_comes_back_by_itself(http, victim):
    person = Person.register(http)
    person.deposit("100.00")
    pid = kill(victim)
    wait_until_recovered(victim, pid)
    answer = send_until_acknowledged(
        person, "/orders", {"order_type": "market_buy", "asset_id": "ETH", "quantity": "0.01"}
    )
    assert answer.status_code == 201, answer.text
    assert components()[victim]["restarts"] >= 1


def test_without_valkey_nothing_answers_500_and_all_recovers(http):
    person = Person.register(http)
    person.deposit("5000.00")
    pid = kill("valkey")
    deadline, seen = time.monotonic() + 6, set()
    while time.monotonic() < deadline:
        seen.add(person.call("GET", "/balance").status_code)
        seen.add(person.buy("ETH", "0.001").status_code)
        seen.add(http.get("/inventory/assets/BTC").status_code)
        time.sleep(0.1)
    assert seen <= {200, 201, 429, 503}
    wait_until_recovered("valkey", pid)
    assert person.get("/portfolio")["asset_count"] == 1


def test_logging_out_counts_even_while_valkey_is_away(http):
    person = Person.register(http)
    pid = kill("valkey")
    assert person.post("/auth/logout", {}).status_code == 200
    for path in ("/auth/profile", "/portfolio"):
        assert person.call("GET", path).status_code == 401
    wait_until_recovered("valkey", pid)
    assert person.call("GET", "/portfolio").status_code == 401
