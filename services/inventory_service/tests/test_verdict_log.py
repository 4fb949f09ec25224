import pytest
from samples import NOW, quote

from cnop_core.clock import FixedClock
from cnop_inventory.adapters.verdict_log import AuditedVerdicts
from cnop_inventory.domain.sanity import Verdict
from cnop_platform.audit import AuditTrail
from cnop_platform.store.memory import MemoryStore
from cnop_platform.system import entropy
from cnop_platform.testing import ocsf


@pytest.mark.parametrize(
    ("verdict", "activity", "status"),
    [(Verdict.QUARANTINED, "price_quarantined", 2), (Verdict.CONFIRMED, "price_jump_confirmed", 1)],
)
async def test_a_verdict_on_a_price_is_a_valid_record_of_the_feed_itself(verdict, activity, status):
    store, clock = MemoryStore(), FixedClock(NOW)
    audit = AuditTrail(store=store, key=b"a" * 32, service="price_feed", clock=clock, entropy=entropy)
    log = AuditedVerdicts(audit=audit, source="simulated", clock=clock, entropy=entropy)
    log.record(quote(1_000), verdict, reference=quote(100))
    await audit.drain()
    (record,) = [item.body["record"] async for item in store.scan(prefix="AUDIT#")]
    assert ocsf.problems(record) == []
    assert (record["activity_name"], record["status_id"]) == (activity, status)
    assert record["actor"] == {"app_name": "price_feed"}
    assert record["src_endpoint"] == {"svc_name": "price_feed"}
    assert record["unmapped"]["asset_id"] == "BTC"
