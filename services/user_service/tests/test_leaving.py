import asyncio

import pytest
from test_passkeys import enrol as enrol_passkey
from test_passkeys import proven_by
from test_second_factor import enrol as enrol_app
from users_under_test import PASSWORD, ServiceUnderTest, bearer, log_in, make_settings, register, signed_in

from cnop_core.errors import Conflict
from cnop_core.ids import AssetId, OrderId, UserId
from cnop_ledger import Amount, Command, Decision, Ledger, Response, place_hold
from cnop_ledger.testing import ORIGIN, market_command
from cnop_platform.store import Delete, Put, StoreUnavailable, dynamodb_client
from cnop_platform.store.admin import migrate
from cnop_platform.store.open import dynamodb_place, open_store
from cnop_platform.system import SystemClock, entropy
from cnop_platform.testing.dynamodb_local import DynamoDbLocal, DynamoDbLocalMissing
from cnop_users.adapters.erasure_keeper import ErasureKeeper
from cnop_users.application import erasure, identities
from cnop_users.application.erasure_register import ErasureRegister

pytestmark = pytest.mark.security


async def erase(client, tokens):
    return await client.delete("/auth/account", headers=bearer(tokens))


async def id_of(client, tokens):
    return UserId((await client.get("/auth/profile", headers=bearer(tokens))).json()["user_id"])


def ledger_of(service):
    return Ledger(service.store, service.settings.chain_keys, clock=service.clock, entropy=entropy)


async def move(client, tokens, direction, amount):
    response = await client.post(f"/balance/{direction}", json={"amount": amount}, headers=bearer(tokens))
    assert response.status_code == 201, response.text


async def test_an_erased_person_is_gone_and_their_name_and_address_are_free(client, service, tokens):
    user_id = await id_of(client, tokens)
    await client.put("/auth/profile", json={"first_name": "Quintessa"}, headers=bearer(tokens))
    await move(client, tokens, "deposit", "10")
    await move(client, tokens, "withdraw", "10")
    other = (await log_in(client)).json()
    response = await erase(client, tokens)
    assert response.status_code == 200, response.text
    for each in (tokens, other):
        assert (await client.get("/auth/profile", headers=bearer(each))).status_code == 401
        refresh = await client.post("/auth/refresh", json={"refresh_token": each["refresh_token"]})
        assert refresh.status_code == 401
    assert (await log_in(client)).json()["code"] == "AUTH_001"
    items = [item async for item in service.store.scan(prefix=f"USER#{user_id}")]
    assert [item.key.sk for item in items] == ["USER"]
    assert "testuser" not in str(items[0].body)
    new = await signed_in(client)
    assert await id_of(client, new) != user_id
    entries = [item async for item in service.store.scan(prefix=f"WALLET#{user_id}")]
    assert len(entries) >= 3, "the ledger keeps its entries"
    records = [item.body["record"] async for item in service.store.scan(prefix="AUDIT#")]
    assert "account_erased" in [record["activity_name"] for record in records]


async def test_erasure_needs_a_recent_proof(client, service, tokens):
    service.clock.advance(seconds=301)
    response = await erase(client, tokens)
    assert (response.status_code, response.json()["code"]) == (403, "PERM_002")
    fresh = (await client.post("/auth/step-up", json={"password": PASSWORD}, headers=bearer(tokens))).json()
    assert (await erase(client, fresh)).status_code == 200
    assert (await client.delete("/auth/account")).status_code == 401


async def test_who_still_owns_something_stays(client, service, tokens):
    user_id = await id_of(client, tokens)
    await move(client, tokens, "deposit", "5000")
    assert (await erase(client, tokens)).status_code == 409
    await ledger_of(service).execute(market_command(user_id, OrderId("ord_0123456789"), quantity=1_000_000))
    balance = (await client.get("/balance", headers=bearer(tokens))).json()["current_balance"]
    await move(client, tokens, "withdraw", balance)
    response = await erase(client, tokens)
    assert (response.status_code, response.json()["code"]) == (409, "CONFLICT")
    assert (await log_in(client)).status_code == 200


