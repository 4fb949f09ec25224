"""Which answers an experiment holds against the stack."""

from collections import Counter
from pathlib import Path

import pytest

from cnop_cli.proof.experiment import bad_answers, unavailable_reasons
from cnop_cli.proof.figures import Figures, Setup

SLOW = "DynamoDB did not do as asked: TimeoutError"
CONTENDED = "DynamoDB did not do as asked: TransactionCanceled TransactionConflict"


@pytest.mark.parametrize(
    ("store", "reasons", "is_bad"),
    [
        ("sqlite", [], True),
        ("sqlite", [SLOW], True),
        ("dynamodb", [SLOW], False),
        ("dynamodb", [CONTENDED], True),
        ("dynamodb", [SLOW, CONTENDED], True),
    ],
)
def test_contention_never_yields_a_5xx_in_the_calm_phase_on_either_store(
    store: str, reasons: list[str], is_bad: bool
) -> None:
    calm = Counter({"201": 5, "429 RATE_001": 2, "503 PRICE_STALE": 1, "503 SVC_001": 1})
    figures = Figures(
        Setup(store, seed=1, calm_seconds=1, harm_seconds=1), calm=calm, statuses=calm, calm_reasons=reasons
    )
    assert bad_answers(figures) == ["503 SVC_001"] * is_bad


def test_a_500_is_bad_at_any_time() -> None:
    figures = Figures(
        Setup("dynamodb", seed=1, calm_seconds=1, harm_seconds=1),
        statuses=Counter({"500 INTERNAL_ERROR": 1, "503 SVC_001": 9}),
    )
    assert bad_answers(figures) == ["500 INTERNAL_ERROR"]


def test_reasons_are_read_from_the_logs_of_the_services(tmp_path: Path) -> None:
    (tmp_path / "order_service.log").write_text(
        f'{{"event": "request_failed", "code": "SVC_001", "reason": "{SLOW}"}}\n'
        '{"event": "request_failed", "code": "PRICE_STALE", "reason": "no price"}\nTraceback of something\n'
    )
    assert unavailable_reasons(tmp_path) == [SLOW]
