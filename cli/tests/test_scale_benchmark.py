"""What the benchmark of a large store says."""

from benchmarks.load import Measurement
from benchmarks.scale import Filling, Pair, as_table


def seen(p50_ms: float, p99_ms: float) -> Measurement:
    return Measurement(100.0, p50_ms, p99_ms, {200: 99, 503: 1})


def test_the_result_names_the_call_that_suffers_most_by_the_median_of_its_rounds() -> None:
    steady = Pair("own balance", [seen(2, 4)], [seen(2.1, 4)])
    slower = Pair("own orders", [seen(4, 9), seen(5, 9), seen(60, 9)], [seen(7, 20), seen(1, 20), seen(6.5, 20)])
    first, _, balance, orders, last = as_table(Filling(1_000_000, 100_000, 400.4, 2**31), [steady, slower]).splitlines()
    assert first == "1,000,000 orders of 100,000 people in 400 s, 2.0 GiB"
    assert balance.split() == ["own", "balance", "2.00", "2.10", "1.05", "4.00", "4.00", "2"]
    assert orders.split() == ["own", "orders", "5.00", "6.50", "1.30", "9.00", "20.00", "6"]
    assert last == "own orders: 1.30 times the empty store's, OVER the budget of 1.2"
