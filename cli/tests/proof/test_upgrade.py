from collections import Counter

import pytest

from cnop_cli.errors import CommandError
from cnop_cli.proof.upgrade import verdict


def test_one_failed_request_is_too_many():
    with pytest.raises(CommandError, match=r"POST /orders → 503: 1\)"):
        verdict(Counter({("POST /orders", 201): 10_000, ("POST /orders", 503): 1}))


def test_a_lost_connection_counts_as_failed():
    with pytest.raises(CommandError, match="GET /portfolio → 0: 2"):
        verdict(Counter({("GET /portfolio", 0): 2}))


def test_all_successes_are_summed_up():
    assert verdict(Counter({("GET /portfolio", 200): 2, ("POST /orders", 201): 1})).startswith("3 requests")
