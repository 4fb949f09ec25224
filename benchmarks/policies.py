"""What an access decision costs, beside what every request pays anyway: the verification of its token.

A service decides with what it remembers (`remembered`); a question that was never asked before is put to Cedar
(`evaluated`). `./cnop bench policies` fails when a remembered decision takes longer than the budget.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from itertools import product
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from cnop_platform.permissions import Permission, Role
from cnop_platform.policies import PolicyEngine, Question, load_policies, policies_folder

BUDGET_MICROSECONDS: Final = 100.0
_MEMBERS: Final = tuple(role for role in Role if role is not Role.PUBLIC)


def questions() -> list[Question]:
    """Return every question that a caller with one role can raise."""
    return [
        Question(roles=frozenset({role}), permission=permission, step_up=step_up, fresh_login=fresh)
        for role, permission, step_up, fresh in product(_MEMBERS, Permission, (False, True), (False, True))
    ]


def microseconds(action: Callable[[int], object], *, times: int, rounds: int) -> float:
    """Return the median over `rounds` of what one call of `action(number)` takes, in microseconds."""
    took: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        for number in range(times):
            action(number)
        took.append((time.perf_counter() - began) / times * 1e6)
    return statistics.median(took)


def token_check() -> Callable[[int], None]:
    """Return the reference: one ES256 verification of a text as long as a token."""
    key = ec.generate_private_key(ec.SECP256R1())
    text, algorithm = b"x" * 600, ec.ECDSA(hashes.SHA256())
    signature, public = key.sign(text, algorithm), key.public_key()

    def verify(_number: int) -> None:
        public.verify(signature, text, algorithm)

    return verify


def measure(policies: PolicyEngine, asked: Sequence[Question], *, rounds: int) -> dict[str, float]:
    """Return microseconds a call: the reference, a remembered decision, one put to Cedar."""
    for question in asked:
        policies.decide(question)
    return {
        "token verification (reference)": microseconds(token_check(), times=2_000, rounds=rounds),
        "decision, remembered": microseconds(
            lambda number: policies.decide(asked[number % len(asked)]), times=50_000, rounds=rounds
        ),
        "decision, evaluated by Cedar": microseconds(
            lambda number: policies._evaluate(asked[number % len(asked)]),  # noqa: SLF001 - past the memory on purpose
            times=500,
            rounds=rounds,
        ),
    }


def main() -> None:
    """Measure and print; exit with 1 when a remembered decision is over the budget."""
    parser = argparse.ArgumentParser(prog="cnop bench policies", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="how often each is measured (default: 5)")
    rounds = max(1, parser.parse_args().rounds)
    took = measure(load_policies(policies_folder()), questions(), rounds=rounds)
    reference = took["token verification (reference)"]
    for name, value in took.items():
        print(f"{name:32} {value:8.2f} µs  {value / reference:6.3f} of the reference")
    within = took["decision, remembered"] <= BUDGET_MICROSECONDS
    print(f"budget {BUDGET_MICROSECONDS:.0f} µs a decision on the hot path: {'kept' if within else 'BROKEN'}")
    sys.exit(0 if within else 1)


if __name__ == "__main__":
    main()
