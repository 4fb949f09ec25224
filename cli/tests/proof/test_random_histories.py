"""Random histories of a wallet that is right by construction have an order; with one effect lost or doubled, none."""

from dataclasses import dataclass, field

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from .conftest import H

KINDS = st.sampled_from(["deposit", "withdraw", "balance"])


@dataclass
class Bank:
    """One account. `flaw` says, by the number of the step, what goes wrong with its effect."""

    flaw: dict[int, str] = field(default_factory=dict)
    balance: int = 0

    def move(self, number: int, amount: int) -> int:
        """Return the balance that the client is told, which a lost effect does not change."""
        told = self.balance + amount
        self.balance += {"lost": 0, "doubled": 2 * amount}.get(self.flaw.get(number, ""), amount)
        return told


@dataclass(frozen=True)
class Step:
    kind: str
    amount: int
    before: float
    after: float
    unknown: bool


STEPS = st.lists(
    st.builds(
        Step,
        kind=KINDS,
        amount=st.integers(1, 10**9),
        before=st.floats(0, 3),
        after=st.floats(0, 3),
        unknown=st.sampled_from([False, False, False, True]),
    ),
    min_size=1,
    max_size=14,
)


def record(steps: list[Step], bank: Bank) -> H:
    """Let each step take its effect at one moment, and its client wait for some time before and after."""
    history = H()
    for number, step in enumerate(steps):
        times = (number - step.before, None if step.unknown else number + step.after)
        if step.kind == "balance":
            history.balance(bank.balance, (times[0], number + step.after))
        elif step.kind == "deposit":
            history.deposit(step.amount, times, bank.move(number, step.amount))
        elif bank.balance >= step.amount:
            history.withdraw(step.amount, times, bank.move(number, -step.amount))
    end = len(steps) + 10
    return history.balance(bank.balance, (end, end + 1))


@given(steps=STEPS)
@settings(max_examples=150, deadline=None)
def test_a_right_history_has_an_order(steps):
    assert record(steps, Bank()).verdict() is None


@given(steps=STEPS, flaw=st.sampled_from(["lost", "doubled"]), data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_history_with_one_acknowledged_effect_lost_or_doubled_has_none(steps, flaw, data):
    steps = [step for step in steps if not step.unknown]
    deposits = [number for number, step in enumerate(steps) if step.kind == "deposit"]
    assume(deposits)
    broken = data.draw(st.sampled_from(deposits))
    assert record(steps, Bank({broken: flaw})).verdict() is not None
