import os

import pytest
from benchmarks.gateway import Line, cpu_seconds, median, table, verdict
from benchmarks.load import Measurement


def line(name: str, per_cpu_second: float) -> Line:
    return Line(name, Measurement(rate=100.0, p50_ms=1.0, p99_ms=2.0, statuses={200: 100}), per_cpu_second)


def test_the_gateway_is_judged_by_what_a_cpu_second_is_good_for() -> None:
    assert verdict([line("gateway", 13_000), line("nginx", 20_000)]).startswith(
        "The gateway does 0.65 of what nginx does"
    )


def test_without_nginx_the_result_says_so_in_one_line() -> None:
    said = verdict([line("gateway", 13_000)])
    assert "apt-get install nginx" in said
    assert "\n" not in said


@pytest.mark.parametrize(("figures", "middle"), [((3, 1, 2), 2), ((4, 1, 3, 2), 2), ((5,), 5)])
def test_of_several_rounds_the_one_in_the_middle_counts(figures: tuple[int, ...], middle: int) -> None:
    assert median([line("x", each) for each in figures]).per_cpu_second == middle


def test_the_table_has_a_row_for_each_door() -> None:
    rows = table([line("the gateway", 13_000), line("nginx, a plain proxy", 20_000)]).splitlines()
    assert len(rows) == 3
    assert "13,000" in rows[1]


def test_cpu_time_grows_with_work() -> None:
    before = cpu_seconds(os.getpid())
    while cpu_seconds(os.getpid()) <= before:
        sum(range(100_000))
