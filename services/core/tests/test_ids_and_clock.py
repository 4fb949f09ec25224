from datetime import UTC, datetime, timedelta, timezone

import pytest

from cnop_core.clock import FixedClock, epoch_ms, from_rfc3339, to_rfc3339
from cnop_core.ids import prefixed_id, ulid

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def test_ulids_sort_by_time():
    early = ulid(now=START, entropy=lambda count: b"\xff" * count)
    late = ulid(now=START + timedelta(milliseconds=1), entropy=lambda count: b"\x00" * count)
    assert early < late
    assert len(early) == len(late) == 26


def test_a_ulid_spells_time_and_randomness_in_crockford_base32():
    # The value 2**10 of the randomness stands alone in the third character from the right.
    text = ulid(now=datetime(1970, 1, 1, tzinfo=UTC), entropy=lambda count: (1024).to_bytes(count, "big"))
    assert text == "0" * 23 + "100"


def test_a_prefixed_id_names_its_kind():
    assert prefixed_id("ord", now=START, entropy=bytes).startswith("ord_")


def test_timestamps_are_utc_with_milliseconds():
    instant = datetime(2026, 1, 31, 13, 0, 0, 123_999, tzinfo=timezone(timedelta(hours=1)))
    assert to_rfc3339(instant) == "2026-01-31T12:00:00.123Z"
    assert from_rfc3339("2026-01-31T13:00:00+01:00") == START
    assert epoch_ms(START) == int(START.timestamp()) * 1000


def test_a_timestamp_without_offset_is_refused():
    with pytest.raises(ValueError, match="offset"):
        from_rfc3339("2026-01-31T13:00:00")


def test_a_fixed_clock_moves_only_when_told():
    clock = FixedClock(START)
    assert clock.now() == clock.now() == START
    clock.advance(seconds=1.5)
    assert clock.now() - START == timedelta(seconds=1.5)
