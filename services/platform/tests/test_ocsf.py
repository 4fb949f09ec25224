"""Audit records against the schema that the OCSF project publishes."""

import pytest

from cnop_platform.audit import ACTIVITIES, AuditEvent, UnknownActivity
from cnop_platform.audit.ocsf import render
from cnop_platform.request_context import RequestContext
from cnop_platform.testing import ocsf

FROM_A_CLIENT = RequestContext("request-1", "203.0.113.9", "curl", via_gateway=True)
FROM_NOBODY = RequestContext("request-2", "", "", via_gateway=False)


def record_of(activity, *, context=FROM_A_CLIENT, actor="usr_ann", session="ses_1"):
    details = dict.fromkeys(ACTIVITIES[activity].details, "some text")
    event = AuditEvent(activity, True, actor, context, subject=actor, session_id=session, details=details)
    return render(event, uid="01KG9YS7G01AH4G6PKF171Q9KC", time_ms=1_769_904_000_000, service="test")


@pytest.mark.parametrize("activity", ACTIVITIES)
def test_every_activity_gives_a_valid_record(activity):
    assert ocsf.problems(record_of(activity)) == []


@pytest.mark.parametrize("activity", ACTIVITIES)
def test_so_it_does_without_an_actor_a_session_and_a_client(activity):
    assert ocsf.problems(record_of(activity, context=FROM_NOBODY, actor=None, session=None)) == []


@pytest.mark.parametrize(
    ("activity", "change"),
    [
        ("login", {"time": "yesterday"}),
        ("login", {"severity_id": 7}),
        ("login", {"invented": 1}),
        ("login", {"src_endpoint": {"ip": "not an address"}}),
        ("login", {"type_uid": 300299}),
        ("access_denied", {"api": {}}),
        ("roles_changed", {"user": {}}),
    ],
)
def test_a_record_that_is_not_valid_is_noticed(activity, change):
    assert ocsf.problems({**record_of(activity), **change}) != []


@pytest.mark.parametrize(
    ("activity", "member"),
    [("login", "service"), ("access_denied", "api"), ("asset_changed", "entity"), ("roles_changed", "privileges")],
)
def test_what_a_class_requires_is_required(activity, member):
    record = record_of(activity)
    del record[member]
    assert ocsf.problems(record) != []


@pytest.mark.parametrize("activity", ACTIVITIES)
def test_every_record_carries_request_client_and_service(activity):
    record = record_of(activity)
    assert record["metadata"]["correlation_uid"] == "request-1"
    assert record["src_endpoint"] == {"ip": "203.0.113.9"}
    assert record["metadata"]["product"]["name"] == "test"


def test_what_is_not_listed_cannot_be_recorded():
    with pytest.raises(UnknownActivity, match="made_up"):
        AuditEvent("made_up", True, None, FROM_NOBODY)
    with pytest.raises(UnknownActivity, match="password"):
        AuditEvent("login", True, None, FROM_NOBODY, details={"password": "secret"})
