from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnop_inventory.domain.candle_book import CandleBook
from cnop_inventory.domain.candles import Candle, Interval, first_candle, fold

MIDNIGHT = 1_769_817_600
TICKS = st.lists(st.tuples(st.integers(1, 400), st.integers(1, 1_000)), min_size=1, max_size=60)


def play(book, ticks, start=MIDNIGHT):
    second, written = start, []
    for pause, price in ticks:
        second += pause
        written += book.add(price, second=second)
    return second, written


def test_days_are_utc_days():
    assert Interval.DAY.start_of(MIDNIGHT + 86_399) == MIDNIGHT


def test_a_candle_knows_first_highest_lowest_and_last():
    candle = first_candle(MIDNIGHT, 5)
    for price in (9, 2, 7):
        candle = candle.extended(price)
    assert candle == Candle(MIDNIGHT, 5, 9, 2, 7)


def test_candles_fold_into_a_longer_one():
    assert fold([Candle(0, 5, 9, 4, 6), Candle(60, 6, 7, 1, 2)], start=0) == Candle(0, 5, 9, 1, 2)
    assert fold([], start=0) is None


def test_nothing_is_written_while_a_minute_lasts():
    book = CandleBook()
    assert [book.add(price, second=MIDNIGHT + price) for price in range(1, 60)] == [[]] * 59


def test_a_minute_that_closes_is_written_with_the_open_five_minutes():
    book = CandleBook()
    book.add(5, second=MIDNIGHT)
    written = book.add(7, second=MIDNIGHT + 60)
    assert written == [
        (Interval.MINUTE, first_candle(MIDNIGHT, 5)),
        (Interval.FIVE_MINUTES, Candle(MIDNIGHT, 5, 7, 5, 7)),
    ]


def test_an_hour_costs_at_most_two_and_a_half_writes_a_minute():
    book = CandleBook()
    _, written = play(book, [(1, 100 + number % 7) for number in range(3_600)])
    assert len(written) <= 60 + 60 + 12 + 1


def test_an_older_price_is_ignored():
    book = CandleBook()
    book.add(5, second=MIDNIGHT + 60)
    assert book.add(900, second=MIDNIGHT + 10) == []
    assert book.add(6, second=MIDNIGHT + 120)[0] == (Interval.MINUTE, first_candle(MIDNIGHT + 60, 5))


@given(TICKS)
def test_what_is_written_last_of_each_candle_agrees_with_the_prices(ticks):
    book = CandleBook()
    second, written = play(book, ticks)
    written += book.add(1, second=second + 2 * 86_400)
    final = {(interval, candle.start): candle for interval, candle in written}
    for interval in Interval:
        expected, at = {}, MIDNIGHT
        for pause, price in ticks:
            at += pause
            start = interval.start_of(at)
            expected[start] = expected[start].extended(price) if start in expected else first_candle(start, price)
        assert {start: candle for (of, start), candle in final.items() if of is interval} == expected


@given(TICKS, TICKS)
def test_a_crash_loses_at_most_what_came_in_the_open_minute(before, after):
    book = CandleBook()
    crash, written = play(book, before)
    stored = {(interval, candle.start): candle for interval, candle in written}
    restarted = CandleBook()
    for interval in Interval:
        restarted.restore(interval, [candle for (of, _), candle in stored.items() if of is interval], now=crash)
    play(restarted, after, start=crash)

    seconds = list(accumulate((pause for pause, _ in before), initial=MIDNIGHT))[1:]
    closed = [price for second, (_, price) in zip(seconds, before, strict=True) if second < crash - crash % 60]
    kept, everything = closed + [price for _, price in after], [price for _, price in before + after]
    day = restarted._open[Interval.DAY]
    assert min(everything) <= day.low <= min(kept)
    assert max(kept) <= day.high <= max(everything)
    assert day.open == (before[0][1] if closed else after[0][1])
    assert day.close == after[-1][1]


def test_restoring_while_prices_already_arrive_keeps_both():
    book = CandleBook()
    book.add(50, second=MIDNIGHT + 90)
    book.restore(Interval.MINUTE, [Candle(MIDNIGHT, 10, 90, 5, 20)], now=MIDNIGHT + 95)
    book.restore(Interval.FIVE_MINUTES, [Candle(MIDNIGHT, 10, 80, 8, 20)], now=MIDNIGHT + 95)
    assert book._open[Interval.FIVE_MINUTES] == Candle(MIDNIGHT, 10, 90, 5, 50)


@pytest.fixture
def month():
    """A book that knows a price of 100 for 31 days, and then 110."""
    book = CandleBook()
    now = MIDNIGHT + 31 * 86_400
    for interval, days in ((Interval.FIVE_MINUTES, 1), (Interval.HOUR, 8), (Interval.DAY, 31)):
        starts = range(now - days * 86_400 - interval.seconds, now, interval.seconds)
        book.restore(interval, [first_candle(start, 100) for start in starts], now=now)
    book.add(110, second=now)
    return book, now


def test_figures_tell_of_day_week_and_month(month):
    book, now = month
    assert book.figures(110, now=now) == {
        "high_24h": "0.0000011",
        "low_24h": "0.000001",
        "price_change_24h": "0.0000001",
        "price_change_percentage_24h": "10",
        "price_change_percentage_7d": "10",
        "price_change_percentage_30d": "10",
    }


def test_what_the_candles_do_not_reach_is_left_out():
    book = CandleBook()
    play(book, [(60, 100)] * 120)
    assert set(book.figures(100, now=MIDNIGHT + 7_200)) == {"high_24h", "low_24h"}
    assert CandleBook().figures(100, now=MIDNIGHT) == {}


def test_a_price_from_before_a_gap_is_no_measure(month):
    book, now = month
    assert "price_change_24h" not in book.figures(110, now=now + 2 * 86_400)