async def test_who_has_an_open_order_stays(client, service, tokens):
    user_id = await id_of(client, tokens)
    await move(client, tokens, "deposit", "1")

    def rest(seen):
        hold = Amount(AssetId("USD"), 100)
        return Decision(
            Response(201, "{}"), place_hold(seen.wallet, hold=hold, order_id=OrderId("o"), stamp=seen.stamp)
        )

    await ledger_of(service).execute(Command(user_id, ORIGIN, rest))
    assert (await erase(client, tokens)).status_code == 409


async def test_money_that_comes_in_at_the_same_time_is_not_stranded(client, service, tokens):
    deposit = client.post("/balance/deposit", json={"amount": "10"}, headers=bearer(tokens))
    erased, deposited = await asyncio.gather(erase(client, tokens), deposit)
    if deposited.status_code == 201:
        assert erased.status_code == 409
    else:
        assert erased.status_code == 200


async def test_of_two_who_erase_one_account_at_once_nobody_fails(client, tokens):
    statuses = sorted(
        response.status_code for response in await asyncio.gather(*(erase(client, tokens) for _ in range(3)))
    )
    assert statuses[0] == 200
    assert set(statuses) <= {200, 401, 404}


@pytest.fixture
def registered(tmp_path, valkey_server):
    """Settings of a service whose erasures are noted in a store of their own."""
    return make_settings(tmp_path, valkey_server.url, erasure_register=f"sqlite:///{tmp_path}/erasures.db")


async def put_back(store, backup):
    writes = [Put(item.key, item.body, index=item.index) for item in backup if item.key.pk != "REVOKED"]
    await store.transact([*writes, *[Delete(item.key) async for item in store.scan(prefix="ERASED")]])


async def test_whom_a_restored_backup_brings_back_is_erased_again_before_anybody_is_served(registered, cache):
    store = await open_store(registered.store)
    async with ServiceUnderTest(registered, cache, store=store, clock=SystemClock()).client() as client:
        tokens = await signed_in(client)
        await signed_in(client, "who_stays")
        backup = [item async for item in store.scan()]
        assert (await erase(client, tokens)).status_code == 200
    await put_back(store, backup)
    async with ServiceUnderTest(registered, cache, store=store, clock=SystemClock()).client() as client:
        assert (await log_in(client)).status_code == 401
        assert (await log_in(client, "who_stays")).status_code == 200
        assert (await register(client)).status_code == 201, "name and address are free"
    async with ServiceUnderTest(registered, cache, store=store, clock=SystemClock()).client() as client:
        assert (await log_in(client)).status_code == 200, "the newcomer of that name is somebody else"
    await store.close()


async def test_of_two_processes_that_start_after_a_restore_either_may_be_first(registered, cache, monkeypatch):
    store = await open_store(registered.store)
    async with ServiceUnderTest(registered, cache, store=store, clock=SystemClock()).client() as client:
        tokens = await signed_in(client)
        backup = [item async for item in store.scan()]
        assert (await erase(client, tokens)).status_code == 200
    await put_back(store, backup)
    settle = erasure.settle

    async def overtaken(attempt):
        monkeypatch.setattr(erasure, "settle", settle)
        async with ServiceUnderTest(registered, cache, store=store, clock=SystemClock()).client():
            pass  # the other process has erased the person by now
        return await settle(attempt)

    monkeypatch.setattr(erasure, "settle", overtaken)
    async with ServiceUnderTest(registered, cache, store=store, clock=SystemClock()).client() as client:
        assert (await log_in(client)).status_code == 401
    await store.close()


async def test_an_erasure_that_others_are_in_the_way_of_is_tried_again():
    class Erasing:
        async def reconcile(self, *, context):
            raise Conflict("others change the same account")

    assert not await ErasureKeeper(Erasing()).once()


