"""What the benchmark of the engine says; what the engine does is tested beside it."""

from benchmarks.engine import Result, as_table
from benchmarks.load import Measurement


def test_the_result_names_seconds_and_the_ratio_to_idle() -> None:
    idle = Measurement(100.0, 5.0, 20.0, {201: 100})
    shown = as_table(Result(10_000, 100, 4.0, idle, Measurement(90.0, 9.0, 50.0, {201: 90, 429: 2})))
    first, *_, last = shown.splitlines()
    assert first == "10,000 orders of 100 users filled in 4.0 s: 2,500 a second"
    assert shown.splitlines()[3].split() == ["while", "orders", "fill", "90", "9.0", "50.0", "2"]
    assert last == "p99 while orders fill: 2.5 times idle"
