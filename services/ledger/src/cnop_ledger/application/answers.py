"""The first answer to an idempotent command, kept so that every repetition gets the same one and no second effect."""

from cnop_ledger.application.commands import Idempotency, KeyReused, Outcome, Response
from cnop_ledger.application.jobs import Result
from cnop_ledger.domain.errors import InvariantViolated
from cnop_platform.store import Absent, Item, Key, Put, Version


def repeated(promise: Idempotency, record: Item | None, *, now_ms: int) -> Result | None:
    """Return what a repeated command gets: the kept answer, or `KeyReused`; None when there is nothing to repeat.

    The store deletes expired records only some time later, so that expiry is decided here.
    """
    if record is None or (record.expires_at is not None and now_ms >= record.expires_at * 1000):
        return None
    if record.body["hash"] != promise.request_hash:
        return KeyReused("this idempotency key was used for a different request; choose a new key")
    status, body = record.body["status"], record.body["body"]
    if not isinstance(status, int) or not isinstance(body, str):
        return InvariantViolated("a stored answer cannot be read")
    return Outcome(Response(status, body), replayed=True)


def keep_answer(
    promise: Idempotency,
    *,
    key: Key,
    expired: Item | None,
    response: Response,
    seq: int,
    now_ms: int,
    retention_seconds: int,
) -> Put:
    """Return the write that keeps `response`, in the place of an `expired` record if there is one."""
    return Put(
        key,
        {"hash": promise.request_hash, "status": response.status, "body": response.body, "seq": seq},
        Version(expired.version) if expired else Absent(),
        expires_at=-(-now_ms // 1000) + retention_seconds,
    )
