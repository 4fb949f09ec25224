from dataclasses import replace

import pytest

from cnop_core.ids import AssetId, OrderId, TransactionId, UserId
from cnop_ledger import USD, Account, Amount, Entry, Kind, Origin, Posting, Stamp, audit_record
from cnop_ledger.domain.entries import Seal
from cnop_platform.testing import ocsf

STAMP = Stamp(TransactionId("txn_1"), Origin("usr_ann", "ses_1", "request-1"), 1_769_904_000_000)


def entry(kind, **changes):
    postings = (Posting(Account.USER, USD, 12_345), Posting(Account.EXTERNAL, USD, -12_345))
    holds = (Amount(AssetId("BTC"), 10**8),)
    known = {
        "postings": postings,
        "holds": holds,
        "order_id": OrderId("ord_1"),
        "seal": Seal("a", "k", "mac"),
        **changes,
    }
    return Entry(UserId("usr_ann"), 7, kind, STAMP, **known)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_entry_is_a_valid_record(kind):
    record = audit_record(entry(kind))
    assert ocsf.problems(record) == []
    assert record["activity_name"] == f"ledger_{kind.value}"
    assert record["actor"]["user"]["uid"] == "usr_ann"
    assert record["metadata"]["correlation_uid"] == "request-1"
    assert record["actor"]["session"] == {"uid": "ses_1"}
    assert record["src_endpoint"] == {"svc_name": "ledger"}


@pytest.mark.parametrize(("source", "endpoint"), [("203.0.113.9", {"ip": "203.0.113.9"}), ("", {"svc_name": "ledger"})])
def test_an_entry_of_a_worker_or_of_before_sessions_were_noted_is_a_valid_record(source, endpoint):
    origin = Origin("usr_ann", source, "request-1")
    record = audit_record(replace(entry(Kind.BUY), stamp=replace(STAMP, origin=origin)))
    assert ocsf.problems(record) == []
    assert (record["actor"], record["src_endpoint"]) == ({"user": {"uid": "usr_ann"}}, endpoint)


def test_a_record_shows_what_moved_in_whole_units():
    record = audit_record(entry(Kind.DEPOSIT, order_id=None))
    assert record["unmapped"]["postings"] == [
        {"account": "user", "asset_id": "USD", "units": "12345"},
        {"account": "external", "asset_id": "USD", "units": "-12345"},
    ]
    assert record["unmapped"]["holds"] == [{"asset_id": "BTC", "units": "100000000"}]
    assert record["resources"] == [{"uid": "usr_ann", "type": "wallet"}]
