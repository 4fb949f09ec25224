"""Judges the histories of all customers: by the books, and by looking for an order that explains them."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cnop_cli.proof.books import Books
from cnop_cli.proof.customers import Customer
from cnop_cli.proof.figures import Figures
from cnop_cli.proof.history import Call, Expire, Fill
from cnop_cli.proof.linearizability import TooAmbiguous, explain
from cnop_cli.proof.reckoning import reckon
from cnop_cli.proof.resolution import balances_after, resolve
from cnop_cli.proof.wallet_model import State, WalletModel

# The price may have been a little above what the watcher saw between two looks.
_PRICE_MARGIN_PERCENT: Final = 102


def judge(
    customer: Customer, books: Books, figures: Figures, *, highest: Mapping[str, int], fee_bps: int
) -> str | None:
    """Add a customer's history to the figures; return why no order explains it, None if one does."""
    calls = resolve(customer.history, books)
    figures.operations += len(customer.history.calls)
    figures.unknown += sum(call.answer is None for call in customer.history.calls)
    figures.engine_acts += sum(isinstance(call.action, Fill | Expire) for call in calls)
    figures.reckoning.add(reckon(customer.history, books))
    model = model_for(calls, books, highest=highest, fee_bps=fee_bps)
    try:
        violation = explain(calls, initial=State(), outcomes=model.outcomes)
    except TooAmbiguous as problem:
        return f"undecided: {problem}"
    figures.explained += violation is None
    return str(violation) if violation else None


def model_for(calls: list[Call], books: Books, *, highest: Mapping[str, int], fee_bps: int) -> WalletModel:
    """Give the rules by which these calls are judged."""
    keys = Counter(call.key for call in calls if call.key is not None)
    return WalletModel(
        fee_basis_points=fee_bps,
        highest={asset_id: price * _PRICE_MARGIN_PERCENT // 100 for asset_id, price in highest.items()},
        balances=balances_after(books),
        shared=frozenset(key for key, count in keys.items() if count > 1),
    )


def write_history(customer: Customer, complaint: str, *, folder: Path) -> Path:
    """Keep a history that something is wrong with, for whoever looks into it."""
    path = folder / f"history-{customer.username}.txt"
    path.write_text("\n".join([*map(str, customer.history.calls), complaint, ""]), encoding="utf-8")
    return path
