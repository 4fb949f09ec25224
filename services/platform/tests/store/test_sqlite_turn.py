import threading
import time

import pytest

from cnop_platform.store.sqlite_turn import Turn


@pytest.fixture
def turns(tmp_path):
    """Two processes' turns at one lock; a lock of its own per open file is what tells processes apart."""
    left, right = Turn(tmp_path / "turn"), Turn(tmp_path / "turn")
    yield left, right
    left.close()
    right.close()


def test_the_second_waits_until_the_first_gives_the_turn_back(turns):
    left, right = turns
    order = []

    def second():
        with right.take():
            order.append("right")

    with left.take():
        waiting = threading.Thread(target=second)
        waiting.start()
        time.sleep(0.03)
        order.append("left")
    waiting.join()
    assert order == ["left", "right"]


def test_a_turn_that_is_never_given_back_holds_nobody_up_for_long(turns):
    left, right = turns
    with left.take():
        started = time.monotonic()
        for _ in range(5):
            with right.take():
                pass
        assert time.monotonic() - started < 0.5, "only the first of them waits out its patience"


def test_an_error_gives_the_turn_back(turns):
    left, right = turns
    with pytest.raises(RuntimeError), left.take():
        raise RuntimeError
    started = time.monotonic()
    with right.take():
        assert time.monotonic() - started < 0.05
