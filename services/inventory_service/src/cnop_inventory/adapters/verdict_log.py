"""Records in the audit trail which prices were held back, and which were believed after all."""

from typing import Final

from cnop_core.clock import Clock
from cnop_core.ids import Entropy, ulid
from cnop_core.money import PRICE_SCALE, format_units
from cnop_inventory.domain.sanity import Verdict
from cnop_platform.audit import AuditEvent, AuditTrail, Severity
from cnop_platform.prices import Quote
from cnop_platform.request_context import RequestContext

_ACTIVITIES: Final = {
    Verdict.QUARANTINED: "price_quarantined",
    Verdict.CONFIRMED: "price_jump_confirmed",
}


class AuditedVerdicts:
    """`VerdictLog` in the audit trail."""

    def __init__(self, *, audit: AuditTrail, source: str, clock: Clock, entropy: Entropy) -> None:
        self._audit = audit
        self._source = source
        self._clock = clock
        self._entropy = entropy

    def record(self, quote: Quote, verdict: Verdict, *, reference: Quote | None) -> None:
        """See `VerdictLog.record`."""
        event_id = ulid(now=self._clock.now(), entropy=self._entropy)
        self._audit.emit(
            AuditEvent(
                activity=_ACTIVITIES[verdict],
                succeeded=verdict is Verdict.CONFIRMED,
                actor=None,
                severity=Severity.HIGH,
                context=RequestContext(request_id=event_id, client_address="", user_agent="", via_gateway=False),
                details={
                    "asset_id": quote.asset_id,
                    "price": format_units(quote.price, scale=PRICE_SCALE),
                    "published_price": format_units(reference.price, scale=PRICE_SCALE) if reference else None,
                    "source": self._source,
                },
            )
        )