async def test_without_a_register_a_restored_backup_does_bring_people_back(tmp_path, valkey_server, cache):
    """The control: it is the register, and nothing else, that erases them again."""
    settings = make_settings(tmp_path, valkey_server.url)
    store = await open_store(settings.store)
    async with ServiceUnderTest(settings, cache, store=store, clock=SystemClock()).client() as client:
        tokens = await signed_in(client)
        backup = [item async for item in store.scan()]
        assert (await erase(client, tokens)).status_code == 200
    await put_back(store, backup)
    async with ServiceUnderTest(settings, cache, store=store, clock=SystemClock()).client() as client:
        assert (await log_in(client)).status_code == 200
    await store.close()


@pytest.mark.enable_socket
async def test_the_register_is_a_dynamodb_table_of_its_own_in_production(tmp_path, valkey_server, cache, monkeypatch):
    """The table as terraform/erasures.tf makes it: two keys, no index, no time to live."""
    monkeypatch.setattr(dynamodb_client, "ATTEMPT_SECONDS", 15.0)
    monkeypatch.setattr(dynamodb_client, "RETRY_SECONDS", 15.0)
    try:
        server = DynamoDbLocal()
    except DynamoDbLocalMissing as missing:
        pytest.skip(str(missing))
    with server:
        main, table = server.url("main"), server.url("erasures")
        await migrate(main)
        await make_bare_table(table)
        registered = make_settings(tmp_path, valkey_server.url, store=main, erasure_register=table)
        store, notes = await open_store(main), await open_store(table)
        async with ServiceUnderTest(registered, cache, store=store, clock=SystemClock()).client() as client:
            tokens = await signed_in(client)
            backup = [item async for item in store.scan()]
            assert (await erase(client, tokens)).status_code == 200
        assert [item.key.pk async for item in notes.scan()] == ["ERASED"], "opaque ids, and nothing else"
        await put_back(store, backup)
        async with ServiceUnderTest(registered, cache, store=store, clock=SystemClock()).client() as client:
            assert (await log_in(client)).status_code == 401
        await store.close()
        await notes.close()


async def make_bare_table(url):
    place = dynamodb_place(url)
    requests = dynamodb_client.connect(region=place.region, endpoint=place.endpoint)
    names = {"pk": "HASH", "sk": "RANGE"}
    await requests.send(
        "CreateTable",
        {
            "TableName": place.table,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in names.items()],
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in names],
        },
    )
    await requests.close()


async def test_an_erasure_that_the_register_missed_is_noted_at_the_next_start(registered, cache, monkeypatch):
    async def away(_register, _user_ids):
        raise StoreUnavailable("the register is away")

    store = await open_store(registered.store)
    with monkeypatch.context() as broken:
        broken.setattr(ErasureRegister, "add", away)
        async with ServiceUnderTest(registered, cache, store=store, clock=SystemClock()).client() as client:
            tokens = await signed_in(client)
            backup = [item async for item in store.scan()]
            assert (await erase(client, tokens)).status_code == 200
    for _ in range(2):
        async with ServiceUnderTest(registered, cache, store=store, clock=SystemClock()).client() as client:
            assert (await log_in(client)).status_code == 401
        await put_back(store, backup)
    await store.close()


SECTIONS = {
    "account",
    "sessions",
    "passkeys",
    "linked_identities",
    "known_networks",
    "security_events",
    "ledger_entries",
    "orders",
}
EXPORTED = {
    ("USER", "USER"): "account",
    ("USER", "SESSION"): "sessions",
    ("USER", "PASSKEY"): "passkeys",
    ("USER", "IDENTITY"): "linked_identities",
    ("USER", "PLACE"): "known_networks",
    ("AUDIT", ""): "security_events",
    ("WALLET", "ENTRY"): "ledger_entries",
    ("ORDERS", ""): "orders",
}
"""What the export shows of a person's items, by the kind of their keys."""
NOT_EXPORTED = {
    ("USER", "DATA-KEY"): "a secret",
    ("USER", "TOTP"): "a secret; that there is one is in the account",
    ("USER", "RECOVERY-CODES"): "secrets",
    ("USER", "ONE-TIME"): "the hash of a secret that ends within a day",
    ("USERNAME", "USERNAME"): "the name, which the account shows",
    ("EMAIL", "EMAIL"): "the address, which the account shows",
    ("IDENTITY", "LINK"): "the identity, which the account's own note shows",
    ("OUTBOX", ""): "a letter that is about to be sent to the person",
    ("WALLET", "WALLET"): "the sum of the entries",
    ("WALLET", "IDEM"): "an answer that was given, for a day",
}


def kind_of(item):
    first = item.key.pk.partition("#")[0]
    second = "" if first in ("AUDIT", "ORDERS", "OUTBOX") else item.key.sk.partition("#")[0]
    return first, second


async def test_the_export_shows_every_kind_of_item_that_is_kept_of_a_person(client, service, tokens):
    user_id = await id_of(client, tokens)
    deposited = {**bearer(tokens), "Idempotency-Key": "once"}
    await client.post("/balance/deposit", json={"amount": "5000"}, headers=deposited)
    await ledger_of(service).execute(market_command(user_id, OrderId("ord_0123456789")))
    device, _ = await enrol_passkey(client, tokens)
    proven = await proven_by(client, tokens, device)
    await enrol_app(client, service, proven)
    link = identities.link_writes(identities.Identity("mock", "subject-1", None, True, service.clock.now()), user_id)
    await service.store.transact(link)
    stored = [item async for item in service.store.scan() if user_id in str(item)]
    assert {kind_of(item) for item in stored} == EXPORTED.keys() | NOT_EXPORTED.keys()
    document = (await client.get("/auth/account/export", headers=bearer(proven))).json()
    assert set(EXPORTED.values()) == SECTIONS
    assert [name for name in SECTIONS if not document[name]] == []
    assert document["account"]["second_factors"] == ["passkey", "totp"]
    assert document["passkeys"][0]["name"] == "Laptop"
    assert document["linked_identities"] == ["mock"]
    assert document["orders"][0]["order_id"] == "ord_0123456789"
    bought = next(entry for entry in document["ledger_entries"] if entry["type"] == "buy")
    assert bought["trade"] == {
        "asset_id": "BTC",
        "quantity": "0.00100000",
        "price": "60000.12345678",
        "total": "60.01",
        "fee": "0.07",
    }
    deposit = next(entry for entry in document["ledger_entries"] if entry["type"] == "deposit")
    session = document["sessions"][0]["session_id"]
    assert (deposit["requested_by"]["actor"], deposit["requested_by"]["source"]) == (user_id, session)


async def test_the_export_holds_everything_about_oneself_and_nobody_else(client, service, tokens):
    other = await signed_in(client, "otheruser")
    await move(client, tokens, "deposit", "10.50")
    await move(client, other, "deposit", "99")
    await client.put("/auth/profile", json={"first_name": "Ada", "date_of_birth": "1990-02-28"}, headers=bearer(tokens))
    response = await client.get("/auth/account/export", headers=bearer(tokens))
    assert response.status_code == 200
    assert response.headers["content-disposition"] == 'attachment; filename="account.json"'
    document = response.json()
    assert set(document) == {"exported_at", *SECTIONS}
    assert (document["account"]["email"], document["account"]["first_name"]) == ("testuser@example.com", "Ada")
    assert len(document["sessions"]) == 1
    assert {event["type"] for event in document["security_events"]} == {
        "account_registered",
        "login",
        "profile_changed",
    }
    (entry,) = document["ledger_entries"]
    assert {posting["account"]: posting["amount"] for posting in entry["postings"]} == {
        "user": "10.50",
        "external": "-10.50",
    }
    assert "otheruser" not in response.text
    assert (await client.get("/auth/account/export")).status_code == 401


async def test_a_new_account_exports_too(client, tokens):
    document = (await client.get("/auth/account/export", headers=bearer(tokens))).json()
    assert document["ledger_entries"] == []


@pytest.mark.parametrize("path", ["/auth/account"])
async def test_erasure_without_the_store_erases_nothing(client, service, tokens, path):
    service.store.refuse_next()
    assert (await client.delete(path, headers=bearer(tokens))).status_code == 503
    assert (await client.get("/auth/profile", headers=bearer(tokens))).status_code == 200
